/**
 * Time as an argument. Code that waits or reads the time takes a `Clock`, so that tests control
 * time. It schedules no repeating work.
 */
export interface Clock {
  /**
   * Monotonic milliseconds, from an arbitrary start: for limits, rates and measurements. Setting the
   * machine's clock must not end sessions.
   */
  now(): number;
  /** Milliseconds since 1970, UTC, by the machine's clock: for timestamps and tokens. It may jump. */
  time(): number;
  /** Calls back once after `ms`. The returned function cancels that. */
  after(ms: number, callback: () => void): () => void;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  time: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Waits for `ms`. Returns `false` if the signal was aborted before. */
export function sleep(
  clock: Pick<Clock, "after">,
  ms: number,
  signal: AbortSignal,
): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const aborted = () => {
      cancel();
      resolve(false);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener("abort", aborted);
      resolve(true);
    });
    signal.addEventListener("abort", aborted, { once: true });
  });
}

/** Waits at most `ms` until `promise` settles. Returns `false` on timeout. Never rejects. */
export function within(
  clock: Pick<Clock, "after">,
  ms: number,
  promise: Promise<unknown>,
): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, () => resolve(false));
    const settled = () => {
      cancel();
      resolve(true);
    };
    promise.then(settled, settled);
  });
}
