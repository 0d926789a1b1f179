/**
 * The bytes of a stream that are not read yet, in one buffer: many small pieces take no more memory
 * than their bytes. The credit that the peer was given bounds it.
 */

/** Bytes. */
const MIN_CAPACITY = 1024;

export class ReceiveBuffer {
  #buffer = new Uint8Array(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Appends a copy of the bytes. */
  put(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#buffer.length) {
      this.#resize(Math.max(MIN_CAPACITY, length, 2 * this.#buffer.length));
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = length;
  }

  /** Takes all bytes, in memory of exactly their size. */
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

  /** Frees the old memory at once, without waiting for the garbage collector. */
  #resize(length: number): void {
    this.#buffer = new Uint8Array(this.#buffer.buffer.transfer(length));
  }
}
