/**
 * Brings what SQLite has committed to the disk, without holding up the event loop for it.
 *
 * With `synchronous = NORMAL` a commit in WAL mode writes to the log and does not wait for the disk:
 * it survives the death of the process, and not yet that of the machine. `synchronous = FULL`
 * would wait for the disk after each commit, in the thread that also serves the network. This does
 * the same wait (sqlite.org/wal.html, "Performance Considerations") in the background: `fdatasync`
 * on the log, one at a time, each for everything that was committed before it began.
 *
 * A disk that has failed once is not asked again: what it holds is no longer known, so everything
 * is refused from then on, until the server is started again and SQLite has looked at the file.
 */
import { closeSync, fdatasync, openSync } from "node:fs";

/** Calls back when what was written to the file is on the disk. */
export type SyncFile = (descriptor: number, done: (error: Error | null) => void) => void;

export class WalSync {
  readonly #file: string;
  readonly #syncFile: SyncFile;
  #descriptor: number | undefined;
  /** The call under way, and the one that everybody who came since waits for. */
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #failure: Error | undefined;

  /** `file` is the log's: the database's name with `-wal`. It must exist when `synced` is called. */
  constructor(file: string, syncFile: SyncFile = fdatasync) {
    this.#file = file;
    this.#syncFile = syncFile;
  }

  /** Resolves when everything that was committed before this call is on the disk. */
  synced(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#running === undefined) return this.#start();
    return this.#next ??= this.#running.then(() => this.#start());
  }

  /** Waits for what is under way, whatever its outcome, and lets go of the file. */
  async close(): Promise<void> {
    while (this.#running !== undefined) await this.#running.catch(() => {});
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #start(): Promise<void> {
    this.#next = undefined;
    this.#running = this.#sync().catch((error) => {
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
