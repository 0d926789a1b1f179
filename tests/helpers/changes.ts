import { within } from "./within.ts";

/** Lets tests wait until something that changes over time is as they expect. */
export class Changes {
  #next = Promise.withResolvers<void>();

  /** Something has changed. */
  notify(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  /** What `pick` returns, now or after a change. Rejects with what `pick` throws. */
  find<T>(pick: () => T | undefined, what: string | (() => string)): Promise<T> {
    return within(this.#search(pick), what);
  }

  async #search<T>(pick: () => T | undefined): Promise<T> {
    while (true) {
      const { promise } = this.#next;
      const found = pick();
      if (found !== undefined) return found;
      await promise;
    }
  }
}
