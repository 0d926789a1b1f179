/**
 * The server's disk: how long it takes, when it fails, and what is left of it after a power cut.
 * The database is a real SQLite file; other files are in memory (`sim_blobs.ts`).
 */
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { SimBlobs } from "./sim_blobs.ts";
import type { Random } from "./random.ts";
import {
  copyDatabase,
  cutLog,
  damage,
  framesOnDisk,
  type LogPosition,
  logPosition,
} from "./wal.ts";
import type { Process, World } from "./world.ts";

export interface DiskOptions {
  /** Milliseconds that a sync takes: at least, and at most. */
  readonly fastest: number;
  readonly slowest: number;
}

/** More pages than there are. */
const MOST_PAGES = 1_000_000_000;

export class Disk {
  readonly blobs: SimBlobs;
  /** There is no space: no transaction begins, and no file grows. */
  isFull = false;
  /** There is no space for a further page of the database: transactions fail in their middle. */
  #isTight = false;
  #connection: DatabaseSync | undefined;
  /** The next sync fails. */
  failsNext = false;
  /** A sync has failed since the server was started. */
  hasFailed = false;
  readonly #world: World;
  readonly #random: Random;
  readonly folder: string;
  #options: DiskOptions;
  #generation = 0;
  /** How much of the logs of the database, and of the index of words, a power cut leaves. */
  #synced: LogPosition | undefined;
  #indexSynced: LogPosition | undefined;
  /** How long the log was when this process stored a message, and when it opened the database. */
  readonly #stored = new Map<string, LogPosition | undefined>();
  #openedAt: LogPosition | undefined;
  #syncs = 0;
  #newestSync = 0;
  /** All that is there has survived a power cut. */
  #isDurable = false;

  constructor(world: World, random: Random, folder: string, options: DiskOptions) {
    this.#world = world;
    this.#random = random;
    this.folder = folder;
    this.#options = options;
    this.blobs = new SimBlobs(this, random.fork());
    mkdirSync(this.#path);
  }

  /** The database's file. */
  get database(): string {
    return join(this.#path, "sotto.db");
  }

  /** The file of the index of words. */
  get index(): string {
    return `${this.database}.words`;
  }

  /** The database's connection that writes. */
  get connection(): DatabaseSync | undefined {
    return this.#connection?.isOpen ? this.#connection : undefined;
  }

  /** Something is wrong with it. */
  get isUnwell(): boolean {
    return this.isFull || this.#isTight || this.failsNext || this.hasFailed;
  }

  get isTight(): boolean {
    return this.#isTight;
  }

  set isTight(isTight: boolean) {
    this.#isTight = isTight;
    // Never less than there are.
    this.connection?.exec(`PRAGMA max_page_count = ${isTight ? 1 : MOST_PAGES}`);
  }

  /** A process writes to the database by this connection. */
  connected(connection: DatabaseSync): void {
    this.#connection = connection;
    this.isTight = this.#isTight;
  }

  /** From now on it is fast and does not fail. */
  heal(): void {
    this.#options = { fastest: 0, slowest: 5 };
    this.isFull = false;
    this.isTight = false;
    this.failsNext = false;
  }

  /** A process has opened the database. */
  opened(): void {
    this.#stored.clear();
    this.#openedAt = logPosition(this.database);
    if (this.#isDurable) this.#synced = this.#openedAt;
    this.#isDurable = false;
    this.hasFailed = false;
  }

  /** How long the log of the database is. */
  position(): LogPosition | undefined {
    return logPosition(this.database);
  }

  /** A message was stored when the log was so long. */
  stored(conversation: string, seq: number, position: LogPosition | undefined): void {
    this.#stored.set(`${conversation} ${seq}`, position);
  }

  /** Whether a message survives a power cut. `wasThere`: when the process opened the database. */
  survives(conversation: string, seq: number, wasThere: boolean): boolean {
    const key = `${conversation} ${seq}`;
    if (!wasThere && !this.#stored.has(key)) return false;
    const position = wasThere ? this.#openedAt : this.#stored.get(key);
    return position === undefined || this.#isSynced(position);
  }

  /** What is in the index of words now survives a power cut. */
  indexSynced(): void {
    this.#indexSynced = logPosition(this.index);
  }

  /** Syncs the log. What was committed before the call survives a power cut afterwards. */
  sync(process: Process, done: (error: Error | null) => void): void {
    const position = logPosition(this.database);
    const order = ++this.#syncs;
    this.#world.after(this.latency(), () => {
      // What still waits for it ends, and closes its files.
      if (!process.isAlive) return done(new Error("The process has died"));
      if (this.failsNext) {
        this.failsNext = false;
        this.hasFailed = true;
        return done(Object.assign(new Error("EIO: i/o error"), { code: "EIO" }));
      }
      // Several may be under way, and end in another order.
      if (order > this.#newestSync) {
        this.#newestSync = order;
        this.#synced = position;
      }
      done(null);
    });
  }

  /** Waits as long as a sync takes; for ever, if the process dies meanwhile. */
  pause(): Promise<void> {
    const generation = this.#generation;
    return new Promise((resolve) => {
      this.#world.after(this.latency(), () => {
        if (generation === this.#generation) resolve();
      });
    });
  }

  latency(): number {
    const { fastest, slowest } = this.#options;
    if (slowest === 0) return 0;
    return this.#random.logarithmic(fastest + 1, slowest + 1) - 1;
  }

  /** The process that used it has died; it is the next one's, with all that was committed. */
  afterCrash(): void {
    const { database, index } = this;
    this.#generation++;
    mkdirSync(this.#path);
    copyDatabase(database, this.database);
    copyDatabase(index, this.index);
    this.hasFailed = false;
  }

  /** The power was cut: what was not synced is lost, or a part of it. Returns the frames lost. */
  afterPowerCut(): number {
    const position = logPosition(this.database);
    const indexPosition = logPosition(this.index);
    this.afterCrash();
    this.blobs.cutPower();
    if (indexPosition !== undefined) {
      const frames = this.#cut(this.index, indexPosition, this.#indexSynced);
      this.#indexSynced = { ...indexPosition, frames };
      // It can be made again from the messages.
      if (this.#random.chance(0.1)) damage(this.index);
    }
    if (position === undefined) return 0;
    this.#isDurable = true;
    return position.frames - this.#cut(this.database, position, this.#synced);
  }

  /** Starts from a database that was made before. */
  restore(template: string): void {
    cpSync(template, this.database);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #isSynced(position: LogPosition): boolean {
    const synced = this.#synced;
    if (synced?.salt === position.salt && synced.frames >= position.frames) return true;
    const now = logPosition(this.database);
    // A log begins anew when all of it is in the database file, and therefore on the disk.
    if (now === undefined || now.salt !== position.salt) return true;
    return framesOnDisk(now, synced) >= position.frames;
  }

  /** Takes from a log what was not synced, or a part of it. Returns the frames that are left. */
  #cut(file: string, position: LogPosition, synced: LogPosition | undefined): number {
    const least = framesOnDisk(position, synced);
    const kept = this.#random.chance(0.5) ? least : this.#random.integer(least, position.frames);
    cutLog(file, kept, position);
    return kept;
  }

  get #path(): string {
    return join(this.folder, String(this.#generation));
  }
}
