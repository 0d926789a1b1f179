/**
 * Errors of the operating system, as Node.js reports them: their codes for decisions, plain words
 * for people. Pure: it needs nothing of Node.js.
 */

/** `ENOENT` and the like; `undefined` for any other failure. */
export function errorCode(failure: unknown): string | undefined {
  const code = failure instanceof Error && "code" in failure ? failure.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** What went wrong, to follow a colon: `permission denied`. */
export function describeSystemError(failure: unknown): string {
  const code = errorCode(failure);
  if (code !== undefined) return WORDS.get(code) ?? `error ${code}`;
  return failure instanceof Error ? failure.message : String(failure);
}

const WORDS: ReadonlyMap<string, string> = new Map([
  ["EACCES", "permission denied"],
  ["EBUSY", "another program is using it"],
  ["EDQUOT", "your disk quota is used up"],
  ["EEXIST", "a file of that name exists"],
  ["EIO", "the disk reported an error"],
  ["EISDIR", "it is a folder"],
  ["ELOOP", "too many symbolic links"],
  ["EMFILE", "too many files are open"],
  ["ENAMETOOLONG", "the name is too long"],
  ["ENFILE", "too many files are open"],
  ["ENOENT", "there is no such file or folder"],
  ["ENOSPC", "the disk is full"],
  ["ENOTDIR", "part of the path is not a folder"],
  ["EPERM", "permission denied"],
  ["EROFS", "the file system is read-only"],
]);
