/**
 * Several attempts at one goal, each started after the last one failed or had its head start, as RFC
 * 8305 does with the addresses of a name. It does not know what it tries.
 */
import type { Clock } from "../clock.ts";

/** Milliseconds that an attempt runs alone (RFC 8305, section 5). */
const HEAD_START = 250;

interface RaceOptions<T> {
  readonly clock: Pick<Clock, "after">;
  /** Milliseconds. */
  readonly headStart?: number;
  /** Takes the result of an attempt that succeeds after it was aborted. */
  readonly discard: (late: T) => void;
}

/**
 * Resolves with the first success, and aborts the signal of all other attempts. When all have
 * failed, it throws the first failure. An attempt whose signal is aborted MUST settle soon and
 * release everything.
 */
export function race<W, T>(
  ways: readonly W[],
  attempt: (way: W, signal: AbortSignal) => Promise<T>,
  options: RaceOptions<T>,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const { clock, headStart = HEAD_START, discard } = options;
  const stop = new AbortController();
  const failures: unknown[] = [];
  let started = 0;
  let cancel = () => {};

  const next = () => {
    cancel();
    const way = ways[started];
    if (way === undefined) {
      if (failures.length === ways.length) reject(failures[0]);
      return;
    }
    started++;
    cancel = clock.after(headStart, next);
    attempt(way, stop.signal).then(won, failed);
  };
  const won = (result: T) => {
    if (stop.signal.aborted) return discard(result);
    cancel();
    stop.abort();
    resolve(result);
  };
  const failed = (error: unknown) => {
    failures.push(error);
    if (!stop.signal.aborted) next();
  };
  next();
  return promise;
}
