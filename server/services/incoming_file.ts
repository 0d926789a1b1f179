/** A file that is being uploaded: what was announced, and the bytes that are on the disk so far. */
import { assert } from "../../protocol/assert.ts";
import type { BlobWriter } from "../store/blobs.ts";
import type { FileRow } from "../store/files.ts";
import { orDiskFull } from "./disk_full.ts";
import type { Slot } from "./transfer_slots.ts";

export class IncomingFile implements AsyncDisposable {
  readonly row: FileRow;
  /** `undefined`: all bytes are there already. */
  readonly #writer: BlobWriter | undefined;
  readonly #slot: Pick<Slot, "moved">;
  readonly #resources: AsyncDisposable;

  /** `resources` are released with the file, the writer and the slot among them. */
  constructor(
    row: FileRow,
    writer: BlobWriter | undefined,
    slot: Pick<Slot, "moved">,
    resources: AsyncDisposable,
  ) {
    assert(row.complete === (writer === undefined), "only an incomplete file has a writer");
    this.row = row;
    this.#writer = writer;
    this.#slot = slot;
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
    if (this.#writer !== undefined) await orDiskFull(this.#writer.append(bytes));
    this.#slot.moved(bytes.length);
  }

  /** Syncs all bytes to the disk. Returns whether they have the announced hash. Throws `disk_full`. */
  async sync(): Promise<boolean> {
    assert(this.left === 0, "a file is synced when all of its bytes have come");
    if (this.#writer === undefined) return true;
    const hash = await orDiskFull(this.#writer.finish());
    return this.row.hash.every((byte, index) => byte === hash[index]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources[Symbol.asyncDispose]();
  }
}
