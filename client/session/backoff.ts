/**
 * Exponential backoff with jitter: the wait doubles with each failure, up to a bound, and differs
 * between clients, so that they do not all return to a restarted server at once. Pure.
 */
const FIRST = 250;
const LONGEST = 30_000;

/**
 * Milliseconds before attempt 0, 1, 2…: a random point in the upper half of the doubled time.
 * `random` yields numbers from 0 up to, but not including, 1.
 */
export function backoff(attempt: number, random: () => number): number {
  const full = Math.min(LONGEST, FIRST * 2 ** Math.min(attempt, 16));
  return Math.round(full / 2 + (full / 2) * random());
}
