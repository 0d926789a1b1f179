/**
 * Small files that only their owner may read, such as keys. They are written once and never changed.
 *
 * 1. A file MUST exist on the disk with all of its bytes, or not at all.
 * 2. An existing file MUST NOT be overwritten. If two processes write it at once, one wins, and the
 *    other gets `false` and reads the winner's file.
 * 3. A file that others may read MUST be refused. (Windows has no POSIX modes, so this is not checked
 *    there.)
 */
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, link, mkdir, open, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { describeSystemError, errorCode } from "../protocol/system_error.ts";

const HAS_MODES = process.platform !== "win32";
/** A certificate chain has a few kilobytes. */
const MAX_BYTES = 1024 * 1024;
/** The errors of `link` on file systems without hard links (FAT, some network shares). */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EXDEV"]);

/** A private file or its folder cannot be used. The message says what to do. */
export class PrivateFileError extends Error {
  override readonly name = "PrivateFileError";
  readonly code: "unreadable" | "permissions" | "unwritable";

  constructor(code: PrivateFileError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Makes the folder (0700) if there is none. Refuses one in which others could replace a key. */
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

/** Refuses a folder that others may read. A missing folder is fine. */
export async function checkPrivateFolder(folder: string): Promise<void> {
  let mode: number;
  try {
    ({ mode } = await stat(folder));
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return;
    throw unreadable(folder, cause);
  }
  if (!HAS_MODES || (mode & 0o077) === 0) return;
  throw new PrivateFileError(
    "permissions",
    `Cannot use ${folder}: others may read it (mode ${octal(mode)}). Run: chmod 700 ${folder}`,
  );
}

/** The file's text; `undefined` when there is none. */
export function readPrivateFile(path: string): Promise<string | undefined> {
  return read(path, "private");
}

/** Like `readPrivateFile`, for a file that others may read. */
export function readPublicFile(path: string): Promise<string | undefined> {
  return read(path, "public");
}

/** Writes the file (0600) unless it exists. Returns whether it did. */
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
    await unlink(draft).catch(() => {}); // It may not exist.
  }
}

async function read(path: string, kind: "private" | "public"): Promise<string | undefined> {
  let file;
  try {
    file = await open(path, "r");
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return undefined;
    throw unreadable(path, cause);
  }
  try {
    const { mode, uid, size } = await file.stat();
    // As PostgreSQL does: a file of root may be readable by one group, that of the service.
    const forbidden = uid === 0 ? 0o037 : 0o077;
    if (kind === "private" && HAS_MODES && (mode & forbidden) !== 0) {
      throw new PrivateFileError(
        "permissions",
        `Cannot use ${path}: others may read it (mode ${octal(mode)}). Run: chmod 600 ${path}`,
      );
    }
    if (size > MAX_BYTES) {
      const message = `Cannot read ${path}: it has ${size} bytes, and is no key or certificate`;
      throw new PrivateFileError("unreadable", message);
    }
    return await file.readFile("utf8");
  } catch (cause) {
    if (cause instanceof PrivateFileError) throw cause;
    throw unreadable(path, cause);
  } finally {
    await file.close();
  }
}

/** Gives the finished draft its name if no file has it. `link` is atomic and never overwrites. */
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

/** Makes the new name survive a power cut. Windows cannot, and does not need it. */
async function syncFolder(folder: string): Promise<void> {
  if (!HAS_MODES) return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function unreadable(path: string, cause: unknown): PrivateFileError {
  return new PrivateFileError("unreadable", `Cannot read ${path}: ${describeSystemError(cause)}`, {
    cause,
  });
}

function unwritable(path: string, cause: unknown): PrivateFileError {
  return new PrivateFileError("unwritable", `Cannot write ${path}: ${describeSystemError(cause)}`, {
    cause,
  });
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, "0");
}
