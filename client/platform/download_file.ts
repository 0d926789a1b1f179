/**
 * Where a file that comes is written. The contract:
 *
 * 1. Nothing is written outside the folder, and through no symbolic link in it.
 * 2. Until it is whole it is called `.NAME.FILE.part`; nobody else may read it.
 * 3. It gets its name once its hash is right, and never the place of a file that is there: then it
 *    is `NAME (1)`, `NAME (2)`…
 * 4. What broke off is gone on with, after a restart too: what is there is read for the hash first.
 * 5. Two clients that fetch the same file at once do not disturb each other: each byte is written
 *    at its own place, and is the same.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, lstat, mkdir, open, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { RefusedError } from "../session/requests.ts";
import { describeSystemError, errorCode } from "../../protocol/system_error.ts";
import { numberedName, safeFileName } from "../files/safe_file_name.ts";

/** Bytes read at once of what is there already. */
const STEP = 256 * 1024;
/** Names that are tried before it is given up. */
const MOST_NAMES = 1000;
/** What file systems without hard links (FAT, some network shares) say to `link`. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set([
  ...["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EXDEV", "EMLINK"],
]);
const HAS_MODES = process.platform !== "win32";
/** Windows has neither this flag nor such links for everybody. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

export interface AnnouncedFile {
  /** As the sender calls it. */
  readonly name: string;
  /** A ULID. */
  readonly file: string;
  readonly size: number;
  readonly hash: Uint8Array;
}

/** The name of the file until it is whole. */
export function partName({ name, file }: Pick<AnnouncedFile, "name" | "file">): string {
  return `.${safeFileName(name)}.${file}.part`;
}

export class DownloadFile implements AsyncDisposable {
  readonly #folder: string;
  readonly #expected: AnnouncedFile;
  readonly #part: string;
  readonly #file: FileHandle;
  #hash = createHash("sha256");
  #length = 0;

  /** Makes the folder where there is none, and goes on with what is there. Throws `RefusedError`. */
  static async open(folder: string, expected: AnnouncedFile): Promise<DownloadFile> {
    try {
      await mkdir(folder, { recursive: true });
      const part = join(folder, partName(expected));
      const landing = new DownloadFile(folder, expected, part, await openPart(part));
      try {
        await landing.#resume();
        return landing;
      } catch (failure) {
        await landing[Symbol.asyncDispose]();
        throw failure;
      }
    } catch (failure) {
      throw refusal(failure, folder);
    }
  }

  private constructor(folder: string, expected: AnnouncedFile, part: string, file: FileHandle) {
    this.#folder = folder;
    this.#expected = expected;
    this.#part = part;
    this.#file = file;
  }

  /** Bytes that are there. */
  get length(): number {
    return this.#length;
  }

  /** Writes the bytes that follow. Throws `RefusedError`. */
  async append(bytes: Uint8Array): Promise<void> {
    if (this.#length + bytes.length > this.#expected.size) throw damaged();
    try {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await this.#file.write(
          ...[bytes, at, bytes.length - at, this.#length + at] as const,
        );
        at += bytesWritten;
      }
    } catch (failure) {
      throw refusal(failure, this.#folder);
    }
    this.#hash.update(bytes);
    this.#length += bytes.length;
  }

  /** Checks that it is what was announced, and gives it its name. Throws `RefusedError`. */
  async finish(): Promise<string> {
    const { size, hash } = this.#expected;
    if (this.#length !== size || !this.#hash.digest().equals(hash)) {
      // Nobody knows which of its bytes are wrong.
      await this.discard();
      throw damaged();
    }
    try {
      await this.#file.sync();
      return await this.#name();
    } catch (failure) {
      throw refusal(failure, this.#folder);
    }
  }

  /** Forgets what is there. */
  async discard(): Promise<void> {
    await unlink(this.#part).catch(() => {}); // Somebody did so before.
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  /** Reads what is there for the hash. */
  async #resume(): Promise<void> {
    const { size: there } = await this.#file.stat();
    const { size } = this.#expected;
    if (there > size) {
      await this.#file.truncate(0);
      return;
    }
    const buffer = new Uint8Array(STEP);
    while (this.#length < there) {
      const { bytesRead } = await this.#file.read(buffer, 0, STEP, this.#length);
      if (bytesRead === 0) break;
      this.#hash.update(buffer.subarray(0, bytesRead));
      this.#length += bytesRead;
    }
  }

  /** Gives it the first name that is free. */
  async #name(): Promise<string> {
    const name = safeFileName(this.#expected.name);
    for (let number = 0; number < MOST_NAMES; number++) {
      const path = join(this.#folder, numberedName(name, number));
      try {
        await publish(this.#part, path);
        return path;
      } catch (failure) {
        if (errorCode(failure) === "ENOENT") throw finishedElsewhere(name);
        if (errorCode(failure) !== "EEXIST") throw failure;
      }
    }
    const message = `Not written: ${this.#folder} has ${MOST_NAMES} files of that name already.`;
    throw new RefusedError("not_written", message);
  }
}

/** Forgets what was fetched of a file that nobody wants any more. */
export async function discardPart(folder: string, expected: AnnouncedFile): Promise<void> {
  await unlink(join(folder, partName(expected))).catch(() => {}); // There is none.
}

async function openPart(path: string): Promise<FileHandle> {
  const { O_RDWR, O_CREAT, O_EXCL } = constants;
  try {
    return await open(path, O_RDWR | O_CREAT | O_EXCL | NO_FOLLOW, 0o600);
  } catch (failure) {
    if (errorCode(failure) !== "EEXIST") throw failure;
  }
  const before = await lstat(path);
  if (!before.isFile()) throw odd(path);
  const file = await open(path, O_RDWR | NO_FOLLOW);
  try {
    const { dev, ino, nlink, mode } = await file.stat();
    const same = dev === before.dev && ino === before.ino;
    // One that others may write to, or that has another name too, is not one that was made here.
    if (!same || nlink > 1 || (HAS_MODES && (mode & 0o077) !== 0)) throw odd(path);
    return file;
  } catch (failure) {
    await file.close();
    throw failure;
  }
}

/** Gives the file its name, if that is free; throws `EEXIST` if it is not. `link` is atomic. */
async function publish(part: string, path: string): Promise<void> {
  try {
    await link(part, path);
  } catch (failure) {
    if (!NO_LINKS.has(errorCode(failure))) throw failure;
    // The name is taken with an empty file of our own, which the file then takes the place of.
    await (await open(path, "wx", 0o600)).close();
    return await rename(part, path);
  }
  await unlink(part);
}

function odd(path: string): RefusedError {
  const message = `Not written: ${path} is not what was begun there. Remove it, and accept again.`;
  return new RefusedError("not_written", message);
}

function finishedElsewhere(name: string): RefusedError {
  const message = `Not written once more: another client has finished ${name} meanwhile.`;
  return new RefusedError("not_written", message);
}

function damaged(): RefusedError {
  const message = "What came is not the file that was announced; it was not kept. " +
    "Accept it again, or ask for it to be sent again.";
  return new RefusedError("damaged_file", message);
}

function refusal(failure: unknown, folder: string): RefusedError {
  if (failure instanceof RefusedError) return failure;
  const why = reasons[errorCode(failure) ?? ""] ?? describeSystemError(failure);
  const message = `Not written to ${folder}: ${why}. What came is kept; accept it again.`;
  return new RefusedError("not_written", message);
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "your quota is used up",
  EACCES: "you may not write there",
  EROFS: "nobody may write there",
  EEXIST: "that is no folder",
  ENOTDIR: "that is no folder",
};
