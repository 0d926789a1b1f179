/**
 * How much of a file is transferred, how fast, and how long the rest will take. Pure: time comes in
 * as an argument, in milliseconds.
 *
 * It uses no timer: `add` says when a report is due. A transfer that stands still reports nothing.
 */
import { assert } from "../../protocol/assert.ts";

/** Milliseconds between two reports. */
const REPORT_INTERVAL = 250;
/** The rate is measured over so many milliseconds. */
const RATE_WINDOW = 5000;

interface Measurement {
  readonly transferred: number;
  /** Bytes a second, recently; 0 while it cannot be measured. */
  readonly rate: number;
  /** Seconds; left out while they cannot be estimated. */
  readonly remaining?: number;
}

export class Progress {
  readonly #size: number;
  #transferred: number;
  /** The rate is measured from the first. Interval and window bound how many there are. */
  #samples: { readonly at: number; readonly transferred: number }[];

  constructor(size: number, transferred: number, now: number) {
    assert(transferred >= 0 && transferred <= size, "a transfer starts within the file");
    this.#size = size;
    this.#transferred = transferred;
    this.#samples = [{ at: now, transferred }];
  }

  /** Counts further bytes. Returns whether a report is due. */
  add(bytes: number, now: number): boolean {
    this.#transferred += bytes;
    assert(this.#transferred <= this.#size, "no more is transferred than the file has");
    const last = this.#samples.at(-1);
    if (last !== undefined && now - last.at < REPORT_INTERVAL) return false;
    this.#samples.push({ at: now, transferred: this.#transferred });
    // The newest sample from before the window stays: the rate is measured from it.
    while (now - (this.#samples[1]?.at ?? now) >= RATE_WINDOW) this.#samples.shift();
    return true;
  }

  measure(now: number): Measurement {
    const transferred = this.#transferred;
    const [first] = this.#samples;
    const elapsed = first === undefined ? 0 : now - first.at;
    // A shorter time measures nothing: the first chunks only fill buffers.
    if (first === undefined || elapsed < REPORT_INTERVAL) return { transferred, rate: 0 };
    const rate = Math.round((transferred - first.transferred) * 1000 / elapsed);
    if (rate === 0) return { transferred, rate };
    return { transferred, rate, remaining: Math.ceil((this.#size - transferred) / rate) };
  }
}
