/** A file that is being given out, in chunks. */
import { LIMITS } from "../../protocol/limits.ts";
import type { BlobReader } from "../store/blobs.ts";

export class Loan implements AsyncDisposable {
  readonly #reader: BlobReader;
  readonly #offset: number;
  readonly #held: AsyncDisposable;

  /** Begins at an offset; `held` is let go of at the end. */
  constructor(reader: BlobReader, offset: number, held: AsyncDisposable) {
    this.#reader = reader;
    this.#offset = offset;
    this.#held = held;
  }

  /** Each is good until the next is asked for: all of them are in the same place. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    const chunk = new Uint8Array(Math.min(LIMITS.chunk, this.#reader.length));
    for (let at = this.#offset; at < this.#reader.length;) {
      const length = await this.#reader.into(chunk, at);
      if (length === 0) throw new Error("Cannot read a file: it became shorter");
      yield chunk.subarray(0, length);
      at += length;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held[Symbol.asyncDispose]();
  }
}
