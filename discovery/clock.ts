/** Time as an argument: whoever waits takes a `Clock`, so that tests turn the hands themselves. */
export interface Clock {
  /** Milliseconds since some moment, which nobody sets. */
  now(): number;
  /** Calls back once after `ms`; the returned function takes that back. */
  after(ms: number, callback: () => void): () => void;
}

/** The real one. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves with the promise, or when it took too long; a rejection counts as done. */
export function within(clock: Clock, ms: number, promise: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve);
    const done = () => {
      cancel();
      resolve();
    };
    promise.then(done, done);
  });
}
