/**
 * Several ways to one end, tried one after the other with a head start, as RFC 8305 does with the
 * addresses of a name. Knows nothing of what it tries.
 */
import { clearTimeout, setTimeout } from "node:timers";

/** Milliseconds that a way is tried by itself (RFC 8305, section 5). */
const HEAD_START = 250;

/**
 * Starts an attempt for each way: the next one when the last has failed, or has had its head start.
 * The first to succeed is the answer, and the signal of all others is aborted; when all have failed,
 * the first failure is thrown. An attempt whose signal is aborted MUST settle soon and let go of
 * everything; one that succeeds all the same is given to `discard`.
 */
export function race<W, T>(
  ways: readonly W[],
  attempt: (way: W, signal: AbortSignal) => Promise<T>,
  options: { readonly headStart?: number; readonly discard: (late: T) => void },
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const stop = new AbortController();
  const failures: unknown[] = [];
  let started = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const next = () => {
    clearTimeout(timer);
    const way = ways[started];
    if (way === undefined) {
      if (failures.length === ways.length) reject(failures[0]);
      return;
    }
    started++;
    timer = setTimeout(next, options.headStart ?? HEAD_START);
    attempt(way, stop.signal).then(won, failed);
  };
  const won = (result: T) => {
    if (stop.signal.aborted) return options.discard(result);
    clearTimeout(timer);
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
