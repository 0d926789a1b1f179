/**
 * TLS 1.3 over TCP, with `node:tls` and `node:net`, which Node and Deno both have: it makes sockets
 * whose handshakes are done. It knows no capsules.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { connect, createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { errorCode } from "../../system_error.ts";
import { type Address, type CloseReason, TransportError } from "../transport.ts";
import { closeOfError, NO_APPLICATION_PROTOCOL, textOf } from "./failures.ts";

/** Older versions send the certificate in plain text. */
const VERSION = "TLSv1.3";
/** TCP connections that the system queues until they are accepted. */
const BACKLOG = 511;

/** The server to dial. */
export interface Target {
  readonly address: Address;
  readonly serverName: string | undefined;
  readonly alpn: readonly string[];
}

export interface SecureSocket {
  readonly socket: TLSSocket;
  readonly alpn: string;
  readonly serverName: string | undefined;
}

/** A client's handshake. It proves that the server has its certificate's key, and no more. */
export function connectTls(target: Target, signal: AbortSignal): Promise<SecureSocket> {
  const { address, alpn, serverName } = target;
  const socket = connect({
    host: address.hostname,
    port: address.port,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ALPNProtocols: [...alpn],
    minVersion: VERSION,
    maxVersion: VERSION,
    rejectUnauthorized: false,
  });
  socket.setNoDelay(true);
  return handshake(socket, "secureConnect", signal);
}

/** A server's handshake on a TCP connection from which nothing was read. */
export function acceptTls(
  raw: Socket,
  options: { readonly context: SecureContext; readonly alpn: readonly string[] },
  signal: AbortSignal,
): Promise<SecureSocket> {
  const socket = new TLSSocket(raw, {
    isServer: true,
    secureContext: options.context,
    ALPNProtocols: [...options.alpn],
  });
  return handshake(socket, "secure", signal);
}

/** The server's certificate, DER. */
export function leafOf(socket: TLSSocket): Uint8Array | undefined {
  const { raw } = socket.getPeerCertificate();
  return raw === undefined ? undefined : new Uint8Array(raw);
}

/** A server's certificate and key. Throws `TransportError`. */
export function identity(certificate: string, privateKey: string): SecureContext {
  try {
    // Deno checks them only at the first handshake.
    const matches = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey));
    if (!matches) throw new Error("the key is not the certificate's");
    return createSecureContext({
      cert: certificate,
      key: privateKey,
      minVersion: VERSION,
      maxVersion: VERSION,
    });
  } catch (cause) {
    const message = `Cannot listen with this certificate and key: ${textOf(cause)}`;
    throw new TransportError("certificate", message, { cause });
  }
}

/** Listens on TCP. Nothing is read from new connections. Throws `TransportError`. */
export async function listenTcp({ hostname, port }: Address): Promise<Server> {
  const server = createServer({ pauseOnConnect: true, noDelay: true });
  try {
    server.listen({ host: hostname, port, backlog: BACKLOG });
    await once(server, "listening");
    return server;
  } catch (cause) {
    const taken = errorCode(cause) === "EADDRINUSE";
    throw new TransportError(
      taken ? "address_in_use" : "unreachable",
      `Cannot use TCP port ${port} of ${hostname}: ${textOf(cause)}`,
      { cause },
    );
  }
}

/** Throws the signal's reason when that is aborted, and `TransportError` for everything else. */
async function handshake(
  socket: TLSSocket,
  done: "secure" | "secureConnect",
  signal: AbortSignal,
): Promise<SecureSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => reject(signal.reason);
  const hungUp = () => reject(new Error("the connection was closed during the handshake"));
  let answered = false;
  socket.once("connect", () => answered = true);
  socket.once(done, resolve);
  socket.once("close", hungUp);
  // This listener stays: without one, a later error would end the process.
  socket.on("error", reject);
  signal.addEventListener("abort", abort);
  try {
    if (signal.aborted) throw signal.reason;
    await promise;
    const alpn = socket.alpnProtocol;
    // Without an offer of protocols, TLS goes on without one.
    if (!alpn) throw refused(NO_APPLICATION_PROTOCOL);
    const serverName = "servername" in socket ? socket.servername : undefined;
    return { socket, alpn, serverName: typeof serverName === "string" ? serverName : undefined };
  } catch (error) {
    socket.destroy();
    if (error === signal.reason || error instanceof TransportError) throw error;
    const cause = error instanceof Error ? error : new Error(String(error));
    if (answered || done === "secure") throw refused(closeOfError(cause), cause);
    throw new TransportError("unreachable", textOf(cause), { cause });
  } finally {
    socket.off("close", hungUp);
    signal.removeEventListener("abort", abort);
  }
}

function refused(close: CloseReason, cause?: Error): TransportError {
  return new TransportError("refused", `TLS failed: ${close.reason}`, { close, cause });
}
