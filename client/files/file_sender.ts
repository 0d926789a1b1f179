/**
 * Sends files: uploads each, and then announces it with a message.
 *
 * 1. The message MUST follow the upload: everyone who reads it can download the file.
 * 2. The message has the ID of the upload. A file that is sent again after a stop continues under
 *    the same ID, so its message is stored once.
 */
import { untilAborted } from "../../protocol/abort.ts";
import { encodeFileContent, FILE_KIND } from "../../protocol/file_content.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Intent } from "../events.ts";
import type { Composer } from "../messages/composer.ts";
import type { SendQueue } from "../messages/send_queue.ts";
import { isRefusedAs, RefusedError } from "../session/refused_error.ts";
import type { CurrentSession } from "../session/signed_in_session.ts";
import type { FileStore, UploadFile } from "./file_store.ts";
import type { ResumableUploads, UploadKey } from "./resumable_uploads.ts";
import { safeFileName } from "./safe_file_name.ts";
import type { Transfer } from "./transfer.ts";
import type { Transfers } from "./transfers.ts";
import { attemptUpload } from "./upload_attempt.ts";

interface FileSenderOptions {
  /** The account's name. */
  readonly account: string;
  readonly composer: Pick<Composer, "conversationsWith">;
  /** Gives each file its number. Offers are numbered from the same sequence. */
  readonly nextNumber: () => number;
  readonly queue: Pick<SendQueue, "add" | "room">;
  readonly session: Pick<CurrentSession, "server">;
  readonly store: Pick<FileStore, "openUpload"> | undefined;
  /** Makes the ID of a message. */
  readonly ulid: () => string;
  readonly uploads: ResumableUploads;
}

/** Refusals after which the server has nothing of the upload. */
const NOTHING_KEPT: ReadonlySet<string> = new Set(["damaged_file", "other_file"]);

export class FileSender {
  readonly #options: FileSenderOptions;
  readonly #transfers: Transfers;
  /** Uploads that are complete, by the IDs of their messages, which are not acknowledged. */
  readonly #announced = new Map<string, UploadKey>();

  constructor(options: FileSenderOptions, transfers: Transfers) {
    this.#options = options;
    this.#transfers = transfers;
  }

  /** Starts to send a file, to each conversation. Throws `RefusedError`. */
  async send({ to, path }: Extract<Intent, { type: "send_file" }>): Promise<void> {
    const { composer, store } = this.#options;
    if (store === undefined) {
      throw new RefusedError("no_file", "Nothing was sent: this client has no access to files.");
    }
    const { conversations, refusal } = "conversation" in to
      ? { conversations: [to.conversation], refusal: undefined }
      : await composer.conversationsWith(to.people);
    if (conversations.length > 0) {
      const file = await store.openUpload(path);
      const close = () => file[Symbol.asyncDispose]();
      try {
        void this.#start(conversations, file).then(close);
      } catch (refusal) {
        await close();
        throw refusal;
      }
    }
    // Only now: the account itself was among the recipients, and the others get the file.
    if (refusal !== undefined) throw refusal;
  }

  /** A message of this account was stored, or refused for good. */
  settled(ulid: string): void {
    const upload = this.#announced.get(ulid);
    this.#announced.delete(ulid);
    if (upload !== undefined) void this.#options.uploads.forget(upload);
  }

  /** Starts a transfer for each conversation. Resolves when all of them have ended. */
  #start(conversations: readonly string[], file: UploadFile): Promise<unknown> {
    this.#transfers.checkRoom(conversations.length);
    const { size } = file;
    const name = nameToSend(file.name);
    // One after the other: from the second on the server has the bytes already.
    let previous = Promise.resolve();
    const all = conversations.map((conversation) => {
      const number = this.#options.nextNumber();
      const info = { number, direction: "up", conversation, name, size } as const;
      previous = this.#transfers.start(info, previous, (transfer) => this.#send(transfer, file));
      return previous;
    });
    return Promise.all(all);
  }

  async #send(transfer: Transfer, file: UploadFile): Promise<boolean> {
    const { account, session, queue, uploads } = this.#options;
    const { conversation, name, size } = transfer.info;
    const { signal } = transfer;
    const hash = await untilAborted(signal, file.hash((bytes) => transfer.addHashed(bytes)));
    if (hash === undefined) return false;
    const { pin } = session.server;
    const upload: UploadKey = { pin, user: account, conversation, name, size, hash };
    const id = await this.#idOf(upload);
    transfer.identify(id);
    const fields = { file: id, conversation, size, hash };
    try {
      const sent = await this.#transfers.retry(
        transfer,
        (attempt) => attemptUpload(file, fields, attempt),
      );
      if (!sent) return false;
    } catch (failure) {
      if (isRefusedAs(failure, NOTHING_KEPT)) await uploads.forget(upload);
      throw failure;
    }
    await untilAborted(signal, queue.room());
    if (signal.aborted) return false;
    transfer.complete();
    this.#announced.set(id, upload);
    const body = encodeFileContent({ file: id, name, size, hash });
    queue.add({ ulid: id, conversation, content: { kind: FILE_KIND, body } });
    return true;
  }

  /** The ID under which the upload was started before, or a new one. */
  async #idOf(upload: UploadKey): Promise<string> {
    const { ulid, uploads } = this.#options;
    const known = await uploads.recall(upload);
    const isUsed = known === undefined || this.#announced.has(known) ||
      this.#transfers.all.some(({ id }) => id === known);
    if (!isUsed) return known;
    const id = ulid();
    await uploads.remember(upload, id);
    return id;
  }
}

/** A name that fits into a note. A longer one could not be written on every system either. */
function nameToSend(name: string): string {
  return new TextEncoder().encode(name).length <= LIMITS.fileName ? name : safeFileName(name);
}
