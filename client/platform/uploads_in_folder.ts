/**
 * Uploads that were started, remembered in a folder: a small file for each (0600 in a 0700 folder),
 * named by a hash, so that neither names nor contents of the files that were sent can be read from
 * it.
 */
import { createHash, randomUUID } from "node:crypto";
import { readdir, rename, stat, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makePrivateFolder, readPrivateFile } from "../../certs/private_file.ts";
import { isUlid } from "../../protocol/names.ts";
import { MAX_UPLOADS, type ResumableUploads, type UploadKey } from "../files/resumable_uploads.ts";

export class UploadsInFolder implements ResumableUploads {
  readonly #folder: string;
  readonly #max: number;

  constructor(folder: string, max = MAX_UPLOADS) {
    this.#folder = folder;
    this.#max = max;
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
      await this.#deleteOldest();
    } catch {
      await unlink(draft).catch(() => {}); // It was not made, or has its name already.
    }
  }

  async forget(upload: UploadKey): Promise<void> {
    await unlink(this.#path(upload)).catch(() => {}); // It was not remembered.
  }

  async #deleteOldest(): Promise<void> {
    const names = await readdir(this.#folder);
    if (names.length <= this.#max) return;
    const paths = names.map((name) => join(this.#folder, name));
    const aged = await Promise.all(
      paths.map(async (path) => ({ path, modified: (await stat(path)).mtimeMs })),
    );
    aged.sort((one, other) => one.modified - other.modified);
    for (const { path } of aged.slice(0, -this.#max)) await unlink(path);
  }

  #path({ pin, user, conversation, name, size, hash }: UploadKey): string {
    const digest = createHash("sha256");
    digest.update(JSON.stringify([pin, user, conversation, name, size])).update(hash);
    return join(this.#folder, digest.digest("hex"));
  }
}
