/**
 * Files, in the store: everything about them but their bytes (`blobs.ts`) and their names, which the
 * server never learns.
 *
 * Complete files of one account with the same bytes may share a blob. No other files share one: `add`
 * refuses that. A blob is counted by the rows that name it, in the transaction that adds or removes
 * one of them.
 */
import type { Database } from "./database.ts";
import { ACCOUNT_NUMBER, bytes, integer, type Row, text } from "./sql.ts";

export interface FileRow {
  /** The ULID that its sender made. */
  readonly file: string;
  /** The account that it counts against. */
  readonly account: string;
  /** The conversation whose members may download it. */
  readonly conversation: string;
  readonly size: number;
  /** SHA-256 of the whole. */
  readonly hash: Uint8Array;
  /** The name of its bytes on the disk. */
  readonly blob: string;
  /** Whether all bytes are there. */
  readonly complete: boolean;
  /** When it was completed; until then, when its upload last began. */
  readonly at: number;
}

export interface FileStore {
  /**
   * `false` if the ULID is taken, by any account. Throws if there is no such account, or if files
   * have the blob that may not share it.
   */
  add(row: FileRow): Promise<boolean>;
  get(file: string): Promise<FileRow | undefined>;
  /** A complete file of the account with these bytes. */
  findEqual(account: string, hash: Uint8Array, size: number): Promise<FileRow | undefined>;
  /** Its upload goes on. `false` if the file, or its group, was deleted meanwhile, or is complete. */
  touch(file: string, at: number): Promise<boolean>;
  /** `false` likewise. */
  complete(file: string, at: number): Promise<boolean>;
  /**
   * Removes a file, or removes it if it was completed, or begun, before these times and not changed
   * since. Returns its blob if no other file has it.
   */
  remove(file: string, completed?: number, begun?: number): Promise<string | undefined>;
  /** Whether a file has the blob. `false` survives a power cut: the blob may be removed. */
  hasBlob(blob: string): Promise<boolean>;
  /** Bytes of an account's blobs, the announced ones that are still to come among them. */
  usedBytes(account: string): Promise<number>;
  /** How many files it has, complete or not. */
  count(account: string): Promise<number>;
  /**
   * At most `limit` files to be removed: completed before `completed`, begun before `begun` and not
   * completed, or of a deleted group.
   */
  expired(completed: number, begun: number, limit: number): Promise<string[]>;
}

/** After every time. */
const FOREVER = Number.MAX_SAFE_INTEGER;

const SELECT_FILE = `
  SELECT f.ulid, a.name AS account, f.conversation, f.size, f.hash, f.blob, f.complete, f.at
  FROM files f JOIN accounts a ON a.number = f.account`;

function prepare(database: Database) {
  const sql = (source: string) => database.prepare(source);
  return {
    add: sql(`
      INSERT INTO files (ulid, account, conversation, size, hash, blob, complete, at)
      SELECT ?1, number, ?2, ?3, ?4, ?5, ?6, ?7 FROM accounts WHERE name = ?8`),
    get: sql(`${SELECT_FILE} WHERE f.ulid = ?`),
    findEqual: sql(`
      ${SELECT_FILE} WHERE f.account = ${ACCOUNT_NUMBER} AND f.hash = ? AND f.size = ?
        AND f.complete = 1 AND f.conversation <> '' LIMIT 1`),
    touch: sql("UPDATE files SET at = ? WHERE ulid = ? AND complete = 0 AND conversation <> ''"),
    complete: sql(`
      UPDATE files SET complete = 1, at = ? WHERE ulid = ? AND complete = 0 AND conversation <> ''`),
    remove: sql(`
      DELETE FROM files WHERE ulid = ? AND at < CASE complete WHEN 1 THEN ? ELSE ? END
      RETURNING blob`),
    hasBlob: sql("SELECT 1 FROM files WHERE blob = ? LIMIT 1"),
    sharesAlike: sql(`
      SELECT 1 FROM files WHERE blob = ? AND account = ${ACCOUNT_NUMBER} AND hash = ? AND size = ?
        AND complete = 1 AND conversation <> '' LIMIT 1`),
    usedBytes: sql(`
      SELECT coalesce(sum(size), 0) AS bytes
      FROM (SELECT max(size) AS size FROM files WHERE account = ${ACCOUNT_NUMBER} GROUP BY blob)`),
    count: sql(`SELECT count(*) AS count FROM files WHERE account = ${ACCOUNT_NUMBER}`),
    expired: sql(`
      SELECT ulid FROM files WHERE complete = 1 AND at < ?
      UNION ALL SELECT ulid FROM files WHERE complete = 0 AND at < ? LIMIT ?`),
  };
}

export class SqliteFiles implements FileStore {
  readonly #database: Database;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(database: Database) {
    this.#database = database;
    this.#sql = prepare(database);
  }

  add(row: FileRow): Promise<boolean> {
    const { file, account, conversation, size, hash, blob, complete, at } = row;
    const { get, add, hasBlob, sharesAlike } = this.#sql;
    return this.#database.transaction(() => {
      if (get.get(file) !== undefined) return false;
      const isShared = hasBlob.get(blob) !== undefined;
      if (isShared && !(complete && sharesAlike.get(blob, account, hash, size) !== undefined)) {
        throw new Error("Cannot add a file: its blob belongs to another file");
      }
      const isComplete = complete ? 1 : 0;
      const { changes } = add.run(file, conversation, size, hash, blob, isComplete, at, account);
      if (changes === 0) throw new Error(`Cannot add a file: no account ${account}`);
      return true;
    });
  }

  get(file: string): Promise<FileRow | undefined> {
    return this.#database.read(() => fileOf(this.#sql.get.get(file)));
  }

  findEqual(account: string, hash: Uint8Array, size: number): Promise<FileRow | undefined> {
    return this.#database.look(() => fileOf(this.#sql.findEqual.get(account, hash, size)));
  }

  touch(file: string, at: number): Promise<boolean> {
    return this.#database.write(() => this.#sql.touch.run(at, file).changes > 0);
  }

  complete(file: string, at: number): Promise<boolean> {
    return this.#database.write(() => this.#sql.complete.run(at, file).changes > 0);
  }

  remove(file: string, completed = FOREVER, begun = FOREVER): Promise<string | undefined> {
    return this.#database.transaction(() => {
      const row = this.#sql.remove.get(file, completed, begun);
      const blob = row && text(row, "blob");
      return blob === undefined || this.#sql.hasBlob.get(blob) !== undefined ? undefined : blob;
    });
  }

  hasBlob(blob: string): Promise<boolean> {
    return this.#database.read(() => this.#sql.hasBlob.get(blob) !== undefined);
  }

  usedBytes(account: string): Promise<number> {
    return this.#database.look(() => integer(this.#sql.usedBytes.get(account), "bytes"));
  }

  count(account: string): Promise<number> {
    return this.#database.look(() => integer(this.#sql.count.get(account), "count"));
  }

  expired(completed: number, begun: number, limit: number): Promise<string[]> {
    return this.#database.look(() =>
      this.#sql.expired.all(completed, begun, limit).map((row) => text(row, "ulid"))
    );
  }
}

function fileOf(row: Row | undefined): FileRow | undefined {
  return row && {
    file: text(row, "ulid"),
    account: text(row, "account"),
    conversation: text(row, "conversation"),
    size: integer(row, "size"),
    hash: bytes(row, "hash"),
    blob: text(row, "blob"),
    complete: integer(row, "complete") === 1,
    at: integer(row, "at"),
  };
}
