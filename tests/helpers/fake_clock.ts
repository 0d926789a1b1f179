/**
 * A clock whose hands the test turns. Callbacks that fall due run in order, then promises settle.
 * It serves as the server's and as the client's: `now` and `time` go together until somebody sets
 * the time.
 */
import { setImmediate } from "node:timers";

export class FakeClock {
  #now = 1_000_000;
  #ahead: number;
  #timers: { due: number; callback: () => void }[] = [];

  constructor(time = 1_800_000_000_000) {
    this.#ahead = time - this.#now;
  }

  now = (): number => this.#now;

  time = (): number => this.#now + this.#ahead;

  /** Somebody sets the machine's clock: no time passes. */
  set(time: number): void {
    this.#ahead = time - this.#now;
  }

  after = (ms: number, callback: () => void): () => void => {
    const timer = { due: this.#now + ms, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  /** How many callbacks are waiting. */
  get waiting(): number {
    return this.#timers.length;
  }

  /** Something takes `ms`, and nothing else happens meanwhile. */
  work(ms: number): void {
    this.#now += ms;
  }

  /** Lets `ms` pass. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    while (true) {
      const [next] = this.#timers.toSorted((one, other) => one.due - other.due);
      if (next === undefined || next.due > end) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.due);
      next.callback();
      await settle();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets everything that is ready to run, run: promises and callbacks of this turn and the next. */
export async function settle(turns = 3): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
