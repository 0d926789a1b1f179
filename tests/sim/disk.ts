/**
 * The server's disk: how long it takes, when it fails, and what is left of it after a power cut.
 * The database is a real SQLite file; other files are in memory (`sim_blobs.ts`).
 */
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SimBlobs } from "./sim_blobs.ts";
import type { Random } from "./random.ts";
import { copyDatabase, cutLog, framesOnDisk, type LogPosition, logPosition } from "./wal.ts";
import type { Process, World } from "./world.ts";

export interface DiskOptions {
  /** Milliseconds that a sync takes: at least, and at most. */
  readonly fastest: number;
  readonly slowest: number;
}

export class Disk {
  readonly blobs: SimBlobs;
  /** Writes fail: there is no space. */
  isFull = false;
  /** The next sync fails. */
  failsNext = false;
  /** A sync has failed since the server was started. */
  hasFailed = false;
  readonly #world: World;
  readonly #random: Random;
  readonly #folder: string;
  #options: DiskOptions;
  #generation = 0;
  #synced: LogPosition | undefined;
  #syncs = 0;
  #newestSync = 0;
  /** All that is there has survived a power cut. */
  #isDurable = false;

  constructor(world: World, random: Random, folder: string, options: DiskOptions) {
    this.#world = world;
    this.#random = random;
    this.#folder = folder;
    this.#options = options;
    this.blobs = new SimBlobs(this, random.fork());
    mkdirSync(this.#path);
  }

  /** The database's file. */
  get database(): string {
    return join(this.#path, "sotto.db");
  }

  /** From now on it is fast and does not fail. */
  heal(): void {
    this.#options = { fastest: 0, slowest: 5 };
    this.isFull = false;
    this.failsNext = false;
  }

  /** A process has opened the database. */
  opened(): void {
    if (this.#isDurable) this.#synced = logPosition(this.database);
    this.#isDurable = false;
    this.hasFailed = false;
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
    const before = this.database;
    this.#generation++;
    mkdirSync(this.#path);
    copyDatabase(before, this.database);
    this.hasFailed = false;
  }

  /** The power was cut: what was not synced is lost, or a part of it. Returns the frames lost. */
  afterPowerCut(): number {
    const position = logPosition(this.database);
    const synced = this.#synced;
    this.afterCrash();
    this.blobs.cutPower();
    if (position === undefined) return 0;
    const least = framesOnDisk(position, synced);
    const kept = this.#random.chance(0.5) ? least : this.#random.integer(least, position.frames);
    cutLog(this.database, kept, position);
    this.#isDurable = true;
    return position.frames - kept;
  }

  /** Starts from a database that was made before. */
  restore(template: string): void {
    cpSync(template, this.database);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #path(): string {
    return join(this.#folder, String(this.#generation));
  }
}
