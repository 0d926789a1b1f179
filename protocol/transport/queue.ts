/**
 * Hands things from one who has them to those who wait for them, in order. Knows no time and no
 * bound: what is put in is bounded by who puts it in (a listener by its connections, a connection
 * by its peer's streams).
 */
export class Queue<T> {
  readonly #items: T[] = [];
  readonly #takers: ((item: T | null) => void)[] = [];
  #ended = false;

  /** Gives the item to the first who waits, or keeps it. After `end` it is not taken: `false`. */
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

  /** Nothing more comes: whoever waits gets `null`. Returns what nobody has taken. */
  end(): T[] {
    this.#ended = true;
    for (const taker of this.#takers.splice(0)) taker(null);
    return this.#items.splice(0);
  }
}
