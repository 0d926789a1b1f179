/**
 * Does the chat work over one transport and measures it. The server stores everything that is sent.
 * This module asserts nothing and prints nothing.
 */
import type { Content } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { type Credentials, dial, type ServerAddress, Session } from "./session.ts";
import { median, percentile } from "./stats.ts";
import { upload } from "./upload.ts";

/** Milliseconds; rates in megabytes (10^6 bytes) a second. */
export interface Figures {
  /** Until a secure connection is open: the first, and later ones (median). */
  readonly firstHandshake: number;
  readonly handshake: number;
  /** Until a client is signed in with a token: the cost of a reconnect (median). */
  readonly reconnect: number;
  /** A message until it is stored and acknowledged, with no other traffic. */
  readonly message: Delays;
  /** Messages of 16 KiB on the session's stream, until they are stored. */
  readonly oneStream: number;
  /** A file on its own stream, until it is stored. */
  readonly ownStream: number;
  /** Messages while as much data as possible passes on the same stream, and on another one. */
  readonly behindOne: Delays;
  readonly behindOwn: Delays;
}

export interface Delays {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface Amount {
  /** Milliseconds for each measurement that repeats something. */
  readonly span: number;
  /** Handshakes, and reconnects. */
  readonly handshakes: number;
}

/** Milliseconds between messages, whether or not the last one was acknowledged. */
const INTERVAL = 5;
/** Large messages in flight. */
const WINDOW = 32;
/** Bytes that one measurement stores at most, so that a fast link fills no disk. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Bytes of the first file, whose rate tells how large the next one has to be. */
const FIRST_FILE = 192 * 1024;
/** Small messages that wait for their answers at most: a session has a limit. */
const MAX_WAITING = 128;

const SMALL: Content = { kind: "text", body: "The meeting has moved to three." };
/** Not text: the server does not index it. */
const LARGE: Content = { kind: "ballast", body: new Uint8Array(LIMITS.text).fill(0x2e) };

export async function measure(
  server: ServerAddress,
  credentials: Credentials,
  { span, handshakes }: Amount,
): Promise<Figures> {
  const firstHandshake = await timeHandshake(server);
  const handshake = median(await repeat(handshakes, () => timeHandshake(server)));
  await using session = await Session.signIn(server, credentials);
  const { token } = session;
  const reconnect = median(await repeat(handshakes, () => timeSignIn(server, { token })));

  const message = await delaysDuring(session, pause(span));
  const oneStream = await fill(session, span);
  const behindOne = await delaysDuring(session, fill(session, span));
  const file = (rate: number) => sendFile(session, Math.min(rate * span, MAX_BYTES));
  const ownStream = await file(await sendFile(session, FIRST_FILE));
  const behindOwn = await delaysDuring(session, file(ownStream));
  return {
    ...{ firstHandshake, handshake, reconnect, message, behindOne, behindOwn },
    oneStream: megabytes(oneStream),
    ownStream: megabytes(ownStream),
  };
}

/** Milliseconds until a connection is open. */
async function timeHandshake(server: ServerAddress): Promise<number> {
  const began = performance.now();
  await using _connection = await dial(server);
  return performance.now() - began;
}

/** Milliseconds until a client is signed in. */
async function timeSignIn(server: ServerAddress, credentials: Credentials): Promise<number> {
  const began = performance.now();
  await using _session = await Session.signIn(server, credentials);
  return performance.now() - began;
}

/** Sends a small message every few milliseconds while the work goes on, and measures each. */
async function delaysDuring(session: Session, work: Promise<unknown>): Promise<Delays> {
  let working = true;
  const worked = work.finally(() => working = false);
  worked.catch(() => {}); // Thrown below.
  const delays: number[] = [];
  const failures: unknown[] = [];
  const waiting = new Set<Promise<void>>();
  const sendSmall = async () => {
    const began = performance.now();
    await session.send(SMALL);
    delays.push(performance.now() - began);
  };
  while (working || delays.length + waiting.size === 0) {
    if (waiting.size < MAX_WAITING) {
      const sent = sendSmall().catch((failure) => {
        failures.push(failure);
        working = false;
      }).finally(() => waiting.delete(sent));
      waiting.add(sent);
    }
    await pause(INTERVAL);
  }
  await Promise.all([worked, ...waiting]);
  if (failures.length > 0) throw failures[0];
  return { p50: percentile(delays, 0.5), p99: percentile(delays, 0.99), max: Math.max(...delays) };
}

/** Keeps the session's stream full of large messages. Returns the bytes stored per millisecond. */
async function fill(session: Session, span: number): Promise<number> {
  const began = performance.now();
  let left = MAX_BYTES;
  let stored = 0;
  const sendLarge = async () => {
    while (left > 0 && performance.now() - began < span) {
      left -= LIMITS.text;
      await session.send(LARGE);
      stored += LIMITS.text;
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, sendLarge));
  return stored / (performance.now() - began);
}

/** Sends a file of about this size. Returns the bytes stored per millisecond. */
async function sendFile({ connection }: Session, size: number): Promise<number> {
  const chunks = Math.max(1, Math.round(size / LIMITS.chunk));
  const began = performance.now();
  await upload(connection, chunks);
  return chunks * LIMITS.chunk / (performance.now() - began);
}

async function repeat(count: number, work: () => Promise<number>): Promise<number[]> {
  const results: number[] = [];
  for (let left = count; left > 0; left--) results.push(await work());
  return results;
}

/** From bytes per millisecond. */
function megabytes(rate: number): number {
  return rate / 1000;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
