/**
 * A queue of items for callers that wait for them, in order. It has no bound of its own: the caller
 * of `put` keeps one (a listener its connections, a connection its peer's streams).
 */
export class Queue<T> {
  readonly #items: T[] = [];
  readonly #takers: ((item: T | null) => void)[] = [];
  #ended = false;

  /** Gives the item to the first caller of `take`, or keeps it. `false`: the queue has ended. */
  put(item: T): boolean {
    if (this.#ended) return false;
    const taker = this.#takers.shift();
    if (taker) taker(item);
    else this.#items.push(item);
    return true;
  }

  /** The next item; `null` once the queue has ended. */
  take(): Promise<T | null> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve(item);
    if (this.#ended) return Promise.resolve(null);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Ends the queue: callers that wait get `null`. Returns the items that were not taken. */
  end(): T[] {
    this.#ended = true;
    for (const taker of this.#takers.splice(0)) taker(null);
    return this.#items.splice(0);
  }
}
