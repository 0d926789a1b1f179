/**
 * A lock that one process holds on a database for as long as it lives, so that two servers never
 * number the same conversation. The kernel releases it when the process dies, for any reason.
 *
 * It is a transaction that may write, on an empty SQLite file beside the database, which works
 * wherever SQLite does. Only the owner can open that file: a process that can open it can lock it. The
 * database itself stays readable for other programs (a backup, the sqlite3 shell).
 */
import { DatabaseSync } from "node:sqlite";
import { isLocked, StoreError, writeError } from "./error.ts";
import { makeOwnerOnly } from "./owner_only.ts";

/** Takes the lock for `file`, or throws `StoreError` at once. Disposing of it twice does no harm. */
export function lockDatabase(file: string): Disposable {
  const lockFile = `${file}.lock`;
  const lock = open(lockFile);
  try {
    // One process at a time can be about to write. Who only reads the file is not in its way.
    lock.exec("BEGIN IMMEDIATE");
  } catch (error) {
    lock.close();
    if (!isLocked(error)) throw writeError(error, lockFile);
    throw new StoreError(
      "in_use",
      `Cannot open ${file}: another server is using it, or another program has locked ${lockFile}. ` +
        "Stop that one, or use another folder.",
      { cause: error },
    );
  }
  return {
    [Symbol.dispose]: () => {
      if (lock.isOpen) lock.close();
    },
  };
}

function open(file: string): DatabaseSync {
  try {
    makeOwnerOnly(file);
    return new DatabaseSync(file, { timeout: 0 });
  } catch (error) {
    throw writeError(error, file);
  }
}
