/**
 * Files: who may upload and download which, how much they may take up, and when they are removed.
 * Their bytes are on the disk (`store/blobs.ts`), and pass through `incoming_file.ts` and
 * `file_reader.ts`. The server never learns the name of a file.
 *
 * 1. A file is complete when all of its bytes are on the disk and have the hash that was announced.
 *    Until then it cannot be downloaded, and its upload can be resumed where it stopped.
 * 2. An announced file counts against the account's quota from the beginning.
 * 3. Of two uploads of one file at once, the newer one goes on: its sender has connected again.
 * 4. What is refused changes nothing, and throws a `ProtocolError`.
 * 5. Files share bytes only if the same account uploaded them: it has sent all of them before.
 * 6. A blob is made before its file's row, and removed after the last row that has it. So a crash may
 *    leave a blob without a file, which the next start removes, and never a file without its blob.
 */
import { randomBytes } from "@noble/hashes/utils.js";
import type { Clock } from "../../protocol/clock.ts";
import { type ErrorCode, ProtocolError } from "../../protocol/errors.ts";
import type { ClientFrames } from "../../protocol/frame.ts";
import { SerialQueue } from "../../protocol/serial_queue.ts";
import { formatSize } from "../../protocol/size.ts";
import { blobName, NAME_BYTES } from "../store/blob_name.ts";
import type { Blobs, BlobWriter } from "../store/blobs.ts";
import type { FileRow, FileStore } from "../store/files.ts";
import { orDiskFull } from "./disk_full.ts";
import { FileReader } from "./file_reader.ts";
import { IncomingFile } from "./incoming_file.ts";
import type { SignedInSession } from "./signed_in_session.ts";
import { type SlotLimits, TransferSlots, type TransferStream } from "./transfer_slots.ts";

export interface FileLimits extends SlotLimits {
  /** Bytes of one file. */
  readonly largest: number;
  /** Bytes of an account's files. */
  readonly quota: number;
  /** Files of an account: each takes a row, however small it is. */
  readonly count: number;
  /** Bytes that stay free on the disk. */
  readonly spare: number;
  /** Milliseconds that a complete file is kept, and an incomplete one. */
  readonly keep: number;
  readonly keepPart: number;
}

interface FilesOptions {
  readonly store: FileStore;
  readonly blobs: Blobs;
  readonly conversations: {
    /** Why the session may not read or write there. */
    accessError(session: SignedInSession, conversation: string): Promise<ErrorCode | undefined>;
  };
  readonly clock: Clock;
  readonly limits: FileLimits;
  /** Bytes that cannot be guessed: blobs are named by them. */
  readonly random?: ((length: number) => Uint8Array) | undefined;
}

type Upload = ClientFrames["upload"];

/** Milliseconds between two checks that a download is still allowed. */
const CHECK = 1_000;

/** A file, and the writer of its blob; a complete one has none. */
interface Opened {
  readonly row: FileRow;
  readonly writer?: BlobWriter;
}

interface ActiveUpload {
  readonly file: string;
  readonly stream: TransferStream;
  /** Resolves when the upload has ended. */
  readonly ended: Promise<void>;
}

export class Files implements AsyncDisposable {
  readonly #options: FilesOptions;
  readonly #slots: TransferSlots;
  /** By account and file. */
  readonly #uploads = new Map<string, ActiveUpload>();
  readonly #incoming = new Set<IncomingFile>();
  /** Changes of rows and blobs: what was checked still holds when the change is made. */
  readonly #changes = new SerialQueue();

  constructor(options: FilesOptions) {
    this.#options = options;
    this.#slots = new TransferSlots(options.limits, options.clock);
  }

  /** Uploads and downloads that are under way. */
  get transfers(): number {
    return this.#slots.count();
  }

  /** Those of one session. */
  transfersOf(session: SignedInSession): number {
    return this.#slots.count(session);
  }

  /** Begins an upload, or resumes one. `complete` ends it. */
  async startUpload(
    session: SignedInSession,
    request: Upload,
    stream: TransferStream,
  ): Promise<IncomingFile> {
    const { conversations, limits } = this.#options;
    if (request.size > limits.largest) {
      const most = `A file may have at most ${formatSize(limits.largest)} here.`;
      throw new ProtocolError("file_too_large", most);
    }
    const denied = await conversations.accessError(session, request.conversation);
    if (denied !== undefined) throw new ProtocolError(denied);

    await using acquired = new AsyncDisposableStack();
    const slot = acquired.use(this.#slots.take(session, stream));
    const { older } = acquired.use(this.#register(session, request.file, stream));
    await older?.ended;
    return await this.#changes.run(async () => {
      const { row, writer } = await orDiskFull(this.#announce(session, request));
      if (writer !== undefined) acquired.use(writer);
      const resources = acquired.move();
      const file = new IncomingFile(row, writer, slot, resources);
      this.#incoming.add(file);
      resources.defer(() => void this.#incoming.delete(file));
      return file;
    });
  }

  /**
   * All bytes have come. When it resolves, the members of the conversation may download the file. The
   * account MUST still be one of them.
   */
  async complete(session: SignedInSession, file: IncomingFile): Promise<void> {
    const { conversations, store, clock } = this.#options;
    const { row } = file;
    if (row.complete) return;
    const refusal = !await file.sync()
      ? "damaged_file"
      : await conversations.accessError(session, row.conversation);
    if (refusal !== undefined) {
      await this.#changes.run(() => this.#remove(row.file));
      throw new ProtocolError(refusal);
    }
    if (!await store.complete(row.file, clock.time())) {
      throw new ProtocolError("unknown_conversation");
    }
  }

  /** Opens a complete file, to be read from an offset on. */
  async openDownload(
    session: SignedInSession,
    request: ClientFrames["download"],
    stream: TransferStream,
  ): Promise<FileReader> {
    const { file, offset } = request;
    const row = await this.#readable(session, file);
    if (offset > row.size) {
      const message = `The offset ${offset} is past the end: the file has ${row.size} bytes.`;
      throw new ProtocolError("bad_frame", message);
    }
    await using acquired = new AsyncDisposableStack();
    const slot = acquired.use(this.#slots.take(session, stream));
    const blob = await this.#options.blobs.read(row.blob);
    if (blob === undefined) throw new ProtocolError("no_such_file");
    acquired.use(blob);
    if (blob.length !== row.size) throw new ProtocolError("no_such_file");
    const check = this.#checkNowAndThen(() => this.#readable(session, file));
    return new FileReader(blob, offset, { slot, check }, acquired.move());
  }

  /**
   * Removes at most `limit` files that are too old or were sent to a deleted group. `false`: none
   * are left.
   */
  async removeExpired(limit: number): Promise<boolean> {
    const { store, clock, limits } = this.#options;
    const now = clock.time();
    const [completed, begun] = [now - limits.keep, now - limits.keepPart] as const;
    const old = await store.expired(completed, begun, limit);
    for (const file of old) await this.#changes.run(() => this.#expire(file, completed, begun));
    return old.length === limit;
  }

  /** Removes blobs that belong to no file: a crash may leave some. */
  async removeOrphans(): Promise<void> {
    const { store, blobs } = this.#options;
    for await (const blob of blobs.names()) {
      await this.#changes.run(async () => {
        if (!await store.hasBlob(blob)) await blobs.remove(blob);
      });
    }
  }

  /** Waits until all transfers have ended. Their connections MUST have closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#changes.idle();
    await this.#slots.idle();
  }

  /** A complete file that the account may have. Throws `no_such_file`. */
  async #readable(session: SignedInSession, file: string): Promise<FileRow> {
    const { conversations, store } = this.#options;
    const row = await store.get(file);
    // The answer does not tell a file that the account may not have from one that does not exist.
    if (
      !row?.complete || await conversations.accessError(session, row.conversation) !== undefined
    ) {
      throw new ProtocolError("no_such_file");
    }
    return row;
  }

  /** Makes a check that is carried out once in `CHECK`, however often it is called. */
  #checkNowAndThen(check: () => Promise<unknown>): () => Promise<void> {
    const { clock } = this.#options;
    let checkedAt = clock.now();
    return async () => {
      const now = clock.now();
      if (now - checkedAt < CHECK) return;
      checkedAt = now;
      await check();
    };
  }

  /** Abandons the older upload of the same file, if there is one; wait for its end. */
  #register(
    session: SignedInSession,
    file: string,
    stream: TransferStream,
  ): Disposable & { readonly older: ActiveUpload | undefined } {
    const key = `${session.account.name}/${file}`;
    const older = this.#uploads.get(key);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const upload: ActiveUpload = { file, stream, ended };
    this.#uploads.set(key, upload);
    older?.stream.abandon();
    return {
      older,
      [Symbol.dispose]: () => {
        if (this.#uploads.get(key) === upload) this.#uploads.delete(key);
        end();
      },
    };
  }

  /** Opens the file's own blob, that of an equal file, or a new one. */
  async #announce(session: SignedInSession, request: Upload): Promise<Opened> {
    const { store, clock, random = randomBytes } = this.#options;
    const { file, conversation, size, hash } = request;
    const account = session.account.name;
    const found = await store.get(file);
    if (found !== undefined) {
      if (!isSame(found, account, request)) throw new ProtocolError("other_file");
      const opened = await this.#reopen(found);
      if (opened !== undefined) return opened;
      // Its bytes are lost: it begins anew.
      await this.#remove(file);
    }
    await this.#checkCount(account);
    const row = { file, account, conversation, size, hash, at: clock.time() };
    const equal = await this.#findEqual(row);
    if (equal !== undefined) {
      const twin = { ...row, blob: equal.blob, complete: true };
      if (await store.add(twin)) return { row: twin };
      throw new ProtocolError("other_file");
    }
    await this.#checkQuota(account, size);
    return await this.#create({ ...row, blob: blobName(random(NAME_BYTES)), complete: false });
  }

  /** `undefined`: the blob is not there, or not as it was. */
  async #reopen(row: FileRow): Promise<Opened | undefined> {
    const { store, blobs, clock } = this.#options;
    if (row.complete) return await blobs.length(row.blob) === row.size ? { row } : undefined;
    await using acquired = new AsyncDisposableStack();
    const writer = await blobs.open(row.blob);
    if (writer === undefined) return undefined;
    acquired.use(writer);
    if (writer.length > row.size) return undefined;
    await this.#checkDisk(row.size - writer.length);
    await store.touch(row.file, clock.time());
    acquired.move();
    return { row, writer };
  }

  /** A file with the same bytes, all of which the account has sent. */
  async #findEqual({ account, hash, size }: Omit<FileRow, "blob" | "complete">) {
    const { store, blobs } = this.#options;
    const equal = await store.findEqual(account, hash, size);
    return equal && await blobs.length(equal.blob) === size ? equal : undefined;
  }

  /** First the blob, then the row (rule 6). */
  async #create(row: FileRow): Promise<Opened> {
    const { store, blobs } = this.#options;
    const writer = await blobs.create(row.blob);
    await using acquired = new AsyncDisposableStack();
    acquired.defer(async () => {
      await writer[Symbol.asyncDispose]();
      // The row may be there although adding it failed: it may not have reached the disk.
      if (!await store.hasBlob(row.blob)) await blobs.remove(row.blob);
    });
    if (!await store.add(row)) throw new ProtocolError("other_file");
    acquired.move();
    return { row, writer };
  }

  async #checkCount(account: string): Promise<void> {
    const { store, limits } = this.#options;
    if (await store.count(account) < limits.count) return;
    const message = `You have ${limits.count} files here, which is the limit.`;
    throw new ProtocolError("quota_exceeded", message);
  }

  async #checkQuota(account: string, size: number): Promise<void> {
    const { store, limits } = this.#options;
    const left = limits.quota - await store.usedBytes(account);
    if (size > left) {
      const days = Math.ceil(limits.keep / (24 * 60 * 60 * 1000));
      throw new ProtocolError(
        "quota_exceeded",
        `The file has ${formatSize(size)}, and ${formatSize(Math.max(0, left))} of your ` +
          `${formatSize(limits.quota)} are free. Files are kept for ${days} days.`,
      );
    }
    await this.#checkDisk(size);
  }

  /** Bytes that other uploads have announced count as written. */
  async #checkDisk(size: number): Promise<void> {
    const { blobs, limits } = this.#options;
    let announced = 0;
    for (const file of this.#incoming) announced += file.left;
    if (await blobs.free() - announced - size >= limits.spare) return;
    throw new ProtocolError("disk_full");
  }

  /** Removes a file that has expired, unless its upload goes on. */
  async #expire(file: string, completed: number, begun: number): Promise<void> {
    const { store, clock } = this.#options;
    const active = [...this.#uploads.values()].find((upload) => upload.file === file);
    if (active === undefined) return await this.#remove(file, completed, begun);
    // The upload of a file that no account may download ends. The file goes the next time.
    if (!await store.touch(file, clock.time())) active.stream.abandon();
  }

  /** First the row, then the blob (rule 6). */
  async #remove(file: string, completed?: number, begun?: number): Promise<void> {
    const { store, blobs } = this.#options;
    const blob = await store.remove(file, completed, begun);
    if (blob !== undefined) await blobs.remove(blob);
  }
}

function isSame(row: FileRow, account: string, { conversation, size, hash }: Upload): boolean {
  return row.account === account && row.conversation === conversation && row.size === size &&
    row.hash.every((byte, index) => byte === hash[index]);
}
