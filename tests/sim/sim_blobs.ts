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

export class SimBlobs implements Blobs {
  readonly #disk: { readonly isFull: boolean };
  readonly #random: Random;
  readonly #stored = new Map<string, Stored>();
  /** Removed since the folder was synced: a power cut may bring them back. */
  #removed = new Map<string, Stored>();

  constructor(disk: { readonly isFull: boolean }, random: Random) {
    this.#disk = disk;
    this.#random = random;
  }

  get count(): number {
    return this.#stored.size;
  }

  write(blob: string, size: number): Promise<BlobWriter> {
    const stored = this.#stored.get(blob) ?? { bytes: new Uint8Array(), synced: 0, isNamed: false };
    this.#stored.set(blob, stored);
    if (stored.bytes.length > size) {
      stored.bytes = new Uint8Array();
      stored.synced = 0;
    }
    const hashed = stored.bytes;
    const hash = createHash("sha256").update(hashed);
    let { length } = hashed;
    return Promise.resolve({
      get length() {
        return length;
      },
      append: (bytes) => {
        if (this.#disk.isFull) {
          return Promise.reject(new StoreError("disk_full", "The disk is full"));
        }
        const grown = new Uint8Array(Math.max(stored.bytes.length, length + bytes.length));
        grown.set(stored.bytes);
        grown.set(bytes, length);
        stored.bytes = grown;
        hash.update(bytes);
        length += bytes.length;
        return Promise.resolve();
      },
      finish: () => {
        stored.synced = stored.bytes.length;
        this.#syncFolder();
        return Promise.resolve(new Uint8Array(hash.digest()));
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
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

  length(blob: string): Promise<number> {
    return Promise.resolve(this.#stored.get(blob)?.bytes.length ?? 0);
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
      const kept = this.#random.integer(stored.synced, stored.bytes.length);
      this.#stored.set(name, { ...stored, bytes: stored.bytes.slice(0, kept) });
    }
    this.#syncFolder();
  }

  #syncFolder(): void {
    for (const stored of this.#stored.values()) stored.isNamed = true;
    this.#removed = new Map();
  }
}
