/** What the SQLite store keeps about files (`file_store.ts`). */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { FileRow, FileStore } from "./file_store.ts";
import { integer, type Row, text } from "./statements.ts";

const FILE = `
  SELECT f.ulid, a.name AS account, f.conversation, f.size, f.hash, f.blob, f.complete, f.at
  FROM files f JOIN accounts a ON a.number = f.account`;
const ACCOUNT = "(SELECT number FROM accounts WHERE name = ?)";

export class SqliteFiles implements FileStore {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #synced: () => Promise<void>;

  /** `synced` resolves when everything that was written is on the disk. */
  constructor(database: DatabaseSync, synced: () => Promise<void>) {
    this.#sql = prepare(database);
    this.#synced = synced;
  }

  async add(row: FileRow): Promise<boolean> {
    const { file, account, conversation, size, hash, blob, complete, at } = row;
    if (this.#sql.get.get(file) !== undefined) return false;
    const { changes } = this.#sql.add.run(
      file,
      conversation,
      size,
      hash,
      blob,
      complete ? 1 : 0,
      at,
      account,
    );
    if (changes === 0) throw new Error(`Cannot add a file: no account ${account}`);
    await this.#synced();
    return true;
  }

  // deno-lint-ignore require-await -- what it throws is to be a rejection
  async get(file: string): Promise<FileRow | undefined> {
    return rowOf(this.#sql.get.get(file));
  }

  // deno-lint-ignore require-await -- the same
  async same(account: string, hash: Uint8Array, size: number): Promise<FileRow | undefined> {
    return rowOf(this.#sql.same.get(account, hash, size));
  }

  async touch(file: string, at: number): Promise<void> {
    this.#sql.touch.run(at, file);
    await this.#synced();
  }

  async complete(file: string, at: number): Promise<boolean> {
    const { changes } = this.#sql.complete.run(at, file);
    await this.#synced();
    return changes > 0;
  }

  async remove(file: string): Promise<string | undefined> {
    const row = this.#sql.remove.get(file);
    if (row === undefined) return undefined;
    const blob = text(row["blob"]);
    const isNeeded = this.#sql.hasBlob.get(blob) !== undefined;
    await this.#synced();
    return isNeeded ? undefined : blob;
  }

  // deno-lint-ignore require-await -- as above
  async hasBlob(blob: string): Promise<boolean> {
    return this.#sql.hasBlob.get(blob) !== undefined;
  }

  // deno-lint-ignore require-await -- as above
  async used(account: string): Promise<number> {
    return integer(this.#sql.used.get(account)?.["bytes"]);
  }

  // deno-lint-ignore require-await -- as above
  async count(account: string): Promise<number> {
    return integer(this.#sql.count.get(account)?.["count"]);
  }

  // deno-lint-ignore require-await -- as above
  async old(completed: number, begun: number, limit: number): Promise<string[]> {
    return this.#sql.old.all(completed, begun, limit).map((row) => text(row["ulid"]));
  }
}

function prepare(database: DatabaseSync) {
  const sql = (source: string): StatementSync => database.prepare(source);
  return {
    add: sql(`
      INSERT INTO files (ulid, account, conversation, size, hash, blob, complete, at)
      SELECT ?1, number, ?2, ?3, ?4, ?5, ?6, ?7 FROM accounts WHERE name = ?8`),
    get: sql(`${FILE} WHERE f.ulid = ?`),
    same: sql(`
      ${FILE} WHERE f.account = ${ACCOUNT} AND f.hash = ? AND f.size = ? AND f.complete = 1
      AND f.conversation <> '' LIMIT 1`),
    touch: sql("UPDATE files SET at = ? WHERE ulid = ? AND complete = 0 AND conversation <> ''"),
    complete: sql(`
      UPDATE files SET complete = 1, at = ? WHERE ulid = ? AND complete = 0 AND conversation <> ''`),
    remove: sql("DELETE FROM files WHERE ulid = ? RETURNING blob"),
    hasBlob: sql("SELECT 1 FROM files WHERE blob = ? LIMIT 1"),
    used: sql(`
      SELECT coalesce(sum(size), 0) AS bytes
      FROM (SELECT max(size) AS size FROM files WHERE account = ${ACCOUNT} GROUP BY blob)`),
    count: sql(`SELECT count(*) AS count FROM files WHERE account = ${ACCOUNT}`),
    old: sql(`
      SELECT ulid FROM files WHERE complete = 1 AND at < ?
      UNION ALL SELECT ulid FROM files WHERE complete = 0 AND at < ? LIMIT ?`),
  };
}

function rowOf(row: Row | undefined): FileRow | undefined {
  if (row === undefined) return undefined;
  const hash = row["hash"];
  if (!(hash instanceof Uint8Array)) throw new TypeError("The database holds no hash here");
  return {
    file: text(row["ulid"]),
    account: text(row["account"]),
    conversation: text(row["conversation"]),
    size: integer(row["size"]),
    hash: new Uint8Array(hash),
    blob: text(row["blob"]),
    complete: integer(row["complete"]) === 1,
    at: integer(row["at"]),
  };
}
