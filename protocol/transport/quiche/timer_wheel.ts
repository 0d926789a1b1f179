/**
 * A timer wheel: any number of deadlines, rounded up to 5 ms, behind one timer. It reads no clock
 * and sets no timer: its owner passes the time in.
 */

/** Something with a deadline. The wheel owns both fields. */
export interface Timed {
  /** When it is due, in milliseconds; `Infinity`: never. */
  due: number;
  /** The tick whose bucket it is in; -1: in none. */
  tick: number;
}

/** Milliseconds that deadlines are rounded up to. */
const TICK = 5;
/** 1,024 ticks are 5 s. Later deadlines are put into the last bucket, and moved when it is due. */
const BUCKETS = 1024;

export class TimerWheel<T extends Timed> {
  readonly #buckets: Array<Set<T> | undefined> = new Array(BUCKETS);
  /** The last tick whose bucket was emptied. */
  #served: number;
  #size = 0;

  constructor(now: number) {
    this.#served = Math.floor(now / TICK);
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Sets an entry's deadline. An entry whose deadline moves back, as a loss timer's does with every
   * datagram, stays in its bucket until that is due: that makes the usual case free.
   */
  set(entry: T, due: number): void {
    entry.due = due;
    if (due === Infinity) return;
    const tick = this.#tickOf(due);
    if (entry.tick !== -1) {
      if (entry.tick <= tick) return;
      this.#remove(entry);
    }
    entry.tick = tick;
    this.#bucket(tick).add(entry);
    this.#size++;
  }

  delete(entry: T): void {
    entry.due = Infinity;
    if (entry.tick !== -1) this.#remove(entry);
  }

  /** When to call `advance` next; `undefined` while there is no deadline. */
  next(): number | undefined {
    if (this.#size === 0) return undefined;
    for (let tick = this.#served + 1; tick <= this.#served + BUCKETS; tick++) {
      if ((this.#buckets[tick % BUCKETS]?.size ?? 0) > 0) return tick * TICK;
    }
    return undefined;
  }

  /** Removes every entry that is due and passes it to `expire`, which may set it again. */
  advance(now: number, expire: (entry: T) => void): void {
    const last = Math.floor(now / TICK);
    // After the machine has slept, each bucket is due at most once, however many ticks went by.
    const first = Math.max(this.#served + 1, last - BUCKETS + 1);
    for (let tick = first; tick <= last; tick++) {
      this.#served = tick;
      const bucket = this.#buckets[tick % BUCKETS] ?? [];
      // `expire` adds nothing to this bucket: `#tickOf` never returns the tick being emptied.
      for (const entry of bucket) {
        this.#remove(entry);
        if (entry.due <= now) expire(entry);
        else this.set(entry, entry.due);
      }
    }
    this.#served = Math.max(this.#served, last);
  }

  #tickOf(due: number): number {
    const tick = Math.ceil(due / TICK);
    return Math.min(Math.max(tick, this.#served + 1), this.#served + BUCKETS - 1);
  }

  #remove(entry: T): void {
    this.#bucket(entry.tick).delete(entry);
    entry.tick = -1;
    this.#size--;
  }

  #bucket(tick: number): Set<T> {
    return this.#buckets[tick % BUCKETS] ??= new Set();
  }
}
