/**
 * A SQLite database as the parts of the store use it: statements that are prepared once, calls that
 * run at once in this thread, and promises that resolve when a change is on the disk (`wal_sync.ts`).
 *
 * It knows no tables.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { assert } from "../../protocol/assert.ts";
import { writeError } from "./error.ts";
import { type SyncFile, WalSync } from "./wal_sync.ts";

export class Database implements AsyncDisposable {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #disk: WalSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;

  /** Takes over an open database in WAL mode. `file`: its name. */
  constructor(database: DatabaseSync, file: string, syncFile?: SyncFile) {
    this.#file = file;
    this.#database = database;
    this.#disk = new WalSync(`${file}-wal`, syncFile);
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
    this.#rollback = database.prepare("ROLLBACK");
  }

  prepare(sql: string): StatementSync {
    return this.#database.prepare(sql);
  }

  /**
   * Runs `work`, which changes nothing, now. What it returns may still be lost with the machine: it
   * serves to decide. What is sent to a client is read with `read`.
   */
  look<T>(work: () => T): Promise<T> {
    return Promise.try(work);
  }

  /**
   * Runs `work`, which changes nothing, now; resolves when all that it has seen survives the death
   * of the machine. Rejects as `write` does.
   */
  async read<T>(work: () => T): Promise<T> {
    try {
      const result = work();
      await this.#disk.synced();
      return result;
    } catch (error) {
      throw writeError(error, this.#file);
    }
  }

  /**
   * Runs `work` now. Its changes survive the death of the process, and not yet that of the machine:
   * for what may be lost.
   */
  change<T>(work: () => T): Promise<T> {
    return Promise.try(() => {
      const result = work();
      this.#disk.committed();
      return result;
    });
  }

  /**
   * Runs `work` now; resolves when its changes survive the death of the machine too. Rejects with a
   * `StoreError` if SQLite or the disk fails.
   */
  async write<T>(work: () => T): Promise<T> {
    try {
      const result = work();
      this.#disk.committed();
      await this.#disk.synced();
      return result;
    } catch (error) {
      throw writeError(error, this.#file);
    }
  }

  /** The same, and if `work` throws it changes nothing. */
  transaction<T>(work: () => T): Promise<T> {
    return this.write(() => this.atomically(work));
  }

  /** Runs `work` in a transaction; if it throws it changes nothing. */
  atomically<T>(work: () => T): T {
    assert(!this.#database.isTransaction, "transactions are not nested");
    this.#begin.run();
    try {
      const result = work();
      this.#commit.run();
      return result;
    } catch (error) {
      // Some errors (a full disk) have rolled back already.
      if (this.#database.isTransaction) this.#rollback.run();
      throw error;
    }
  }

  /** Closing moves what is in the write-ahead log into the database file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disk.close();
    // It may be closed twice at the same time.
    if (this.#database.isOpen) this.#database.close();
  }
}
