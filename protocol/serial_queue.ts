/** Runs pieces of work one after the other, in the order in which they were given. Pure. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Resolves with what `work` returns. What it throws rejects this call, and no other. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Resolves when all work that was given so far is done. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
