/**
 * Turns: so many at once, the rest one after the other in the order in which they came. Pure.
 */

export class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Whether whoever takes a turn now has it at once. */
  get free(): boolean {
    return this.#free > 0;
  }

  /**
   * Waits for a turn; whoever has it calls what it resolves with, once, when it is over.
   * `undefined`: the signal fired before.
   */
  async acquire(signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return undefined;
    if (this.#free > 0) this.#free -= 1;
    else if (!await this.#wait(signal)) return undefined;
    return () => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
  }

  #wait(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const called = () => {
        signal.removeEventListener("abort", aborted);
        resolve(true);
      };
      const aborted = () => {
        this.#waiting.splice(this.#waiting.indexOf(called), 1);
        resolve(false);
      };
      this.#waiting.push(called);
      signal.addEventListener("abort", aborted, { once: true });
    });
  }
}
