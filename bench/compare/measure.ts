/**
 * The same chat work over one way to a server, and how long it took. Everything that is said is
 * stored in the server's database; nothing is asserted here, and nothing is shown.
 */
import type { Content } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { type Credentials, dial, Session, type Way } from "./session.ts";
import { median, percentile } from "./stats.ts";
import { upload } from "./upload.ts";

/** Milliseconds; of rates, megabytes (10^6) a second. */
export interface Figures {
  /** From nothing to a secure connection: the first time, and later (median). */
  readonly firstHandshake: number;
  readonly handshake: number;
  /** From nothing to signed in with a token: what a break costs (median). */
  readonly comeBack: number;
  /** A message until it is stored and acknowledged, with nothing else under way. */
  readonly message: Delays;
  /** Messages of 16 KiB, all on the session's stream, until they are stored. */
  readonly oneStream: number;
  /** A file on a stream of its own, until it is stored. */
  readonly ownStream: number;
  /** Messages while as much as possible crosses on their own stream, and on another one. */
  readonly behindOne: Delays;
  readonly behindOwn: Delays;
}

export interface Delays {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface Amount {
  /** Milliseconds for each measurement that goes on for a while. */
  readonly span: number;
  /** Handshakes, and ways back. */
  readonly handshakes: number;
}

/** Milliseconds between two messages: they go out whether or not the last one has come back. */
const PACE = 5;
/** Large messages under way at once. */
const WINDOW = 32;
/** Bytes that one measurement stores at most: fast lines fill no disk. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Bytes of the first file, which shows how large the next one has to be. */
const FIRST_FILE = 192 * 1024;
/** Messages that wait for their answers at most, besides large ones: a session has its limit. */
const MOST_WAITING = 128;

const SMALL: Content = { kind: "text", body: "The meeting has moved to three." };
/** Not text, so that the server does not look for words in it. */
const LARGE: Content = { kind: "ballast", body: new Uint8Array(LIMITS.text).fill(0x2e) };

export async function measure(
  way: Way,
  credentials: Credentials,
  { span, handshakes }: Amount,
): Promise<Figures> {
  const firstHandshake = await shakeHands(way);
  const handshake = median(await inTurn(handshakes, () => shakeHands(way)));
  await using session = await Session.enter(way, credentials);
  const { token } = session;
  const comeBack = median(await inTurn(handshakes, () => enter(way, { token })));

  const message = await delaysDuring(session, pause(span));
  const oneStream = await fill(session, span);
  const behindOne = await delaysDuring(session, fill(session, span));
  const file = (rate: number) => sendFile(session, Math.min(rate * span, MOST_BYTES));
  const ownStream = await file(await sendFile(session, FIRST_FILE));
  const behindOwn = await delaysDuring(session, file(ownStream));
  return {
    ...{ firstHandshake, handshake, comeBack, message, behindOne, behindOwn },
    oneStream: megabytes(oneStream),
    ownStream: megabytes(ownStream),
  };
}

/** Milliseconds that a handshake takes. */
async function shakeHands(way: Way): Promise<number> {
  const began = performance.now();
  await using _connection = await dial(way);
  return performance.now() - began;
}

/** Milliseconds until somebody is signed in. */
async function enter(way: Way, credentials: Credentials): Promise<number> {
  const began = performance.now();
  await using _session = await Session.enter(way, credentials);
  return performance.now() - began;
}

/** Says something every few milliseconds while the work goes on; how long each took. */
async function delaysDuring(session: Session, work: Promise<unknown>): Promise<Delays> {
  let working = true;
  const worked = work.finally(() => working = false);
  worked.catch(() => {}); // Thrown below.
  const delays: number[] = [];
  const refusals: unknown[] = [];
  const waiting = new Set<Promise<void>>();
  const say = async () => {
    const began = performance.now();
    await session.say(SMALL);
    delays.push(performance.now() - began);
  };
  while (working || delays.length + waiting.size === 0) {
    if (waiting.size < MOST_WAITING) {
      const said = say().catch((refusal) => {
        refusals.push(refusal);
        working = false;
      }).finally(() => waiting.delete(said));
      waiting.add(said);
    }
    await pause(PACE);
  }
  await Promise.all([worked, ...waiting]);
  if (refusals.length > 0) throw refusals[0];
  return { p50: percentile(delays, 0.5), p99: percentile(delays, 0.99), max: Math.max(...delays) };
}

/** Keeps the session's stream full of large messages; bytes that were stored in a millisecond. */
async function fill(session: Session, span: number): Promise<number> {
  const began = performance.now();
  let left = MOST_BYTES;
  let stored = 0;
  const speak = async () => {
    while (left > 0 && performance.now() - began < span) {
      left -= LIMITS.text;
      await session.say(LARGE);
      stored += LIMITS.text;
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, speak));
  return stored / (performance.now() - began);
}

/** Sends a file of about so many bytes; bytes that were stored in a millisecond. */
async function sendFile({ connection }: Session, size: number): Promise<number> {
  const chunks = Math.max(1, Math.round(size / LIMITS.chunk));
  const began = performance.now();
  await upload(connection, chunks);
  return chunks * LIMITS.chunk / (performance.now() - began);
}

async function inTurn(count: number, work: () => Promise<number>): Promise<number[]> {
  const results: number[] = [];
  for (let left = count; left > 0; left--) results.push(await work());
  return results;
}

/** Bytes a millisecond are kilobytes a second. */
function megabytes(rate: number): number {
  return rate / 1000;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
