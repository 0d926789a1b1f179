/** Failures of the store, in sentences for the operator. */
import { describeSystemError, errorCode } from "../../protocol/system_error.ts";

/** The store cannot be opened or written to. The message says what to do. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code:
    | "in_use"
    | "newer_schema"
    | "older_schema"
    | "migration_failed"
    | "unreadable"
    | "unwritable"
    | "disk_full";

  constructor(code: StoreError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * SQLite's messages (`sqlite3_errstr`) that are no faults of the program. Deno shows no result codes,
 * only these texts, which are part of SQLite's interface.
 */
const REASONS: readonly (readonly [message: string, reason: string])[] = [
  ["access permission denied", "permission denied"],
  ["attempt to write a readonly database", "it is read-only"],
  ["database disk image is malformed", "it is damaged"],
  ["database is locked", "another program has locked it"],
  ["database or disk is full", "the disk is full"],
  ["database table is locked", "another program has locked it"],
  ["disk I/O error", "the disk reported an error"],
  ["file is not a database", "it is no database"],
  ["fts5: corruption", "it is damaged"],
  ["unable to open database file", "it is no file that can be opened"],
];

/** Why SQLite failed; `undefined` for any other error. */
export function sqliteReason(error: unknown): string | undefined {
  if (errorCode(error) !== "ERR_SQLITE_ERROR" || !(error instanceof Error)) return undefined;
  return REASONS.find(([message]) => error.message.startsWith(message))?.[1];
}

/** Whether what is in the file cannot be read as a database. */
export function isDamaged(error: unknown): boolean {
  const reason = sqliteReason(error);
  return reason === "it is damaged" || reason === "it is no database";
}

/** Whether another process holds a lock on the database. */
export function isLocked(error: unknown): boolean {
  return sqliteReason(error) === "another program has locked it";
}

/** A failure to write the database as a `StoreError`, if SQLite or the disk is the reason. */
export function writeError(error: unknown, file: string): unknown {
  if (error instanceof StoreError) return error;
  const isSystem = errorCode(error)?.startsWith("E") && !errorCode(error)?.startsWith("ERR_");
  const reason = sqliteReason(error) ?? (isSystem ? describeSystemError(error) : undefined);
  if (reason === undefined) return error;
  const isFull = reason === "the disk is full";
  const advice = isFull ? "Free some space." : "Check the disk, then restart the server.";
  const message = `Cannot write ${file}: ${reason}. ${advice}`;
  return new StoreError(isFull ? "disk_full" : "unwritable", message, { cause: error });
}
