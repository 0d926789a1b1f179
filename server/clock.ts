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

/** Waits for `promise` for at most `ms`; `false` when the time ran out first. Never rejects. */
export function settledWithin(
  clock: Clock,
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
