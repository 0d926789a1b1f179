/** The server's files in memory, with what a power cut takes from them. */
import { createHash } from "node:crypto";
import type { BlobReader, Blobs, BlobWriter } from "../../server/store/blobs.ts";
import { StoreError } from "../../server/store/error.ts";
import type { Random } from "./random.ts";

/** Bytes that are free on a disk that is not full. */
const FREE = 1e12;

interface Stored {
  bytes: Uint8Array;
  synced: number;
  /** Its name survives a power cut. */
  isNamed: boolean;
}

interface BlobDisk {
  readonly isFull: boolean;
  /** Waits as long as a sync takes; for ever, if the process dies meanwhile. */
  pause(): Promise<void>;
}

export class SimBlobs implements Blobs {
  readonly #disk: BlobDisk;
  readonly #random: Random;
  readonly #stored = new Map<string, Stored>();
  /** Removed since the folder was synced: a power cut may bring them back. */
  readonly #removed = new Map<string, Stored>();

  constructor(disk: BlobDisk, random: Random) {
    this.#disk = disk;
    this.#random = random;
  }

  get count(): number {
    return this.#stored.size;
  }

  async create(blob: string): Promise<BlobWriter> {
    if (this.#stored.has(blob)) throw Object.assign(new Error("EEXIST"), { code: "EEXIST" });
    if (this.#disk.isFull) throw new StoreError("disk_full", "The disk is full");
    const stored = { bytes: new Uint8Array(), synced: 0, isNamed: false };
    this.#stored.set(blob, stored);
    await this.#syncFolder();
    return this.#writer(stored);
  }

  open(blob: string): Promise<BlobWriter | undefined> {
    const stored = this.#stored.get(blob);
    return Promise.resolve(stored && this.#writer(stored));
  }

  read(blob: string): Promise<BlobReader | undefined> {
    const stored = this.#stored.get(blob);
    if (stored === undefined) return Promise.resolve(undefined);
    return Promise.resolve({
      length: stored.bytes.length,
      into: (bytes, offset) => {
        const piece = stored.bytes.subarray(offset, offset + bytes.length);
        bytes.set(piece);
        return Promise.resolve(piece.length);
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  }

  length(blob: string): Promise<number | undefined> {
    return Promise.resolve(this.#stored.get(blob)?.bytes.length);
  }

  remove(blob: string): Promise<void> {
    const stored = this.#stored.get(blob);
    this.#stored.delete(blob);
    if (stored?.isNamed) this.#removed.set(blob, stored);
    return Promise.resolve();
  }

  async *names(): AsyncIterable<string> {
    for (const name of [...this.#stored.keys()]) yield await Promise.resolve(name);
  }

  free(): Promise<number> {
    return Promise.resolve(this.#disk.isFull ? 0 : FREE);
  }

  /** What was not synced is lost, or a part of it. */
  cutPower(): void {
    for (const [name, stored] of [...this.#stored, ...this.#removed]) {
      if (!stored.isNamed && this.#random.chance(0.5)) {
        this.#stored.delete(name);
        continue;
      }
      if (this.#removed.has(name) && this.#random.chance(0.5)) continue;
      const { synced } = stored;
      const kept = this.#random.integer(synced, stored.bytes.length);
      this.#stored.set(name, { bytes: stored.bytes.slice(0, kept), synced, isNamed: true });
    }
    this.#removed.clear();
  }

  #writer(stored: Stored): BlobWriter {
    let { length } = stored.bytes;
    return {
      get length() {
        return length;
      },
      append: (bytes) => {
        if (this.#disk.isFull) {
          return Promise.reject(new StoreError("disk_full", "The disk is full"));
        }
        const grown = new Uint8Array(length + bytes.length);
        grown.set(stored.bytes);
        grown.set(bytes, length);
        stored.bytes = grown;
        length += bytes.length;
        return Promise.resolve();
      },
      finish: async () => {
        const { bytes } = stored;
        await this.#disk.pause();
        stored.synced = Math.max(stored.synced, bytes.length);
        return new Uint8Array(createHash("sha256").update(bytes).digest());
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  /** Names that were made before this call, and removals, survive a power cut afterwards. */
  async #syncFolder(): Promise<void> {
    const made = [...this.#stored.values()];
    const removed = [...this.#removed.keys()];
    await this.#disk.pause();
    for (const stored of made) stored.isNamed = true;
    for (const name of removed) this.#removed.delete(name);
  }
}
