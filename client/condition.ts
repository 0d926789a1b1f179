/** A condition variable: lets callers wait for the next change of a state. */
export class Condition {
  #waiting: PromiseWithResolvers<void> | undefined;

  /** Resolves at the next `notify`. */
  wait(): Promise<void> {
    this.#waiting ??= Promise.withResolvers();
    return this.#waiting.promise;
  }

  /** The state has changed. Costs nothing while no caller waits. */
  notify(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}
