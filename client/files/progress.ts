/**
 * How far a file is across, how fast it goes, and how long it will take. Pure: time comes in as an
 * argument, milliseconds.
 *
 * It asks for no timer: whoever moves bytes calls `moved`, and is told when there is something worth
 * telling. What stands still therefore tells nothing.
 */

/** Between two events about one file. */
const BETWEEN = 250;
/** The rate is that of the last seconds: older moments are forgotten. */
const RECENT = 5000;

export interface Figures {
  readonly transferred: number;
  /** Bytes a second, of late; 0 while nothing can be said. */
  readonly rate: number;
  /** Seconds; left out while nothing can be said. */
  readonly remaining?: number;
}

export class Progress {
  readonly #size: number;
  #transferred: number;
  /** The first one is where the rate is measured from; `BETWEEN` and `RECENT` bound their number. */
  #moments: { readonly at: number; readonly transferred: number }[];

  /** Begins with what is across already. */
  constructor(size: number, transferred: number, now: number) {
    this.#size = size;
    this.#transferred = transferred;
    this.#moments = [{ at: now, transferred }];
  }

  /** Takes note of further bytes; says whether it is time to tell. */
  moved(bytes: number, now: number): boolean {
    this.#transferred += bytes;
    const last = this.#moments.at(-1);
    if (last !== undefined && now - last.at < BETWEEN) return false;
    this.#moments.push({ at: now, transferred: this.#transferred });
    // One older than that stays, so that there is always something to measure from.
    while (now - (this.#moments[1]?.at ?? now) >= RECENT) this.#moments.shift();
    return true;
  }

  figures(now: number): Figures {
    const transferred = this.#transferred;
    const [first] = this.#moments;
    const elapsed = first === undefined ? 0 : now - first.at;
    // Less is no measurement: a first chunk that only filled a buffer would promise wonders.
    if (first === undefined || elapsed < BETWEEN) return { transferred, rate: 0 };
    const rate = Math.round((transferred - first.transferred) * 1000 / elapsed);
    if (rate === 0) return { transferred, rate };
    return { transferred, rate, remaining: Math.ceil((this.#size - transferred) / rate) };
  }
}
