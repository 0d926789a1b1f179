/**
 * The bytes of files, on the disk: a folder with a file (0600) for each blob. It does not know which
 * file a blob belongs to, or whether it is complete; the store does.
 *
 * 1. A blob's name is random, and its own: no client chooses it, and it is never given to a second
 *    blob. (Earlier versions named blobs by the ULIDs of files. These keep their names.)
 * 2. A blob grows at its end, and nothing else changes its bytes. It is hashed as it grows; one that
 *    was opened again is hashed when it is finished, so that opening costs nothing.
 * 3. Only the piece that is being written is in memory.
 */
import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, opendir, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { errorCode } from "../../protocol/system_error.ts";
import { isBlobName } from "./blob_name.ts";
import { StoreError } from "./error.ts";

export interface Blobs {
  /**
   * Makes an empty blob, whose name survives a power cut from now on. Throws if the name is taken;
   * throws a `StoreError` (`disk_full`).
   */
  create(blob: string): Promise<BlobWriter>;
  /** Opens a blob to append to it; `undefined` if it does not exist. One writer at a time. */
  open(blob: string): Promise<BlobWriter | undefined>;
  /** `undefined` if it does not exist. */
  read(blob: string): Promise<BlobReader | undefined>;
  /** `undefined` if it does not exist. */
  length(blob: string): Promise<number | undefined>;
  /** No effect if it does not exist. */
  remove(blob: string): Promise<void>;
  names(): AsyncIterable<string>;
  /** Bytes that are free on the disk. */
  free(): Promise<number>;
}

export interface BlobWriter extends AsyncDisposable {
  /** Bytes that are there. */
  readonly length: number;
  /** Throws a `StoreError` (`disk_full`). */
  append(bytes: Uint8Array): Promise<void>;
  /** Resolves with the SHA-256 of the whole when all of it would survive a power cut. */
  finish(): Promise<Uint8Array>;
}

export interface BlobReader extends AsyncDisposable {
  readonly length: number;
  /** Fills the array from an offset on; resolves with the number of bytes, 0 at the end. */
  into(bytes: Uint8Array, offset: number): Promise<number>;
}

/** Resolves when what was written to the file survives a power cut. */
type SyncBlob = (file: FileHandle) => Promise<void>;

/** Bytes that are read at once when a blob is hashed again. */
const PIECE = 256 * 1024;
/** Bytes between two syncs: a message that is being stored waits for at most so many. */
const SYNC = 4 * 1024 * 1024;
const FULL = new Set(["ENOSPC", "EDQUOT"]);

/** The folder MUST exist, and only its owner may have access to it. */
export class DiskBlobs implements Blobs {
  readonly #folder: string;
  readonly #sync: SyncBlob;

  /** `sync`: for tests of disks that fail. */
  constructor(folder: string, sync: SyncBlob = (file) => file.datasync()) {
    this.#folder = folder;
    this.#sync = sync;
  }

  async create(blob: string): Promise<BlobWriter> {
    const { O_RDWR, O_CREAT, O_EXCL } = constants;
    const path = this.#path(blob);
    const file = await orFull(open(path, O_RDWR | O_CREAT | O_EXCL, 0o600));
    try {
      await orFull(syncFolder(this.#folder));
      return new DiskWriter(file, this.#sync, 0, createHash("sha256"));
    } catch (error) {
      await file.close();
      await rm(path, { force: true });
      throw error;
    }
  }

  async open(blob: string): Promise<BlobWriter | undefined> {
    const file = await ifExists(open(this.#path(blob), constants.O_RDWR));
    return file && await orClose(file, async () => {
      const { size } = await file.stat();
      return new DiskWriter(file, this.#sync, size);
    });
  }

  async read(blob: string): Promise<BlobReader | undefined> {
    const file = await ifExists(open(this.#path(blob), "r"));
    return file && await orClose(file, async () => new DiskReader(file, (await file.stat()).size));
  }

  async length(blob: string): Promise<number | undefined> {
    return (await ifExists(stat(this.#path(blob))))?.size;
  }

  remove(blob: string): Promise<void> {
    return rm(this.#path(blob), { force: true });
  }

  async *names(): AsyncIterable<string> {
    for await (const entry of await opendir(this.#folder)) {
      if (entry.isFile() && isBlobName(entry.name)) yield entry.name;
    }
  }

  async free(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#folder);
    return bavail * bsize;
  }

  #path(blob: string): string {
    if (!isBlobName(blob)) throw new Error("Cannot open a blob: that is not the name of one");
    return join(this.#folder, blob);
  }
}

class DiskWriter implements BlobWriter {
  readonly #file: FileHandle;
  readonly #syncBlob: SyncBlob;
  /** `undefined`: earlier bytes are not hashed yet. */
  readonly #hash: Hash | undefined;
  #length: number;
  #unsynced = 0;

  constructor(file: FileHandle, syncBlob: SyncBlob, length: number, hash?: Hash) {
    this.#file = file;
    this.#syncBlob = syncBlob;
    this.#length = length;
    this.#hash = hash;
  }

  get length(): number {
    return this.#length;
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const left = bytes.length - at;
      const { bytesWritten } = await orFull(
        this.#file.write(bytes, at, left, this.#length + at),
      );
      at += bytesWritten;
    }
    this.#hash?.update(bytes);
    this.#length += bytes.length;
    this.#unsynced += bytes.length;
    if (this.#unsynced < SYNC) return;
    this.#unsynced = 0;
    await this.#sync();
  }

  async finish(): Promise<Uint8Array> {
    await this.#sync();
    const hash = this.#hash ?? await hashOf(this.#file, this.#length);
    return new Uint8Array(hash.digest());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close();
  }

  /**
   * Empties the blob if that fails: the system may go on showing bytes that the disk does not have,
   * and report no second failure.
   */
  async #sync(): Promise<void> {
    try {
      await orFull(this.#syncBlob(this.#file));
    } catch (error) {
      await this.#file.truncate().catch(() => {});
      throw error;
    }
  }
}

class DiskReader implements BlobReader {
  readonly length: number;
  readonly #file: FileHandle;

  constructor(file: FileHandle, length: number) {
    this.#file = file;
    this.length = length;
  }

  async into(bytes: Uint8Array, offset: number): Promise<number> {
    return (await this.#file.read(bytes, 0, bytes.length, offset)).bytesRead;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close();
  }
}

async function hashOf(file: FileHandle, length: number): Promise<Hash> {
  const hash = createHash("sha256");
  const piece = new Uint8Array(Math.min(PIECE, length));
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(piece, 0, Math.min(PIECE, length - at), at);
    if (bytesRead === 0) throw new Error("Cannot read a blob: it became shorter");
    hash.update(piece.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash;
}

async function ifExists<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Throws a `StoreError` where the disk is full. */
async function orFull<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (!FULL.has(errorCode(cause) ?? "")) throw cause;
    throw new StoreError("disk_full", "The disk is full", { cause });
  }
}

/** Closes the file if `work` throws. */
async function orClose<T>(file: FileHandle, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Makes a new name survive a power cut. Windows cannot do this, and does not need it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
