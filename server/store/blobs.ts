/**
 * The bytes of files, on the disk: a folder with a file (0600) for each blob, named by a ULID. It
 * does not know which file a blob belongs to, or whether it is complete; the store does.
 *
 * A blob grows at its end, and is hashed as it grows; earlier bytes are hashed again when it is
 * opened. Only the piece that is being written is in memory.
 */
import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, opendir, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { isUlid } from "../../protocol/names.ts";
import { errorCode } from "../../protocol/system_error.ts";
import { StoreError } from "./error.ts";

export interface Blobs {
  /** Opens a blob to append to it. A blob that is longer than `size` is emptied first. */
  write(blob: string, size: number): Promise<BlobWriter>;
  /** `undefined` if it does not exist. */
  read(blob: string): Promise<BlobReader | undefined>;
  /** Its length; 0 if it does not exist. */
  length(blob: string): Promise<number>;
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

/** Bytes that are read at once when a blob is hashed again. */
const PIECE = 256 * 1024;
/** Bytes between two syncs: a message that is being stored waits for at most so many. */
const SYNC = 4 * 1024 * 1024;
const FULL = new Set(["ENOSPC", "EDQUOT"]);

/** The folder MUST exist, and only its owner may have access to it. */
export class DiskBlobs implements Blobs {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async write(blob: string, size: number): Promise<BlobWriter> {
    const file = await open(this.#path(blob), constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      const hash = createHash("sha256");
      let length = (await file.stat()).size;
      if (length > size) {
        await file.truncate();
        length = 0;
      }
      await hashAgain(file, hash, length);
      return new DiskWriter(file, this.#folder, length, hash);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async read(blob: string): Promise<BlobReader | undefined> {
    let file: FileHandle;
    try {
      file = await open(this.#path(blob), "r");
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
    try {
      return new DiskReader(file, (await file.stat()).size);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async length(blob: string): Promise<number> {
    try {
      return (await stat(this.#path(blob))).size;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return 0;
      throw error;
    }
  }

  remove(blob: string): Promise<void> {
    return rm(this.#path(blob), { force: true });
  }

  async *names(): AsyncIterable<string> {
    for await (const { name } of await opendir(this.#folder)) {
      if (isUlid(name)) yield name;
    }
  }

  async free(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#folder);
    return bavail * bsize;
  }

  #path(blob: string): string {
    // A name must not lead out of the folder.
    if (!isUlid(blob)) throw new Error("Cannot open a blob: that is not a ULID");
    return join(this.#folder, blob);
  }
}

class DiskWriter implements BlobWriter {
  readonly #file: FileHandle;
  readonly #folder: string;
  readonly #hash: Hash;
  #length: number;
  #unsynced = 0;

  constructor(file: FileHandle, folder: string, length: number, hash: Hash) {
    this.#file = file;
    this.#folder = folder;
    this.#length = length;
    this.#hash = hash;
  }

  get length(): number {
    return this.#length;
  }

  async append(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) {
        const left = bytes.length - at;
        const { bytesWritten } = await this.#file.write(bytes, at, left, this.#length + at);
        at += bytesWritten;
      }
      this.#hash.update(bytes);
      this.#length += bytes.length;
      this.#unsynced += bytes.length;
      if (this.#unsynced >= SYNC) {
        this.#unsynced = 0;
        await this.#file.datasync();
      }
    } catch (cause) {
      if (FULL.has(errorCode(cause) ?? "")) {
        throw new StoreError("disk_full", "The disk is full", { cause });
      }
      throw cause;
    }
  }

  async finish(): Promise<Uint8Array> {
    await this.#file.sync();
    await syncFolder(this.#folder);
    return new Uint8Array(this.#hash.digest());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close();
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

async function hashAgain(file: FileHandle, hash: Hash, length: number): Promise<void> {
  const piece = new Uint8Array(Math.min(PIECE, length));
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(piece, 0, Math.min(PIECE, length - at), at);
    if (bytesRead === 0) throw new Error("Cannot read a blob: it became shorter");
    hash.update(piece.subarray(0, bytesRead));
    at += bytesRead;
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
