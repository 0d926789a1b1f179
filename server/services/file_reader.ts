/** A file that is being downloaded, chunk by chunk. */
import { LIMITS } from "../../protocol/limits.ts";
import type { BlobReader } from "../store/blobs.ts";
import type { Slot } from "./transfer_slots.ts";

/** What the reader tells its progress, and whether it may go on. */
interface Watch {
  readonly slot: Pick<Slot, "moved">;
  /** Throws when the download is no longer allowed. */
  check(): Promise<void>;
}

export class FileReader implements AsyncDisposable {
  readonly #blob: BlobReader;
  readonly #offset: number;
  readonly #watch: Watch;
  readonly #resources: AsyncDisposable;

  /** Begins at `offset`. `resources` are released with the reader, the blob and the slot among them. */
  constructor(
    blob: BlobReader,
    offset: number,
    watch: Watch,
    resources: AsyncDisposable,
  ) {
    this.#blob = blob;
    this.#offset = offset;
    this.#watch = watch;
    this.#resources = resources;
  }

  /** A chunk is valid until the next is asked for: all of them use the same memory. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    const chunk = new Uint8Array(Math.min(LIMITS.chunk, this.#blob.length));
    for (let at = this.#offset; at < this.#blob.length;) {
      await this.#watch.check();
      const length = await this.#blob.into(chunk, at);
      if (length === 0) throw new Error("Cannot read a file: it became shorter");
      yield chunk.subarray(0, length);
      this.#watch.slot.moved(length);
      at += length;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources[Symbol.asyncDispose]();
  }
}
