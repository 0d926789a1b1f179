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
  const words = wordsOf(failure);
  if (words !== undefined) return words;
  const code = errorCode(failure);
  if (code !== undefined) return `error ${code}`;
  return failure instanceof Error ? failure.message : String(failure);
}

/** The same; `undefined` for an error that is not known here. */
export function wordsOf(failure: unknown): string | undefined {
  return WORDS.get(errorCode(failure) ?? "");
}

const WORDS: ReadonlyMap<string, string> = new Map([
  ["EACCES", "permission denied"],
  ["EADDRINUSE", "another program is using the port"],
  ["EADDRNOTAVAIL", "this machine does not have that address"],
  ["EBUSY", "another program is using it"],
  ["ECONNREFUSED", "no server listens there"],
  ["ECONNRESET", "the other end closed the connection"],
  ["EDQUOT", "your disk quota is used up"],
  ["EEXIST", "a file of that name exists"],
  ["EHOSTUNREACH", "the network does not reach that address"],
  ["EIO", "the disk reported an error"],
  ["EISDIR", "it is a folder"],
  ["ELOOP", "too many symbolic links"],
  ["EMFILE", "too many files are open"],
  ["ENAMETOOLONG", "the name is too long"],
  ["ENETUNREACH", "the network does not reach that address"],
  ["ENFILE", "too many files are open"],
  ["ENOENT", "there is no such file or folder"],
  ["ENOSPC", "the disk is full"],
  ["ENOTDIR", "part of the path is not a folder"],
  ["ENOTFOUND", "that name has no address"],
  ["EPERM", "permission denied"],
  ["EROFS", "the file system is read-only"],
  ["ETIMEDOUT", "no answer"],
]);
