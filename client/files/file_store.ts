/**
 * What files need of the machine: files to send, which are read, and accepted files, which are
 * written. `client/platform/disk_files.ts` implements it on a disk.
 *
 * Every method that fails for a reason which a person can act on throws `RefusedError`.
 */

export interface FileStore {
  /** Opens a file to send, by the path that a person typed. */
  openUpload(path: string): Promise<UploadFile>;
  /** Left out: this client accepts no files. */
  readonly downloads?: DownloadFolder | undefined;
}

/** A file to send. What it reads MUST be the same file until it is disposed of. */
export interface UploadFile extends AsyncDisposable {
  /** Without its folder. */
  readonly name: string;
  readonly size: number;
  /**
   * SHA-256 of the whole file. It reads the file once, however often it is called, and reports the
   * bytes as it reads them to the first caller. Disposing of the file stops it.
   */
  hash(onRead: (bytes: number) => void): Promise<Uint8Array>;
  /** Fills the buffer from this offset: with fewer bytes than fit, but never with none. */
  read(buffer: Uint8Array, offset: number): Promise<Uint8Array>;
  /** Throws if the file has changed since it was opened. */
  check(): Promise<void>;
}

/** Where accepted files are written. */
export interface DownloadFolder {
  /** Opens a file to write. It continues after what an earlier download has written of it. */
  open(announced: AnnouncedFile): Promise<DownloadFile>;
  /** Deletes what was written of a file that is not complete. Does nothing if there is nothing. */
  discard(announced: AnnouncedFile): Promise<void>;
}

/** A file as its sender announces it. Everything in it is the sender's word. */
export interface AnnouncedFile {
  readonly name: string;
  /** The ID under which the server has it: a ULID. */
  readonly file: string;
  readonly size: number;
  /** SHA-256. */
  readonly hash: Uint8Array;
}

/** A file to write. */
export interface DownloadFile extends AsyncDisposable {
  /** Bytes written so far. */
  readonly length: number;
  append(bytes: Uint8Array): Promise<void>;
  /**
   * Checks that the file is what was announced, and gives it its name; resolves with its path.
   * What is not as announced is deleted.
   */
  finish(): Promise<string>;
}
