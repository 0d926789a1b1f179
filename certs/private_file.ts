/**
 * Small files that only their owner may read: keys. They are made once, whole, and never changed.
 *
 * The contract:
 * 1. A file is there with all of its bytes, on the disk, or it is not there.
 * 2. What is there is never written over. Of two processes that make it at once, one wins, and the
 *    other is told so and reads what the winner wrote.
 * 3. A file that others may read is refused. (POSIX modes mean nothing on Windows; there this file
 *    checks none.)
 */
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, link, mkdir, open, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { describeSystemError, errorCode } from "../protocol/system_error.ts";

const HAS_MODES = process.platform !== "win32";
/** A certificate chain is a few kilobytes; nothing here is ever near this. */
const MAX_BYTES = 1024 * 1024;
/** What file systems without hard links (FAT, some network shares) say to `link`. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EXDEV"]);

/** A private file or its folder is not as it has to be. The message says what to do. */
export class PrivateFileError extends Error {
  override readonly name = "PrivateFileError";
  readonly code: "unreadable" | "permissions" | "unwritable";

  constructor(code: PrivateFileError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Makes the folder (0700) where there is none; refuses one in which others could replace a key. */
export async function makePrivateFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw unwritable(folder, cause);
  }
  const { mode } = await stat(folder);
  if (HAS_MODES && (mode & 0o022) !== 0) {
    throw new PrivateFileError(
      "permissions",
      `Cannot keep keys in ${folder}: others may write to it (mode ${octal(mode)}). ` +
        `Run: chmod 700 ${folder}`,
    );
  }
}

/** Refuses a folder (0700) into which others may look. One that is not there is as good. */
export async function checkPrivateFolder(folder: string): Promise<void> {
  let mode: number;
  try {
    ({ mode } = await stat(folder));
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return;
    throw new PrivateFileError(
      "unreadable",
      `Cannot read ${folder}: ${describeSystemError(cause)}`,
      {
        cause,
      },
    );
  }
  if (!HAS_MODES || (mode & 0o077) === 0) return;
  throw new PrivateFileError(
    "permissions",
    `Cannot use ${folder}: others may look into it (mode ${octal(mode)}). Run: chmod 700 ${folder}`,
  );
}

/** The file's text; `undefined` when there is none. */
export function readPrivateFile(path: string): Promise<string | undefined> {
  return read(path, "private");
}

/** Like `readPrivateFile`, for a file that anybody may read. */
export function readPublicFile(path: string): Promise<string | undefined> {
  return read(path, "public");
}

/** Writes the file (0600) unless there is one; says whether it did. */
export async function writePrivateFileOnce(path: string, text: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    const won = await publish(draft, path);
    await syncFolder(dirname(path));
    return won;
  } catch (cause) {
    throw unwritable(path, cause);
  } finally {
    await unlink(draft).catch(() => {}); // Not there if it could not be made.
  }
}

async function read(path: string, kind: "private" | "public"): Promise<string | undefined> {
  let file;
  try {
    file = await open(path, "r");
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return undefined;
    throw new PrivateFileError("unreadable", `Cannot read ${path}: ${describeSystemError(cause)}`, {
      cause,
    });
  }
  try {
    const { mode, uid, size } = await file.stat();
    // As PostgreSQL does: a file of root's may be open to one group, that of the service.
    const forbidden = uid === 0 ? 0o037 : 0o077;
    if (kind === "private" && HAS_MODES && (mode & forbidden) !== 0) {
      throw new PrivateFileError(
        "permissions",
        `Cannot use ${path}: others may read it (mode ${octal(mode)}). Run: chmod 600 ${path}`,
      );
    }
    if (size > MAX_BYTES) {
      throw new PrivateFileError("unreadable", `Cannot read ${path}: it has ${size} bytes`);
    }
    return await file.readFile("utf8");
  } catch (cause) {
    if (cause instanceof PrivateFileError) throw cause;
    throw new PrivateFileError("unreadable", `Cannot read ${path}: ${describeSystemError(cause)}`, {
      cause,
    });
  } finally {
    await file.close();
  }
}

/** Gives the finished draft its name, if that is free. `link` is atomic, and never replaces. */
async function publish(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (cause) {
    if (errorCode(cause) === "EEXIST") return false;
    if (!NO_LINKS.has(errorCode(cause) ?? "")) throw cause;
  }
  try {
    await copyFile(draft, path, constants.COPYFILE_EXCL);
    return true;
  } catch (cause) {
    if (errorCode(cause) === "EEXIST") return false;
    throw cause;
  }
}

/** Makes the new name itself survive a power cut. Windows cannot, and does not need it. */
async function syncFolder(folder: string): Promise<void> {
  if (!HAS_MODES) return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function unwritable(path: string, cause: unknown): PrivateFileError {
  return new PrivateFileError("unwritable", `Cannot write ${path}: ${describeSystemError(cause)}`, {
    cause,
  });
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, "0");
}
