/**
 * A file to send, on the disk. It is opened once, hashed, and then read from wherever the server
 * wants it. It stays open to the end, so that a file which takes its name is not sent in its place;
 * a change of its content is detected by its size and modification time.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { assert } from "../../protocol/assert.ts";
import { describeSystemError, errorCode } from "../../protocol/system_error.ts";
import type { UploadFile } from "../files/file_store.ts";
import { RefusedError } from "../session/refused_error.ts";

/** Bytes read at once for the hash. */
const STEP = 256 * 1024;

export class DiskUpload implements UploadFile {
  readonly name: string;
  readonly size: number;
  readonly #path: string;
  /** Milliseconds since 1970. */
  readonly #modified: number;
  readonly #file: FileHandle;
  #hash: Promise<Uint8Array> | undefined;
  #disposed = false;

  /** Opens the file at the path that a person typed; `home` replaces `~`. Throws `RefusedError`. */
  static async open(typed: string, home: string): Promise<DiskUpload> {
    const path = /^~[/\\]/.test(typed) ? join(home, typed.slice(2)) : typed;
    try {
      // Before it is opened: to open a FIFO waits for its writer, to open a device may do anything.
      checkKind(await stat(path), path);
      const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      try {
        const stats = await file.stat();
        checkKind(stats, path);
        return new DiskUpload(file, await realpath(path), stats);
      } catch (failure) {
        await file.close();
        throw failure;
      }
    } catch (failure) {
      if (failure instanceof RefusedError) throw failure;
      throw unreadable(path, failure);
    }
  }

  private constructor(file: FileHandle, path: string, stats: { size: number; mtimeMs: number }) {
    this.#file = file;
    this.#path = path;
    this.#modified = stats.mtimeMs;
    this.name = basename(path);
    this.size = stats.size;
  }

  hash(onRead: (bytes: number) => void): Promise<Uint8Array> {
    return this.#hash ??= this.#readForHash(onRead);
  }

  async read(buffer: Uint8Array, offset: number): Promise<Uint8Array> {
    const length = Math.min(buffer.length, this.size - offset);
    assert(length > 0, "a file is read before its end");
    try {
      const { bytesRead } = await this.#file.read(buffer, 0, length, offset);
      if (bytesRead === 0) throw changed();
      return buffer.subarray(0, bytesRead);
    } catch (failure) {
      if (failure instanceof RefusedError) throw failure;
      throw unreadable(this.#path, failure);
    }
  }

  async check(): Promise<void> {
    const { size, mtimeMs } = await this.#file.stat();
    if (size !== this.size || mtimeMs !== this.#modified) throw changed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    assert(!this.#disposed, "a file is closed once");
    this.#disposed = true;
    await this.#hash?.catch(() => {}); // Its caller has the failure.
    await this.#file.close();
  }

  async #readForHash(onRead: (bytes: number) => void): Promise<Uint8Array> {
    // Native: noble's takes eight times as long (docs/decisions/files.md).
    const hash = createHash("sha256");
    const buffer = new Uint8Array(STEP);
    for (let offset = 0; offset < this.size && !this.#disposed;) {
      const bytes = await this.read(buffer, offset);
      hash.update(bytes);
      offset += bytes.length;
      onRead(bytes.length);
    }
    if (this.#disposed) throw new Error("The file was closed while it was hashed");
    await this.check();
    return new Uint8Array(hash.digest());
  }
}

function checkKind(
  stats: { isFile: () => boolean; isDirectory: () => boolean },
  path: string,
): void {
  if (stats.isFile()) return;
  const what = stats.isDirectory()
    ? "is a folder. Pack it into one file first, or send the files in it"
    : "is not an ordinary file";
  throw new RefusedError("not_a_file", `Nothing was sent: ${path} ${what}.`);
}

function changed(): RefusedError {
  const message =
    "Not sent: the file changed while it was read. Send it again once it is finished.";
  return new RefusedError("file_changed", message);
}

function unreadable(path: string, failure: unknown): RefusedError {
  switch (errorCode(failure)) {
    case "ENOENT":
    case "ENOTDIR":
    case "ERR_INVALID_ARG_VALUE": // A path with a NUL.
    case "ENAMETOOLONG":
      return new RefusedError("no_file", `Nothing was sent: there is no file ${path}.`);
    case "EACCES":
    case "EPERM":
      return new RefusedError("no_file", `Nothing was sent: you may not read ${path}.`);
    default: {
      const why = describeSystemError(failure);
      return new RefusedError("no_file", `Nothing was sent: ${path} cannot be read: ${why}.`);
    }
  }
}
