/** A counting semaphore: it gives out a number of permits, in the order in which they are asked for. */
import { onAbort } from "../../protocol/abort.ts";
import { assert } from "../../protocol/assert.ts";

export class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(permits: number) {
    assert(permits > 0, "a semaphore has a permit");
    this.#free = permits;
  }

  /** Whether `acquire` would give a permit at once. */
  get isFree(): boolean {
    return this.#free > 0;
  }

  /** Waits for a permit, which disposing of it gives back. `undefined`: the signal fired first. */
  async acquire(signal: AbortSignal): Promise<Disposable | undefined> {
    if (signal.aborted) return undefined;
    if (this.#free > 0) this.#free -= 1;
    else if (!await this.#wait(signal)) return undefined;
    return this.#permit();
  }

  #permit(): Disposable {
    let released = false;
    return {
      [Symbol.dispose]: () => {
        assert(!released, "a permit is given back once");
        released = true;
        assert(this.#free === 0 || this.#waiting.length === 0, "none waits while a permit is free");
        const next = this.#waiting.shift();
        if (next === undefined) this.#free += 1;
        else next();
      },
    };
  }

  /** Resolves with `true` when a permit passes to this waiter. */
  #wait(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const grant = () => {
        listener[Symbol.dispose]();
        resolve(true);
      };
      this.#waiting.push(grant);
      const listener = onAbort(signal, () => {
        this.#waiting.splice(this.#waiting.indexOf(grant), 1);
        resolve(false);
      });
    });
  }
}
