/** Files on the disk of this machine: those to send anywhere, those accepted in one folder. */
import type { DownloadFolder, FileStore, UploadFile } from "../files/file_store.ts";
import { discardPart, DiskDownload } from "./disk_download.ts";
import { DiskUpload } from "./disk_upload.ts";

interface DiskFilesOptions {
  /** Replaces `~` in paths. */
  readonly home: string;
  /** The folder for accepted files; it is made when it is needed. Left out: none are accepted. */
  readonly downloads?: string | undefined;
}

export class DiskFiles implements FileStore {
  readonly downloads: DownloadFolder | undefined;
  readonly #home: string;

  constructor({ home, downloads: folder }: DiskFilesOptions) {
    this.#home = home;
    this.downloads = folder === undefined ? undefined : {
      open: (announced) => DiskDownload.open(folder, announced),
      discard: (announced) => discardPart(folder, announced),
    };
  }

  openUpload(path: string): Promise<UploadFile> {
    return DiskUpload.open(path, this.#home);
  }
}
