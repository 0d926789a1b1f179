/**
 * A file to write, on the disk. The contract:
 *
 * 1. Nothing is written outside the folder, nor through a symbolic link in it.
 * 2. Until the file is complete it is called `.NAME.FILE.part`, and only its owner may read it.
 * 3. It gets its name once its hash is right, and never replaces a file: if the name is taken it
 *    becomes `NAME (1)`, `NAME (2)`…
 * 4. A download that broke off is continued, after a restart too: the bytes on the disk are hashed
 *    first.
 * 5. Two clients that download the same file at once do not disturb each other: both write the same
 *    bytes at the same offsets.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, lstat, mkdir, open, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { assert } from "../../protocol/assert.ts";
import { describeSystemError, errorCode } from "../../protocol/system_error.ts";
import type { AnnouncedFile, DownloadFile } from "../files/file_store.ts";
import { numberedName, safeFileName } from "../files/safe_file_name.ts";
import { RefusedError } from "../session/refused_error.ts";

/** Bytes read at once for the hash of what is on the disk. */
const STEP = 256 * 1024;
/** Names that are tried before the download is refused. */
const MAX_NAMES = 1000;
/** What `link` answers on file systems without hard links (FAT, some network shares). */
const NO_LINKS: ReadonlySet<string | undefined> = new Set([
  ...["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EXDEV", "EMLINK"],
]);
const HAS_MODES = process.platform !== "win32";
/** Windows has no such flag, and ordinary users cannot make symbolic links there. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

/** The name of the file until it is complete. */
export function partName({ name, file }: Pick<AnnouncedFile, "name" | "file">): string {
  return `.${safeFileName(name)}.${file}.part`;
}

export class DiskDownload implements DownloadFile {
  readonly #folder: string;
  readonly #announced: AnnouncedFile;
  readonly #part: string;
  readonly #file: FileHandle;
  readonly #hash = createHash("sha256");
  #length = 0;
  #finished = false;

  /** Makes the folder if there is none, and continues an earlier download. Throws `RefusedError`. */
  static async open(folder: string, announced: AnnouncedFile): Promise<DiskDownload> {
    try {
      await mkdir(folder, { recursive: true });
      const part = join(folder, partName(announced));
      const download = new DiskDownload(folder, announced, part, await openPart(part));
      try {
        await download.#resume();
        return download;
      } catch (failure) {
        await download[Symbol.asyncDispose]();
        throw failure;
      }
    } catch (failure) {
      throw refusal(failure, folder);
    }
  }

  private constructor(folder: string, announced: AnnouncedFile, part: string, file: FileHandle) {
    this.#folder = folder;
    this.#announced = announced;
    this.#part = part;
    this.#file = file;
  }

  get length(): number {
    return this.#length;
  }

  async append(bytes: Uint8Array): Promise<void> {
    assert(!this.#finished, "a finished file is not written to");
    if (this.#length + bytes.length > this.#announced.size) throw damaged();
    try {
      // At its offset, not at the end: another client may be writing the same file (5).
      for (let written = 0; written < bytes.length;) {
        const { bytesWritten } = await this.#file.write(
          ...[bytes, written, bytes.length - written, this.#length + written] as const,
        );
        written += bytesWritten;
      }
    } catch (failure) {
      throw refusal(failure, this.#folder);
    }
    this.#hash.update(bytes);
    this.#length += bytes.length;
  }

  async finish(): Promise<string> {
    assert(!this.#finished, "a file is finished once");
    this.#finished = true;
    const { size, hash } = this.#announced;
    if (this.#length !== size || !this.#hash.digest().equals(hash)) {
      // Which of its bytes are wrong is not known, so none can be kept.
      await discardPart(this.#folder, this.#announced);
      throw damaged();
    }
    try {
      await this.#file.sync();
      return await this.#publish();
    } catch (failure) {
      throw refusal(failure, this.#folder);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  /** Hashes what an earlier download has written. */
  async #resume(): Promise<void> {
    const { size: length } = await this.#file.stat();
    if (length > this.#announced.size) {
      await this.#file.truncate(0);
      return;
    }
    const buffer = new Uint8Array(STEP);
    while (this.#length < length) {
      const { bytesRead } = await this.#file.read(buffer, 0, STEP, this.#length);
      if (bytesRead === 0) break;
      this.#hash.update(buffer.subarray(0, bytesRead));
      this.#length += bytesRead;
    }
  }

  /** Gives the file the first name that is free. */
  async #publish(): Promise<string> {
    const name = safeFileName(this.#announced.name);
    for (let number = 0; number < MAX_NAMES; number++) {
      const path = join(this.#folder, numberedName(name, number));
      try {
        await moveUnlessTaken(this.#part, path);
        return path;
      } catch (failure) {
        if (errorCode(failure) === "ENOENT") throw finishedElsewhere(name);
        if (errorCode(failure) !== "EEXIST") throw failure;
      }
    }
    const message = `Not written: ${this.#folder} has ${MAX_NAMES} files of that name already.`;
    throw new RefusedError("not_written", message);
  }
}

/** Deletes what was written of a file that is not complete. */
export async function discardPart(folder: string, announced: AnnouncedFile): Promise<void> {
  await unlink(join(folder, partName(announced))).catch(() => {}); // There is none.
}

async function openPart(path: string): Promise<FileHandle> {
  const { O_RDWR, O_CREAT, O_EXCL } = constants;
  try {
    return await open(path, O_RDWR | O_CREAT | O_EXCL | NO_FOLLOW, 0o600);
  } catch (failure) {
    if (errorCode(failure) !== "EEXIST") throw failure;
  }
  const before = await lstat(path);
  if (!before.isFile()) throw foreign(path);
  const file = await open(path, O_RDWR | NO_FOLLOW);
  try {
    const { dev, ino, nlink, mode } = await file.stat();
    const same = dev === before.dev && ino === before.ino;
    // A file that others may access, or that has a second name, was not made by this client.
    if (!same || nlink > 1 || (HAS_MODES && (mode & 0o077) !== 0)) throw foreign(path);
    return file;
  } catch (failure) {
    await file.close();
    throw failure;
  }
}

/** Throws the system's `EEXIST` if the name is taken. `link` is atomic; looking first is not. */
async function moveUnlessTaken(part: string, path: string): Promise<void> {
  try {
    await link(part, path);
  } catch (failure) {
    if (!NO_LINKS.has(errorCode(failure))) throw failure;
    // An empty file, made exclusively, takes the name; then the download replaces it.
    await (await open(path, "wx", 0o600)).close();
    return await rename(part, path);
  }
  await unlink(part);
}

function foreign(path: string): RefusedError {
  const message = `Not written: ${path} was not made by this client. Remove it, and accept again.`;
  return new RefusedError("not_written", message);
}

function finishedElsewhere(name: string): RefusedError {
  const message = `Not written again: another client has finished ${name} already.`;
  return new RefusedError("not_written", message);
}

function damaged(): RefusedError {
  const message = "The bytes received are not the file that was announced; they were not kept. " +
    "Accept it again, or ask for it to be sent again.";
  return new RefusedError("damaged_file", message);
}

function refusal(failure: unknown, folder: string): RefusedError {
  if (failure instanceof RefusedError) return failure;
  const code = errorCode(failure);
  // That is what `mkdir` says of a path on which a file stands.
  const why = code === "EEXIST" || code === "ENOTDIR"
    ? "it is not a folder"
    : describeSystemError(failure);
  const message = `Not written to ${folder}: ${why}. What was received is kept; accept it again.`;
  return new RefusedError("not_written", message);
}
