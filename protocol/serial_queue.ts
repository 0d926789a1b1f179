/**
 * Runs pieces of work one after the other, in the order in which they were given. Those that change
 * nothing may share a turn. Pure.
 */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();
  /** When the turn that is shared begins, until other work is given. */
  #turn: Promise<unknown> | undefined;

  /** Resolves with what `work` returns. What it throws rejects this call, and no other. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    this.#turn = undefined;
    return done;
  }

  /** The same, at the same time as other shared work that was given just before or after it. */
  share<T>(work: () => Promise<T>): Promise<T> {
    this.#turn ??= this.#last;
    const done = this.#turn.then(work);
    this.#last = Promise.all([this.#last, done.catch(() => {})]);
    return done;
  }

  /** Resolves when all work that was given so far is done. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
