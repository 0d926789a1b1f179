/** A file that is being taken in: what has come of it, and whether it is what was announced. */
import { ProtocolError } from "../../protocol/errors.ts";
import { type BlobWriter, DiskFullError } from "../store/blobs.ts";
import type { FileRow } from "../store/file_store.ts";

export interface ReceiptOptions {
  readonly row: FileRow;
  /** `undefined`: all of it is there already. */
  readonly writer: BlobWriter | undefined;
  /** Tells the store that all of it is there; `false`: nobody wants it any more. */
  readonly complete: () => Promise<boolean>;
  /** Forgets the file. */
  readonly forget: () => Promise<void>;
}

export class Receipt implements AsyncDisposable {
  readonly #options: ReceiptOptions;
  #held: AsyncDisposable | undefined;

  constructor(options: ReceiptOptions) {
    this.#options = options;
  }

  /** What has to be let go of at the end. */
  hold(held: AsyncDisposable): void {
    this.#held = held;
  }

  /** Bytes that are there. */
  get length(): number {
    const { row, writer } = this.#options;
    return writer?.length ?? row.size;
  }

  /** Bytes that are still to come. */
  get left(): number {
    return this.#options.row.size - this.length;
  }

  async append(bytes: Uint8Array): Promise<void> {
    try {
      await this.#options.writer?.append(bytes);
    } catch (error) {
      throw error instanceof DiskFullError ? new ProtocolError("disk_full") : error;
    }
  }

  /** When it resolves, the file is kept, and everybody in its conversation may have it. */
  async finish(): Promise<void> {
    const { row, writer, complete, forget } = this.#options;
    if (writer === undefined) return;
    const hash = await writer.finish();
    if (!row.hash.every((byte, index) => byte === hash[index])) {
      await forget();
      throw new ProtocolError("damaged_file");
    }
    if (!await complete()) throw new ProtocolError("unknown_conversation");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held?.[Symbol.asyncDispose]();
  }
}
