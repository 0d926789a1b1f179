/** A file that is being uploaded: what was announced, and the bytes that are on the disk so far. */
import { assert } from "../../protocol/assert.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import type { BlobWriter } from "../store/blobs.ts";
import { StoreError } from "../store/error.ts";
import type { FileRow } from "../store/files.ts";

export class IncomingFile implements AsyncDisposable {
  readonly row: FileRow;
  /** `undefined`: all bytes are there already. */
  readonly #writer: BlobWriter | undefined;
  readonly #resources: AsyncDisposable;

  /** `resources` are released with the file, the writer among them. */
  constructor(row: FileRow, writer: BlobWriter | undefined, resources: AsyncDisposable) {
    assert(row.complete === (writer === undefined), "only an incomplete file has a writer");
    this.row = row;
    this.#writer = writer;
    this.#resources = resources;
  }

  /** Bytes that are on the disk. */
  get length(): number {
    return this.#writer?.length ?? this.row.size;
  }

  /** Bytes that are still to come. */
  get left(): number {
    return this.row.size - this.length;
  }

  /** Resolves when the bytes are written. Throws `disk_full`. */
  async append(bytes: Uint8Array): Promise<void> {
    assert(bytes.length <= this.left, "a file takes no more bytes than were announced");
    try {
      await this.#writer?.append(bytes);
    } catch (error) {
      const isFull = error instanceof StoreError && error.code === "disk_full";
      throw isFull ? new ProtocolError("disk_full") : error;
    }
  }

  /** Syncs all bytes to the disk. Returns whether they have the announced hash. */
  async sync(): Promise<boolean> {
    assert(this.left === 0, "a file is synced when all of its bytes have come");
    if (this.#writer === undefined) return true;
    const hash = await this.#writer.finish();
    return this.row.hash.every((byte, index) => byte === hash[index]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources[Symbol.asyncDispose]();
  }
}
