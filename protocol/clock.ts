/**
 * Time as an argument: whoever waits or stamps takes a `Clock`, so that tests turn the hands
 * themselves. It will not schedule repeating work; whoever repeats asks again.
 */
export interface Clock {
  /**
   * Milliseconds since some moment, which nobody sets: for limits, rates and whatever is measured. A
   * machine's clock that is put right must not end everybody's session.
   */
  now(): number;
  /** Milliseconds since 1970, UTC, by the machine's clock: for stamps and tokens. It may jump. */
  time(): number;
  /** Calls back once after `ms`; the returned function takes that back. */
  after(ms: number, callback: () => void): () => void;
}

/** The real one. */
export const systemClock: Clock = {
  now: () => performance.now(),
  time: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Waits until the time has passed or the signal fires; says which: `false` when it was aborted. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
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

/** Waits for `promise` for at most `ms`; `false` when the time ran out first. Never rejects. */
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
