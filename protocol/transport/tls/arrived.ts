/**
 * The bytes of a stream that have come and have not been read: one buffer, so that many small pieces
 * take no more room than their bytes. Its bound is the credit that the peer was given.
 */

/** What a buffer begins with. */
const LEAST = 1024;

export class Arrived {
  #buffer = new Uint8Array(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Copies the bytes behind those that are there. */
  put(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#buffer.length) {
      this.#resize(Math.max(LEAST, length, 2 * this.#buffer.length));
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = length;
  }

  /** All that is there, for the caller to keep: in memory of its own, and no more of it. */
  take(): Uint8Array {
    this.#resize(this.#length);
    const taken = this.#buffer;
    this.clear();
    return taken;
  }

  clear(): void {
    this.#buffer = new Uint8Array(0);
    this.#length = 0;
  }

  /** What it was in before is free at once, not when somebody collects garbage. */
  #resize(length: number): void {
    this.#buffer = new Uint8Array(this.#buffer.buffer.transfer(length));
  }
}
