/**
 * A file across, however often the connection breaks: attempt after attempt, each on the session
 * that there is. It is given up when somebody says so, when the server refuses it for good, or when
 * attempt after attempt moves nothing although there is a session.
 */
import { type Clock, pause } from "../../protocol/clock.ts";
import { RefusedError } from "../session/refused_error.ts";
import { backoff } from "../session/backoff.ts";
import { BrokenError } from "./attempt.ts";

/** Attempts in a row that move nothing. With the waits between them that is about four minutes. */
const MOST = 12;

export interface RetryOptions<Link> {
  /** The session; waits for one. `undefined`: the signal fired. */
  readonly link: (signal: AbortSignal) => Promise<Link | undefined>;
  /** Whether the session is still the one that there is. */
  readonly isCurrent: (link: Link) => boolean;
  /** Bytes moved so far: an attempt that moved some was no failure. */
  readonly moved: () => number;
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/** Resolves when an attempt was the last; `false`: the signal fired. Throws `RefusedError`. */
export async function retry<Link>(
  attempt: (link: Link) => Promise<void>,
  { link: next, isCurrent, moved, clock, random, signal }: RetryOptions<Link>,
): Promise<boolean> {
  for (let failures = 0; failures < MOST;) {
    const link = await next(signal);
    if (link === undefined) return false;
    const before = moved();
    try {
      await attempt(link);
      return true;
    } catch (failure) {
      if (signal.aborted) return false;
      if (!(failure instanceof BrokenError)) throw failure;
      // A session that has ended is no fault of this file's: the next one is waited for.
      if (moved() > before || !isCurrent(link)) failures = 0;
      if (!await pause(clock, backoff(failures++, random), signal)) return false;
    }
  }
  throw new RefusedError("no_answer", "It does not get through; try again later.");
}
