/**
 * A file that is sent: opened once, read through for its hash, then read piece by piece wherever the
 * server wants it. It is held open to the end, so that another file of the same name is not taken
 * for it; one that is changed meanwhile is found out.
 *
 * What cannot be sent is a `RefusedError` that says what to do, and nothing was sent.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { RefusedError } from "../session/requests.ts";
import { describeSystemError, errorCode } from "../../protocol/system_error.ts";

/** Bytes read at once for the hash. */
const STEP = 256 * 1024;

export class UploadFile implements AsyncDisposable {
  /** As its folder calls it. */
  readonly name: string;
  /** The same for every way to name it. */
  readonly path: string;
  readonly size: number;
  /** When it was changed last, milliseconds. */
  readonly changed: number;
  readonly #file: FileHandle;
  #hash: Promise<Uint8Array> | undefined;
  #users = 1;

  /** Opens what a person named; `home` is what `~/` stands for. Throws `RefusedError`. */
  static async open(typed: string, home: string): Promise<UploadFile> {
    const path = /^~[/\\]/.test(typed) ? join(home, typed.slice(2)) : typed;
    try {
      // Asked before it is opened: a FIFO, or a device, may do things when it is.
      checkKind(await stat(path), path);
      const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      try {
        const stats = await file.stat();
        checkKind(stats, path);
        return new UploadFile(file, await realpath(path), stats);
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
    this.name = basename(path);
    this.path = path;
    this.size = stats.size;
    this.changed = stats.mtimeMs;
  }

  /** One more holds it; each gives it back by disposing of it once. */
  share(): UploadFile {
    this.#users += 1;
    return this;
  }

  /** SHA-256 of all of it; read once, whoever asks. Throws `RefusedError`. */
  hash(read: (bytes: number) => void = () => {}): Promise<Uint8Array> {
    return this.#hash ??= this.#read(read);
  }

  /** Bytes from `at` on: as many as fit, never none. Throws `RefusedError`. */
  async read(buffer: Uint8Array, at: number): Promise<Uint8Array> {
    const length = Math.min(buffer.length, this.size - at);
    try {
      const { bytesRead } = await this.#file.read(buffer, 0, length, at);
      if (bytesRead === 0) throw changedMeanwhile();
      return buffer.subarray(0, bytesRead);
    } catch (failure) {
      if (failure instanceof RefusedError) throw failure;
      throw unreadable(this.path, failure);
    }
  }

  /** Throws `RefusedError` if it is not any more what was read for the hash. */
  async check(): Promise<void> {
    const { size, mtimeMs } = await this.#file.stat();
    if (size !== this.size || mtimeMs !== this.changed) throw changedMeanwhile();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    await this.#hash?.catch(() => {});
    await this.#file.close();
  }

  async #read(read: (bytes: number) => void): Promise<Uint8Array> {
    // Native: noble's takes eight times as long (docs/decisions/files.md).
    const hash = createHash("sha256");
    const buffer = new Uint8Array(STEP);
    for (let at = 0; at < this.size;) {
      if (this.#users === 0) break; // Nobody waits for it any more.
      const bytes = await this.read(buffer, at);
      hash.update(bytes);
      at += bytes.length;
      read(bytes.length);
    }
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
    : "is no ordinary file";
  throw new RefusedError("not_a_file", `Nothing was sent: ${path} ${what}.`);
}

function changedMeanwhile(): RefusedError {
  const message = "Not sent: it was changed meanwhile. Send it again when it is finished.";
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
    default:
      return new RefusedError(
        "no_file",
        `Nothing was sent: ${path} cannot be read (${describeSystemError(failure)}).`,
      );
  }
}
