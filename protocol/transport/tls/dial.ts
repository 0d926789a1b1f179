/** The client's side: from a name to one connection that is established and verified. */
import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { patiently } from "../abort.ts";
import { resolveHosts } from "../address.ts";
import { describe } from "../closing.ts";
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
import { type Answer, answerOf, nameOf } from "./answer.ts";
import { type Capsule, FAULT, Fault } from "./capsules.ts";
import { ClientConnection, type DialLink } from "./client_connection.ts";
import { textOf } from "./failures.ts";
import { Greeting } from "./greeting.ts";
import { Link } from "./link.ts";
import type { Target } from "./socket.ts";

/** How long an address is tried by itself before the next one is tried beside it (RFC 8305). */
const HEAD_START = 250;
/** Of a name that has more addresses, the rest is not tried. */
const MAX_ADDRESSES = 8;

export interface DialContext {
  readonly limits: TransportLimits;
  readonly now: () => number;
}

/** An attempt at one address, as far as its handshake, and the log of it. */
interface Attempt {
  readonly answer: Answer;
  readonly log: HandshakeLog;
}

export async function dial(context: DialContext, options: DialOptions): Promise<ClientConnection> {
  const verify = verifierOf(options);
  const { alpn, hostname, port, signal } = options;
  const timeout = context.limits.handshakeTimeout;
  const serverName = options.serverName ?? (isIP(hostname) === 0 ? hostname : undefined);
  const addresses = await patiently(resolveHosts(hostname), { signal, timeout });
  const { answer, log } = await race(
    addresses.slice(0, MAX_ADDRESSES),
    (address, stop) => {
      const target = { address: { hostname: address, port }, serverName, alpn };
      const either = signal === undefined ? stop : AbortSignal.any([signal, stop]);
      return attempt(context, target, options.onHandshake, either);
    },
    { headStart: HEAD_START, discard: ({ answer }) => answer.socket.destroy() },
  );
  const peer = answer.target.address;
  try {
    const connection = await open(context, answer, verify, signal);
    const name = serverName === undefined ? {} : { serverName };
    log.report("established", peer, { alpn: answer.alpn, ...name });
    return connection;
  } catch (error) {
    log.report("failed", peer, { reason: textOf(error) });
    throw error;
  }
}

async function attempt(
  { limits, now }: DialContext,
  target: Target,
  onHandshake: DialOptions["onHandshake"],
  signal: AbortSignal,
): Promise<Attempt> {
  const log = new HandshakeLog(onHandshake, now);
  log.report("initial", target.address);
  try {
    const answer = await answerOf(target, { timeout: limits.handshakeTimeout, signal });
    return { answer, log };
  } catch (error) {
    log.report("failed", target.address, { reason: textOf(error) });
    throw error;
  }
}

/** Owns a link on which we have the first word. */
const UNASKED = new Greeting({
  first: () => {
    throw new Fault(FAULT.violation, "the server spoke unasked");
  },
  failed: () => {},
});

/** Has the server judged, before a byte is sent, and then asks it to open a connection. */
async function open(
  context: DialContext,
  answer: Answer,
  verify: VerifyPeer,
  signal: AbortSignal | undefined,
): Promise<ClientConnection> {
  const { promise: opened, resolve, reject } = Promise.withResolvers<ClientConnection>();
  opened.catch(() => {});
  let asked = false;
  const link = new Link(
    answer.socket,
    new Greeting({
      first(capsule) {
        if (!asked) throw new Fault(FAULT.violation, "the server spoke unasked");
        if (capsule.type === "close") return reject(refused(answer.target, capsule.close));
        resolve(begin(context, answer, link, capsule));
      },
      failed: (reason) => reject(refused(answer.target, lost(reason))),
    }),
  );
  try {
    // Whoever is asked may take their time, but not longer than the link lives.
    const known = await patiently(Promise.race([verify(answer.leaf), opened]), { signal });
    if (!known) throw untrusted(answer.target);
    asked = true;
    link.send({ type: "open" });
    const { handshakeTimeout: timeout } = context.limits;
    return await patiently(opened, { signal, timeout });
  } catch (error) {
    link.destroy();
    await link.gone;
    throw error;
  }
}

/** The server has answered, and must have agreed. */
function begin(
  { limits, now }: DialContext,
  { alpn, leaf, target }: Answer,
  link: Link,
  capsule: Capsule,
): ClientConnection {
  if (capsule.type !== "opened") {
    throw new Fault(FAULT.violation, `the server answered with ${capsule.type}`);
  }
  const { secret, streams } = capsule;
  const { address: remote, serverName } = target;
  // To the same address, and in the same words: a name may lead to several servers.
  const dialLink = linkDialler({ ...target, alpn: [alpn] }, leaf, limits.handshakeTimeout);
  return new ClientConnection({
    ...{ link, remote, alpn, serverName, limits, now, secret, streams, dialLink },
    peerCertificate: leaf,
  });
}

/** Dials further links to the server that was verified: it must show the same certificate. */
function linkDialler(target: Target, leaf: Uint8Array, timeout: number): DialLink {
  return async (signal) => {
    const answer = await answerOf(target, { timeout, signal });
    if (Buffer.compare(answer.leaf, leaf) === 0) return new Link(answer.socket, UNASKED);
    answer.socket.destroy();
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
  const message = `The server at ${nameOf(target)} is not the one that was meant: ` +
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
