/**
 * Runs pieces of work one after the other, in the order in which they were given. Those that change
 * nothing may share a turn. It keeps nothing of what they return. Pure.
 */
export class SerialQueue {
  /** Has no value: it would be kept until the next piece of work, with all that it refers to. */
  #last: Promise<void> = Promise.resolve();
  /** When the turn that is shared begins, until other work is given. */
  #turn: Promise<void> | undefined;

  /** Resolves with what `work` returns. What it throws rejects this call, and no other. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.then(ignore, ignore);
    this.#turn = undefined;
    return done;
  }

  /** The same, at the same time as other shared work that was given just before or after it. */
  share<T>(work: () => Promise<T>): Promise<T> {
    this.#turn ??= this.#last;
    const done = this.#turn.then(work);
    this.#last = Promise.all([this.#last, done.catch(ignore)]).then(ignore);
    return done;
  }

  /** Resolves when all work that was given so far is done. */
  async idle(): Promise<void> {
    await this.#last;
  }
}

function ignore(): void {}
