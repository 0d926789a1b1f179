/**
 * How long to wait before the next attempt to connect: twice as long after each failure, up to a
 * bound, and never the same for two clients, so that a server that restarts is not met by all of
 * them at once. Pure.
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
