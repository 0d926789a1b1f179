/**
 * What the server keeps about files, but for their bytes (`blobs.ts`), and nothing about how: a
 * part of the store, under the same contract (`store.ts`).
 *
 * Files of one account that have the same bytes share a blob. Nothing here knows a file's name.
 */

export interface FileRow {
  /** The ULID that its sender made. */
  readonly file: string;
  /** Whose it is. */
  readonly account: string;
  /** Whose people may have it. */
  readonly conversation: string;
  readonly size: number;
  /** SHA-256 of the whole. */
  readonly hash: Uint8Array;
  /** What its bytes are kept under. */
  readonly blob: string;
  /** Whether all of them are there. */
  readonly complete: boolean;
  /** When it was completed; until then, when its upload last began. */
  readonly at: number;
}

export interface FileStore {
  /** `false` when the ULID is taken, whoever has it. Throws where the account is not there. */
  add(row: FileRow): Promise<boolean>;
  get(file: string): Promise<FileRow | undefined>;
  /** A complete file of the account with these bytes. */
  same(account: string, hash: Uint8Array, size: number): Promise<FileRow | undefined>;
  /** An upload of the file has begun again. */
  touch(file: string, at: number): Promise<void>;
  /** `false` when the file, or its group, has gone meanwhile. */
  complete(file: string, at: number): Promise<boolean>;
  /** Forgets a file. Returns its blob when no other file has it. */
  remove(file: string): Promise<string | undefined>;
  /** Whether there is a file that has the blob. */
  hasBlob(blob: string): Promise<boolean>;
  /** Bytes of an account's blobs, and of what was announced of those to come. */
  used(account: string): Promise<number>;
  /** How many files it has, whole or not. */
  count(account: string): Promise<number>;
  /**
   * At most `limit` files to be removed: completed before `completed`, begun before `begun` and not
   * completed, or for a group that has been deleted.
   */
  old(completed: number, begun: number, limit: number): Promise<string[]>;
}
