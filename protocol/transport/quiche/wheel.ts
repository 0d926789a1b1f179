/**
 * A timer wheel: any number of deadlines, rounded up to 5 ms, behind one real timer. It reads no
 * clock and sets no timer: `loop.ts` tells it the time.
 */

/** Something with a deadline. A wheel owns both fields. */
export interface Timed {
  /** When it is due, in milliseconds; `Infinity`: never. */
  due: number;
  /** The tick in whose bucket it waits; -1: in none. */
  tick: number;
}

/** What deadlines are rounded up to, in milliseconds. */
const TICK = 5;
/** 1,024 ticks are 5 s: later deadlines wait in the last bucket and are put back when it comes. */
const BUCKETS = 1024;

export class Wheel<T extends Timed> {
  readonly #buckets: Array<Set<T> | undefined> = new Array(BUCKETS);
  /** The last tick that has been served. */
  #served: number;
  #size = 0;

  constructor(now: number) {
    this.#served = Math.floor(now / TICK);
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Sets an entry's deadline. One that moves later, as a loss timer does with every datagram, stays
   * where it is and is moved when its old time comes: that makes the usual case free.
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

  /** When `advance` should be called next; `undefined` while nothing waits. */
  next(): number | undefined {
    if (this.#size === 0) return undefined;
    for (let tick = this.#served + 1; tick <= this.#served + BUCKETS; tick++) {
      if ((this.#buckets[tick % BUCKETS]?.size ?? 0) > 0) return tick * TICK;
    }
    return undefined;
  }

  /** Takes out every entry whose time has come and hands it to `expire`, which may set it again. */
  advance(now: number, expire: (entry: T) => void): void {
    const last = Math.floor(now / TICK);
    // After a long sleep (a closed lid) each bucket needs one look, however many ticks went by.
    const first = Math.max(this.#served + 1, last - BUCKETS + 1);
    for (let tick = first; tick <= last; tick++) {
      this.#served = tick;
      const bucket = this.#buckets[tick % BUCKETS] ?? [];
      // Nothing is put into this bucket meanwhile: `#tickOf` never gives the tick being served.
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
