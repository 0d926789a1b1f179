/**
 * A lock that one process holds on a database for as long as it lives, so that two servers never
 * number the same conversation. The kernel releases it when the process dies, for any reason.
 *
 * It is an exclusive transaction on an empty SQLite file beside the database, which works wherever
 * SQLite does. The database itself stays readable for other programs (a backup, the sqlite3 shell).
 */
import { DatabaseSync } from "node:sqlite";
import { isLocked, StoreError, writeError } from "./error.ts";

/** Takes the lock for `file`, or throws `StoreError` at once. Disposing of it twice does no harm. */
export function lockDatabase(file: string): Disposable {
  const lock = open(`${file}.lock`);
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if (!isLocked(error)) throw writeError(error, `${file}.lock`);
    throw new StoreError(
      "in_use",
      `Cannot open ${file}: another server is using it. Stop that one, or use another folder.`,
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
    return new DatabaseSync(file, { timeout: 0 });
  } catch (error) {
    throw writeError(error, file);
  }
}
