/**
 * Files: who may bring and have which, how much there may be of them, and when they go. Their bytes
 * are `blobs.ts`'s, on their way to and from peers they are `transfer.ts`'s. It never learns what a
 * file is called.
 *
 * 1. A file is complete when all of its bytes are on the disk and have the hash that was announced.
 *    Until then nobody can have it, and its upload can be taken up again where it stopped.
 * 2. What was announced counts against the account's quota from the beginning.
 * 3. Of two uploads of one file at once, the newer one goes on: its sender has connected again.
 * 4. What is refused changes nothing, and throws a `ProtocolError`.
 */
import type { Clock } from "../../protocol/clock.ts";
import { type ErrorCode, ProtocolError } from "../../protocol/errors.ts";
import type { ClientFrames } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { formatSize } from "../../protocol/size.ts";
import type { Blobs } from "../store/blobs.ts";
import type { FileRow, FileStore } from "../store/file_store.ts";
import { Loan } from "./loan.ts";
import { Receipt } from "./receipt.ts";
import type { SignedIn } from "./signed_in.ts";

export interface FileLimits {
  /** Bytes of one file. */
  readonly largest: number;
  /** Bytes of an account's files. */
  readonly quota: number;
  /** Files of an account: each takes a row, however small it is. */
  readonly count: number;
  /** Bytes that stay free on the disk. */
  readonly spare: number;
  /** Uploads and downloads at once, of all connections. */
  readonly transfers: number;
  /** Milliseconds that a complete file is kept, and one that is not. */
  readonly keep: number;
  readonly keepPart: number;
}

export interface FilesOptions {
  readonly store: FileStore;
  readonly blobs: Blobs;
  readonly conversations: {
    /** Why the session may not read or write there. */
    objection(session: SignedIn, conversation: string): Promise<ErrorCode | undefined>;
  };
  readonly clock: Clock;
  readonly limits: FileLimits;
}

type Upload = ClientFrames["upload"];

/** An upload that is under way. */
interface Active {
  readonly file: string;
  readonly abandon: () => void;
  readonly ended: Promise<void>;
}

export class Files implements AsyncDisposable {
  readonly #options: FilesOptions;
  /** By account and file. */
  readonly #uploads = new Map<string, Active>();
  readonly #receipts = new Set<Receipt>();
  /** Uploads and downloads of each session. */
  readonly #transfers = new Map<SignedIn, number>();
  #count = 0;
  /** Resolves waits for the last transfer. */
  #idle = () => {};
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: FilesOptions) {
    this.#options = options;
  }

  /** Takes a file in. `abandon` is called when a newer upload of it has come. */
  async receive(session: SignedIn, request: Upload, abandon: () => void): Promise<Receipt> {
    const { conversations, limits, store, blobs, clock } = this.#options;
    if (request.size > limits.largest) {
      const most = `A file may have at most ${formatSize(limits.largest)} here.`;
      throw new ProtocolError("file_too_large", most);
    }
    const objection = await conversations.objection(session, request.conversation);
    if (objection !== undefined) throw new ProtocolError(objection);

    await using held = new AsyncDisposableStack();
    held.use(this.#take(session));
    const takeOver = this.#takeOver(session, request.file, abandon);
    held.use(takeOver);
    await takeOver.before;
    const row = await this.#inTurn(() => this.#announce(session, request));
    const writer = row.complete ? undefined : held.use(await blobs.write(row.blob, row.size));
    const receipt = new Receipt({
      row,
      writer,
      complete: () => store.complete(row.file, clock.time()),
      forget: () => this.#inTurn(() => this.#forget(row.file)),
    });
    this.#receipts.add(receipt);
    held.defer(() => void this.#receipts.delete(receipt));
    receipt.hold(held.move());
    return receipt;
  }

  /** Gives a file out, from an offset on. */
  async lend(session: SignedIn, request: ClientFrames["download"]): Promise<Loan> {
    const { conversations, store, blobs } = this.#options;
    const { file, offset } = request;
    const row = await store.get(file);
    // What one may not have is not told from what is not there.
    if (!row?.complete || await conversations.objection(session, row.conversation) !== undefined) {
      throw new ProtocolError("no_such_file");
    }
    if (offset > row.size) {
      throw new ProtocolError("bad_frame", `The file has ${row.size} bytes, and no more to give.`);
    }
    await using held = new AsyncDisposableStack();
    held.use(this.#take(session));
    const reader = await blobs.read(row.blob);
    if (reader === undefined) throw new ProtocolError("no_such_file");
    held.use(reader);
    if (reader.length !== row.size) throw new ProtocolError("no_such_file");
    return new Loan(reader, offset, held.move());
  }

  /** Removes what is too old, and what deleted groups have left. `false`: nothing more is left. */
  async sweep(limit: number): Promise<boolean> {
    const { store, clock, limits } = this.#options;
    const now = clock.time();
    const old = await store.old(now - limits.keep, now - limits.keepPart, limit);
    const active = new Set([...this.#uploads.values()].map(({ file }) => file));
    const removed = old.filter((file) => !active.has(file));
    for (const file of removed) await this.#inTurn(() => this.#forget(file));
    return removed.length > 0 && old.length === limit;
  }

  /** Removes blobs that no file has: a crash may leave some. */
  async tidy(): Promise<void> {
    const { store, blobs } = this.#options;
    for await (const blob of blobs.names()) {
      await this.#inTurn(async () => {
        if (!await store.hasBlob(blob)) await blobs.remove(blob);
      });
    }
  }

  /** Waits until all transfers have ended. Their connections MUST have closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    while (this.#count > 0) await new Promise<void>((resolve) => this.#idle = resolve);
  }

  /** The row of an upload: the one that is there, one for bytes that are there, or a new one. */
  async #announce(session: SignedIn, request: Upload): Promise<FileRow> {
    const { store, blobs, clock } = this.#options;
    const { file, conversation, size, hash } = request;
    const account = session.account.name;
    const found = await store.get(file);
    if (found !== undefined) {
      if (!isSame(found, account, request)) throw new ProtocolError("other_file");
      if (!found.complete) {
        await this.#checkDisk(size - await blobs.length(file));
        await store.touch(file, clock.time());
      }
      return found;
    }
    await this.#checkCount(account);
    const twin = await store.same(account, hash, size);
    const complete = twin !== undefined && await blobs.length(twin.blob) === size;
    if (!complete) await this.#checkRoom(account, size);
    const blob = complete ? twin.blob : file;
    const row = { file, account, conversation, size, hash, blob, complete, at: clock.time() };
    if (!await store.add(row)) throw new ProtocolError("other_file");
    return row;
  }

  async #checkCount(account: string): Promise<void> {
    const { store, limits } = this.#options;
    if (await store.count(account) < limits.count) return;
    throw new ProtocolError("quota_exceeded", `You have ${limits.count} files here: no more fit.`);
  }

  async #checkRoom(account: string, size: number): Promise<void> {
    const { store, limits } = this.#options;
    const left = limits.quota - await store.used(account);
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

  /** What other uploads still bring is as good as there. */
  async #checkDisk(size: number): Promise<void> {
    const { blobs, limits } = this.#options;
    let promised = 0;
    for (const receipt of this.#receipts) promised += receipt.left;
    if (await blobs.free() - promised - size >= limits.spare) return;
    throw new ProtocolError("disk_full");
  }

  async #forget(file: string): Promise<void> {
    const { store, blobs } = this.#options;
    const blob = await store.remove(file);
    if (blob !== undefined) await blobs.remove(blob);
  }

  /** Counts a transfer for as long as it is not disposed of. */
  #take(session: SignedIn): Disposable {
    const own = this.#transfers.get(session) ?? 0;
    if (own >= LIMITS.transfers) {
      const message = `${LIMITS.transfers} files are on their way: wait until one has arrived.`;
      throw new ProtocolError("busy", message);
    }
    if (this.#count >= this.#options.limits.transfers) throw new ProtocolError("busy");
    this.#transfers.set(session, own + 1);
    this.#count++;
    return {
      [Symbol.dispose]: () => {
        const rest = (this.#transfers.get(session) ?? 0) - 1;
        if (rest > 0) this.#transfers.set(session, rest);
        else this.#transfers.delete(session);
        if (--this.#count === 0) this.#idle();
      },
    };
  }

  /** Abandons an older upload of the file; `before` resolves when that has ended. */
  #takeOver(session: SignedIn, file: string, abandon: () => void) {
    const key = `${session.account.name}/${file}`;
    const before = this.#uploads.get(key);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const active = { file, abandon, ended };
    this.#uploads.set(key, active);
    before?.abandon();
    return {
      before: before?.ended,
      [Symbol.dispose]: () => {
        if (this.#uploads.get(key) === active) this.#uploads.delete(key);
        end();
      },
    };
  }

  /** One after the other: what was checked still holds when it is done. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#last.then(change);
    this.#last = done.catch(() => {});
    return done;
  }
}

function isSame(row: FileRow, account: string, { conversation, size, hash }: Upload): boolean {
  return row.account === account && row.conversation === conversation && row.size === size &&
    row.hash.every((byte, index) => byte === hash[index]);
}
