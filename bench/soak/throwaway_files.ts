/** Files that exist only while they are sent: their paths are their sizes. What comes is checked, and not kept. */
import { createHash, randomFillSync } from "node:crypto";
import type {
  AnnouncedFile,
  DownloadFile,
  FileStore,
  UploadFile,
} from "../../client/files/file_store.ts";
import { RefusedError } from "../../client/session/refused_error.ts";

export const THROWAWAY_FILES: FileStore = {
  openUpload: (path) => Promise.resolve(makeUpload(Number(path))),
  downloads: {
    open: (announced) => Promise.resolve(new Download(announced)),
    discard: () => Promise.resolve(),
  },
};

function makeUpload(size: number): UploadFile {
  const bytes = randomFillSync(new Uint8Array(size));
  return {
    name: `${size}.bin`,
    size,
    hash: (onRead) => {
      onRead(size);
      return Promise.resolve(new Uint8Array(createHash("sha256").update(bytes).digest()));
    },
    read: (buffer, offset) => {
      const piece = bytes.subarray(offset, offset + buffer.length);
      buffer.set(piece);
      return Promise.resolve(buffer.subarray(0, piece.length));
    },
    check: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

class Download implements DownloadFile {
  length = 0;
  readonly #announced: AnnouncedFile;
  readonly #hash = createHash("sha256");

  constructor(announced: AnnouncedFile) {
    this.#announced = announced;
  }

  append(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    this.length += bytes.length;
    return Promise.resolve();
  }

  finish(): Promise<string> {
    const { hash, size, name } = this.#announced;
    if (this.length === size && this.#hash.digest().equals(hash)) return Promise.resolve(name);
    return Promise.reject(new RefusedError("damaged_file", "It is not what was announced."));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
