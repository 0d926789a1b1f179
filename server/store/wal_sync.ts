/**
 * Syncs what SQLite has committed to the disk, without blocking the event loop.
 *
 * With `synchronous = NORMAL` a commit in WAL mode writes to the log and does not wait for the disk:
 * it survives the death of the process, and not yet that of the machine. `synchronous = FULL`
 * would wait for the disk after each commit, in the thread that also serves the network. This does
 * the same wait (sqlite.org/wal.html, "Performance Considerations") in the background: `fdatasync`
 * on the log, one at a time, each for everything that was committed before it began.
 *
 * After one failure every call fails, until the server is restarted and SQLite has checked the file:
 * what is on such a disk is not known.
 */
import { closeSync, fdatasync, openSync } from "node:fs";

/** Calls back when what was written to the file is on the disk. */
export type SyncFile = (descriptor: number, done: (error: Error | null) => void) => void;

export class WalSync {
  readonly #file: string;
  readonly #syncFile: SyncFile;
  #descriptor: number | undefined;
  /** Commits so far. What an earlier process has committed counts as one. */
  #commits = 1;
  /** How many of them are on the disk, and how many will be after the call under way. */
  #onDisk = 0;
  #covered = 0;
  /** The call under way, and the one that all callers since then wait for. */
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #failure: Error | undefined;

  /** `file` is the log's: the database's name with `-wal`. It must exist when `synced` is called. */
  constructor(file: string, syncFile: SyncFile = fdatasync) {
    this.#file = file;
    this.#syncFile = syncFile;
  }

  /** Something was committed. */
  committed(): void {
    this.#commits++;
  }

  /** Resolves when everything that was committed before this call is on the disk. */
  synced(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#onDisk === this.#commits) return Promise.resolve();
    if (this.#running === undefined) return this.#start();
    if (this.#covered === this.#commits) return this.#running;
    return this.#next ??= this.#running.then(() => this.#start());
  }

  /** Waits for the call under way, whatever its outcome, and closes the file. */
  async close(): Promise<void> {
    while (this.#running !== undefined) await this.#running.catch(() => {});
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #start(): Promise<void> {
    this.#next = undefined;
    const covered = this.#covered = this.#commits;
    this.#running = this.#sync().then(() => {
      this.#onDisk = covered;
    }).catch((error) => {
      this.#failure = error;
      throw error;
    }).finally(() => this.#running = undefined);
    return this.#running;
  }

  #sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#descriptor ??= openSync(this.#file, "r+");
      this.#syncFile(this.#descriptor, (error) => error === null ? resolve() : reject(error));
    });
  }
}
