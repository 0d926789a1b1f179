/** The bytes of files on a test server's disk, where blobs have random names. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { FileStore } from "../../server/store/files.ts";

interface BlobServer {
  readonly store: { readonly files: Pick<FileStore, "get"> };
  /** The folder of the files' bytes. */
  readonly blobs: string;
}

/** Where the bytes of a file are. */
export async function blobPath({ store, blobs }: BlobServer, file: string): Promise<string> {
  const row = await store.files.get(file);
  if (row === undefined) throw new Error(`There is no file ${file}`);
  return join(blobs, row.blob);
}

/** How long each file in a folder is, the shortest first. */
export async function sizesIn(folder: string): Promise<number[]> {
  const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size);
  return (await Promise.all(sizes)).toSorted((one, other) => one - other);
}
