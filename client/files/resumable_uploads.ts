/**
 * Which uploads were begun and not finished: the ID under which the server has the beginning, so
 * that the same file, sent to the same conversation again, goes on where it stopped, and is said
 * once. It is a convenience: what is forgotten is sent from the start.
 *
 * On the disk each is a small file of its own (0600 in a 0700 folder), named by a hash: neither
 * names nor contents of files can be read off it.
 */
import { createHash, randomUUID } from "node:crypto";
import { readdir, rename, stat, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makePrivateFolder, readPrivateFile } from "../../certs/private_file.ts";
import { isUlid } from "../../protocol/names.ts";

/** Which file, from whom, to where. */
export interface UploadKey {
  /** The server's. */
  readonly pin: string;
  readonly user: string;
  readonly conversation: string;
  readonly name: string;
  readonly size: number;
  readonly hash: Uint8Array;
}

export interface ResumableUploads {
  /** The ID under which it was begun. Never throws. */
  recall(upload: UploadKey): Promise<string | undefined>;
  /** Never throws. */
  remember(upload: UploadKey, ulid: string): Promise<void>;
  /** It is over. Never throws. */
  forget(upload: UploadKey): Promise<void>;
}

/** Uploads that are remembered; past it the oldest is forgotten. */
const MOST = 256;

/** Uploads that are forgotten with the process. */
export class UploadsInMemory implements ResumableUploads {
  readonly #ulids = new Map<string, string>();
  readonly #most: number;

  constructor(most = MOST) {
    this.#most = most;
  }

  recall(upload: UploadKey): Promise<string | undefined> {
    return Promise.resolve(this.#ulids.get(keyOf(upload)));
  }

  remember(upload: UploadKey, ulid: string): Promise<void> {
    const key = keyOf(upload);
    this.#ulids.delete(key);
    this.#ulids.set(key, ulid);
    for (const oldest of this.#ulids.keys()) {
      if (this.#ulids.size > this.#most) this.#ulids.delete(oldest);
    }
    return Promise.resolve();
  }

  forget(upload: UploadKey): Promise<void> {
    this.#ulids.delete(keyOf(upload));
    return Promise.resolve();
  }
}

/** Uploads that are remembered in a folder. */
export class UploadsInFolder implements ResumableUploads {
  readonly #folder: string;
  readonly #most: number;

  constructor(folder: string, most = MOST) {
    this.#folder = folder;
    this.#most = most;
  }

  async recall(upload: UploadKey): Promise<string | undefined> {
    try {
      const ulid = (await readPrivateFile(this.#path(upload)))?.trim();
      return ulid !== undefined && isUlid(ulid) ? ulid : undefined;
    } catch {
      return undefined;
    }
  }

  async remember(upload: UploadKey, ulid: string): Promise<void> {
    const path = this.#path(upload);
    const draft = `${path}.${randomUUID()}.tmp`;
    try {
      await makePrivateFolder(this.#folder);
      await writeFile(draft, `${ulid}\n`, { mode: 0o600, flag: "wx" });
      await rename(draft, path);
      await this.#tidy();
    } catch {
      await unlink(draft).catch(() => {}); // Not made, or renamed.
    }
  }

  async forget(upload: UploadKey): Promise<void> {
    await unlink(this.#path(upload)).catch(() => {}); // It was not remembered.
  }

  async #tidy(): Promise<void> {
    const names = await readdir(this.#folder);
    if (names.length <= this.#most) return;
    const paths = names.map((name) => join(this.#folder, name));
    const aged = await Promise.all(
      paths.map(async (path) => ({ path, at: (await stat(path)).mtimeMs })),
    );
    aged.sort((one, other) => one.at - other.at);
    for (const { path } of aged.slice(0, -this.#most)) await unlink(path);
  }

  #path(upload: UploadKey): string {
    return join(this.#folder, keyOf(upload));
  }
}

function keyOf({ pin, user, conversation, name, size, hash }: UploadKey): string {
  const digest = createHash("sha256");
  digest.update(JSON.stringify([pin, user, conversation, name, size]));
  return digest.update(hash).digest("hex");
}
