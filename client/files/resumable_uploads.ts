/**
 * Uploads that were started and not finished: the ID under which the server has the beginning. The
 * same file, sent to the same conversation again, continues where it stopped, and its message is
 * stored once. This is a convenience: an upload that is not remembered starts from the beginning.
 */

/** Which file, from whom, to where. */
export interface UploadKey {
  /** The server's. */
  readonly pin: string;
  readonly user: string;
  readonly conversation: string;
  readonly name: string;
  readonly size: number;
  /** SHA-256 of the file. */
  readonly hash: Uint8Array;
}

/** None of its methods throws. */
export interface ResumableUploads {
  /** The ID under which the upload was started. */
  recall(upload: UploadKey): Promise<string | undefined>;
  remember(upload: UploadKey, ulid: string): Promise<void>;
  /** Call this when the upload has ended. */
  forget(upload: UploadKey): Promise<void>;
}

/** Uploads that are remembered; past it the oldest is forgotten. */
export const MAX_UPLOADS = 256;

/** Uploads that are forgotten with the process. */
export class UploadsInMemory implements ResumableUploads {
  readonly #ulids = new Map<string, string>();
  readonly #max: number;

  constructor(max = MAX_UPLOADS) {
    this.#max = max;
  }

  recall(upload: UploadKey): Promise<string | undefined> {
    return Promise.resolve(this.#ulids.get(formatKey(upload)));
  }

  remember(upload: UploadKey, ulid: string): Promise<void> {
    const key = formatKey(upload);
    this.#ulids.delete(key);
    this.#ulids.set(key, ulid);
    const [oldest] = this.#ulids.keys();
    if (this.#ulids.size > this.#max && oldest !== undefined) this.#ulids.delete(oldest);
    return Promise.resolve();
  }

  forget(upload: UploadKey): Promise<void> {
    this.#ulids.delete(formatKey(upload));
    return Promise.resolve();
  }
}

function formatKey({ pin, user, conversation, name, size, hash }: UploadKey): string {
  return JSON.stringify([pin, user, conversation, name, size, hash.join()]);
}
