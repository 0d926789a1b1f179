/** Files in memory, for clients in tests: those that they send, and those that they accept. */
import type {
  AnnouncedFile,
  DownloadFile,
  DownloadFolder,
  FileStore,
  UploadFile,
} from "../../client/files/file_store.ts";
import { hashOf } from "./files.ts";
import { concat } from "../../protocol/concat.ts";
import { RefusedError } from "../../client/session/refused_error.ts";

export class MemoryFiles implements FileStore {
  /** Files to send, by their paths. */
  readonly files = new Map<string, Uint8Array>();
  /** Accepted files that are complete, by their names. */
  readonly accepted = new Map<string, Uint8Array>();
  /** Those that are not, by their IDs. */
  readonly parts = new Map<string, Uint8Array>();
  /** Called before bytes of a file are read or written at this offset. */
  onTransfer: (direction: "up" | "down", offset: number) => void = () => {};
  readonly downloads: DownloadFolder;

  constructor() {
    this.downloads = {
      open: (announced) => Promise.resolve(this.#openDownload(announced)),
      discard: ({ file }) => Promise.resolve(void this.parts.delete(file)),
    };
  }

  openUpload(path: string): Promise<UploadFile> {
    const bytes = this.files.get(path);
    if (bytes === undefined) {
      return Promise.reject(new RefusedError("no_file", `There is no file ${path}.`));
    }
    return Promise.resolve({
      name: path.slice(path.lastIndexOf("/") + 1),
      size: bytes.length,
      hash: (onRead) => {
        onRead(bytes.length);
        return Promise.resolve(hashOf(bytes));
      },
      read: (buffer, offset) => {
        this.onTransfer("up", offset);
        const piece = bytes.subarray(offset, offset + buffer.length);
        buffer.set(piece);
        return Promise.resolve(buffer.subarray(0, piece.length));
      },
      check: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  }

  #openDownload({ name, file, hash }: AnnouncedFile): DownloadFile {
    const { accepted, parts } = this;
    const written = () => parts.get(file) ?? new Uint8Array();
    return {
      get length() {
        return written().length;
      },
      append: (bytes) => {
        this.onTransfer("down", written().length);
        parts.set(file, concat([written(), bytes]));
        return Promise.resolve();
      },
      finish: () => {
        const bytes = written();
        parts.delete(file);
        if (hashOf(bytes).join() !== hash.join()) {
          return Promise.reject(new RefusedError("damaged_file", "It is not what was announced."));
        }
        accepted.set(name, bytes);
        return Promise.resolve(`memory/${name}`);
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
}
