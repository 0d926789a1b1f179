/** The client's side: from a name to one connection that is established and verified. */
import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import type { Clock } from "../../clock.ts";
import { resolveHosts } from "../address.ts";
import { describe, HANDSHAKE_TIMED_OUT } from "../closing.ts";
import { HandshakeLog } from "../handshake.ts";
import { race } from "../race.ts";
import {
  CERTIFICATE_REFUSED,
  type CloseReason,
  type DialOptions,
  TransportError,
  type TransportLimits,
  type VerifyPeer,
} from "../transport.ts";
import { verifierOf } from "../trust.ts";
import { abortedError, waitFor } from "../wait_for.ts";
import { type Capsule, FAULT, Fault } from "./capsules.ts";
import { TlsConnection } from "./connection.ts";
import { textOf } from "./failures.ts";
import { connectTls, leafOf, type SecureSocket, type Target } from "./socket.ts";
import { type DialLink, StreamOpener } from "./stream_opener.ts";
import { TlsLink } from "./tls_link.ts";
import { UnopenedLink } from "./unopened_link.ts";

interface DialContext {
  readonly limits: TransportLimits;
  readonly clock: Clock;
}

/** A handshake that is done. The server has its certificate's key; its pin is not checked yet. */
interface Handshake extends SecureSocket {
  readonly target: Target;
  /** The server's certificate, DER. */
  readonly leaf: Uint8Array;
}

/** An attempt at one address: its handshake, and the log of it. */
interface Attempt {
  readonly handshake: Handshake;
  readonly log: HandshakeLog;
}

export async function dial(context: DialContext, options: DialOptions): Promise<TlsConnection> {
  const verify = verifierOf(options);
  const { clock, limits } = context;
  const { alpn, hostname, port, signal } = options;
  const timeout = limits.handshakeTimeout;
  const serverName = options.serverName ?? (isIP(hostname) === 0 ? hostname : undefined);
  const addresses = await waitFor(resolveHosts(hostname), { clock, signal, timeout });
  const { handshake, log } = await race(
    addresses,
    (address, stop) => {
      const target = { address: { hostname: address, port }, serverName, alpn };
      const either = signal === undefined ? stop : AbortSignal.any([signal, stop]);
      return attempt(context, target, options.onHandshake, either);
    },
    { clock, discard: ({ handshake }) => handshake.socket.destroy() },
  );
  const peer = handshake.target.address;
  try {
    const connection = await open(context, handshake, verify, signal);
    const name = serverName === undefined ? {} : { serverName };
    log.report("established", peer, { alpn: handshake.alpn, ...name });
    return connection;
  } catch (error) {
    log.report("failed", peer, { reason: textOf(error) });
    throw error;
  }
}

async function attempt(
  context: DialContext,
  target: Target,
  onHandshake: DialOptions["onHandshake"],
  signal: AbortSignal,
): Promise<Attempt> {
  const log = new HandshakeLog(onHandshake, context.clock.now);
  log.report("initial", target.address);
  try {
    return { handshake: await handshakeWith(target, context, signal), log };
  } catch (error) {
    log.report("failed", target.address, { reason: textOf(error) });
    throw error;
  }
}

/** One TLS handshake, within its time limit. Throws `TransportError`. */
async function handshakeWith(
  target: Target,
  { clock, limits }: DialContext,
  signal: AbortSignal,
): Promise<Handshake> {
  const late = new AbortController();
  const cancel = clock.after(limits.handshakeTimeout, () => late.abort());
  try {
    const secure = await connectTls(target, AbortSignal.any([signal, late.signal]));
    const leaf = leafOf(secure.socket);
    if (leaf !== undefined) return { ...secure, target, leaf };
    secure.socket.destroy();
    throw new TransportError("certificate", "it shows no certificate");
  } catch (error) {
    if (signal.aborted) throw abortedError();
    if (late.signal.aborted) {
      const reason = `no answer in ${limits.handshakeTimeout} ms`;
      const message = `Cannot connect to ${nameOf(target)}: ${reason}`;
      throw new TransportError("unreachable", message, { close: HANDSHAKE_TIMED_OUT });
    }
    if (!(error instanceof TransportError)) throw error;
    const { cause, close, code, message } = error;
    const whole = `Cannot connect to ${nameOf(target)}: ${message}`;
    throw new TransportError(code, whole, close === undefined ? { cause } : { cause, close });
  } finally {
    cancel();
  }
}

/** Owns a link on which the client speaks first. */
const SILENT_SERVER = new UnopenedLink({
  first: () => {
    throw new Fault(FAULT.violation, "the server sent a capsule before it was asked");
  },
  failed: () => {},
});

/** Has the server verified before a byte is sent, then asks it to open a connection. */
async function open(
  context: DialContext,
  handshake: Handshake,
  verify: VerifyPeer,
  signal: AbortSignal | undefined,
): Promise<TlsConnection> {
  const { clock, limits } = context;
  const { promise: opened, resolve, reject } = Promise.withResolvers<TlsConnection>();
  opened.catch(() => {});
  let asked = false;
  const owner = new UnopenedLink({
    first(capsule, link) {
      if (!asked) {
        throw new Fault(FAULT.violation, "the server sent a capsule before it was asked");
      }
      if (capsule.type === "close") return reject(refused(handshake.target, capsule.close));
      resolve(makeConnection(context, handshake, link, capsule));
    },
    failed: (reason) => reject(refused(handshake.target, lost(reason))),
  });
  const link = new TlsLink(handshake.socket, owner, clock);
  try {
    // `verify` may ask the user: it has as long as the link lives.
    const known = await waitFor(Promise.race([verify(handshake.leaf), opened]), { clock, signal });
    if (!known) throw untrusted(handshake.target);
    asked = true;
    link.send({ type: "open" });
    return await waitFor(opened, { clock, signal, timeout: limits.handshakeTimeout });
  } catch (error) {
    link.destroy();
    await link.gone;
    throw error;
  }
}

/** Makes the connection of the server's answer. Throws `Fault`. */
function makeConnection(
  context: DialContext,
  { alpn, leaf, target }: Handshake,
  link: TlsLink,
  capsule: Capsule,
): TlsConnection {
  if (capsule.type !== "opened") {
    throw new Fault(FAULT.violation, `the server answered with ${capsule.type}`);
  }
  const { secret, streams } = capsule;
  // Links go to the same address: a name may lead to several servers.
  const dialLink = linkDialler({ ...target, alpn: [alpn] }, leaf, context);
  return new TlsConnection({
    ...context,
    ...{ link, alpn, remote: target.address, serverName: target.serverName, peerCertificate: leaf },
    role: new StreamOpener({ secret, streams, dialLink }),
  });
}

/** Dials further links. The server must show the certificate that was verified. */
function linkDialler(target: Target, leaf: Uint8Array, context: DialContext): DialLink {
  return async (signal) => {
    const { leaf: shown, socket } = await handshakeWith(target, context, signal);
    if (Buffer.compare(shown, leaf) === 0) return new TlsLink(socket, SILENT_SERVER, context.clock);
    socket.destroy();
    throw untrusted(target);
  };
}

function untrusted(target: Target): TransportError {
  const close: CloseReason = {
    kind: "application",
    code: CERTIFICATE_REFUSED,
    reason: "the certificate was refused",
    by: "local",
  };
  const message = `The server at ${nameOf(target)} is not the expected one: ` +
    "its certificate differs";
  return new TransportError("certificate", message, { close });
}

function refused(target: Target, close: CloseReason): TransportError {
  const message = `Cannot connect to ${nameOf(target)}: ${describe(close)}`;
  return new TransportError("refused", message, { close });
}

function lost(reason: string): CloseReason {
  return { kind: "lost", code: 0, reason, by: "local" };
}

function nameOf({ address }: Target): string {
  return `${address.hostname} port ${address.port}`;
}
