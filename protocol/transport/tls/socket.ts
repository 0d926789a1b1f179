/**
 * TLS 1.3 on TCP, from `node:tls` and `node:net`, which Node and Deno have alike: sockets whose
 * handshakes are done. Nothing here knows capsules.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { connect, createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { type Address, type CloseReason, TransportError } from "../transport.ts";
import { closeOfError, codeOf, NO_APPLICATION_PROTOCOL, textOf } from "./failures.ts";

/** No older one: its handshake would show the certificate to everybody. */
const VERSION = "TLSv1.3";
/** TCP connections that the system keeps until they are accepted. */
const BACKLOG = 511;

/** Where to, and as what. */
export interface Target {
  readonly address: Address;
  readonly serverName: string | undefined;
  readonly alpn: readonly string[];
}

export interface Secured {
  readonly socket: TLSSocket;
  readonly alpn: string;
  readonly serverName: string | undefined;
}

/** A client's handshake. The certificate is not judged: only that the server has its key. */
export function connectTls(target: Target, signal: AbortSignal): Promise<Secured> {
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

/** A server's handshake on a TCP connection that nobody has read from. */
export function acceptTls(
  raw: Socket,
  options: { readonly context: SecureContext; readonly alpn: readonly string[] },
  signal: AbortSignal,
): Promise<Secured> {
  const socket = new TLSSocket(raw, {
    isServer: true,
    secureContext: options.context,
    ALPNProtocols: [...options.alpn],
  });
  return handshake(socket, "secure", signal);
}

/** The certificate that the server has shown, DER. */
export function leafOf(socket: TLSSocket): Uint8Array | undefined {
  const { raw } = socket.getPeerCertificate();
  return raw === undefined ? undefined : new Uint8Array(raw);
}

/** What a server shows; throws `TransportError`. */
export function identity(certificate: string, privateKey: string): SecureContext {
  try {
    // By hand, because Deno looks at them with the first handshake only.
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

/** Listens on TCP; throws `TransportError`. Connections come with `connection`, not read from. */
export async function listenTcp({ hostname, port }: Address): Promise<Server> {
  const server = createServer({ pauseOnConnect: true, noDelay: true });
  try {
    server.listen({ host: hostname, port, backlog: BACKLOG });
    await once(server, "listening");
    return server;
  } catch (cause) {
    const taken = codeOf(cause) === "EADDRINUSE";
    throw new TransportError(
      taken ? "address_in_use" : "unreachable",
      `Cannot use TCP port ${port} of ${hostname}: ${taken ? "it is in use" : textOf(cause)}`,
      { cause },
    );
  }
}

/** Throws the signal's reason when that is aborted, and `TransportError` for everything else. */
async function handshake(
  socket: TLSSocket,
  done: "secure" | "secureConnect",
  signal: AbortSignal,
): Promise<Secured> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => reject(signal.reason);
  const hungUp = () => reject(new Error("the connection was closed during the handshake"));
  let answered = false;
  socket.once("connect", () => answered = true);
  socket.once(done, resolve);
  socket.once("close", hungUp);
  // Stays: an error after this has its `close`, and nobody else listens yet.
  socket.on("error", reject);
  signal.addEventListener("abort", abort);
  try {
    if (signal.aborted) throw signal.reason;
    await promise;
    const alpn = socket.alpnProtocol;
    // Where nobody offers any, TLS goes on without.
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
