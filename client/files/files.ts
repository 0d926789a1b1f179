/**
 * Files: what is offered, and what a person does with it and with files of their own. How they get
 * across is for `passages.ts`.
 *
 * The contract:
 * 1. What is sent is said, as a message, when the server has it whole; under the ID under which it
 *    was uploaded, so that it is said once however often it is begun.
 * 2. What is stopped or breaks off goes on where it stopped when it is sent or accepted again.
 */
import type { Clock } from "../../protocol/clock.ts";
import { encodeFileNote, FILE_KIND } from "../../protocol/file.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { RefusedError } from "../session/refused_error.ts";
import type { CurrentSession } from "../session/signed_in_session.ts";
import type { ChatEvent, Intent } from "../events.ts";
import type { EventQueue } from "../event_queue.ts";
import type { Composer } from "../messages/composer.ts";
import type { SendQueue } from "../messages/send_queue.ts";
import { downloadOnce, uploadOnce } from "./attempt.ts";
import type { DownloadFolder, FileStore, UploadFile } from "./file_store.ts";
import { type ResumableUploads, type UploadKey, UploadsInMemory } from "./resumable_uploads.ts";
import { safeFileName } from "./safe_file_name.ts";
import type { Offer, Offers } from "./offers.ts";
import type { Transfer, TransferInfo } from "./transfer.ts";
import { Transfers } from "./transfers.ts";
import { unlessAborted } from "./unless_aborted.ts";

export type FileIntent = Extract<
  Intent,
  { type: "send_file" | "accept" | "cancel" | "decline" | "files" }
>;

/** What the program that makes a client decides about files. */
export interface FileOptions {
  /** Left out: this client neither sends nor accepts files. */
  readonly store?: FileStore | undefined;
  /** Files of at most so many bytes are accepted without a question; left out: none. */
  readonly autoAccept?: number | undefined;
  /** Default: forgotten with the process. */
  readonly uploads?: ResumableUploads | undefined;
}

export interface FilesOptions extends FileOptions {
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly events: EventQueue;
  readonly session: Pick<CurrentSession, "connection" | "next" | "server">;
  /** The account's name. */
  readonly account: string;
  readonly offers: Offers;
  readonly composer: Pick<Composer, "conversationsWith">;
  readonly queue: Pick<SendQueue, "add" | "room">;
  /** Makes the ID of a message. */
  readonly ulid: () => string;
  /** Gives each file that is sent its number; offers have theirs from the same row. */
  readonly nextNumber: () => number;
}

/** Refusals after which the server knows nothing of what was begun. */
const FORGOTTEN: ReadonlySet<string> = new Set(["damaged_file", "other_file"]);
/** Refusals after which what was fetched is of no use. */
const USELESS: ReadonlySet<string> = new Set(["damaged_file", "no_such_file"]);

export class Files {
  readonly #options: FilesOptions;
  readonly #uploads: ResumableUploads;
  readonly #offers: Offers;
  readonly #passages: Transfers;
  /** What was uploaded, and is said but not acknowledged yet. */
  readonly #said = new Map<string, UploadKey>();
  /** How many were on their way when this client left. */
  #left: number | undefined;

  constructor(options: FilesOptions) {
    this.#options = options;
    this.#uploads = options.uploads ?? new UploadsInMemory();
    this.#offers = options.offers;
    this.#passages = new Transfers(options);
  }

  /** Files that leaving has stopped. */
  get unfinished(): number {
    return this.#left ?? 0;
  }

  /** Bytes that were moved or read so far: while it grows, waiting is worth it. */
  get moved(): number {
    return this.#passages.moved;
  }

  /** Resolves when nothing is on its way. */
  idle(): Promise<void> {
    return this.#passages.idle();
  }

  /** Stops what is on its way, and begins nothing more. Idempotent. */
  leave(): void {
    this.#left ??= this.#passages.all.filter(({ isAcross }) => !isAcross).length;
    this.#passages.stop();
  }

  /** A message offers a file: fetches it if the user wants that without a question. */
  offered(offer: Offer): void {
    const { autoAccept = -1, store, account } = this.#options;
    const downloads = store?.downloads;
    const wanted = offer.note.size <= autoAccept && offer.event.from !== account;
    if (wanted && downloads !== undefined) this.#acceptUnasked(downloads, offer);
  }

  /** A message of this account's was stored, or refused for good. */
  settled(ulid: string): void {
    const begun = this.#said.get(ulid);
    this.#said.delete(ulid);
    if (begun !== undefined) void this.#uploads.forget(begun);
  }

  /** Does what a person wants, or begins to. Throws `RefusedError`. */
  async do(intent: FileIntent): Promise<void> {
    switch (intent.type) {
      case "send_file":
        return await this.#send(intent);
      case "accept":
        return this.#accept(this.#downloads(), this.#offer(intent.id, this.#idleOffers()));
      case "decline":
        return await this.#decline(this.#offer(intent.id, this.#offers.all));
      case "cancel":
        return this.#passages.find(intent.id).stop();
      case "files": {
        const offers = this.#idleOffers().map(({ event }) => event);
        const transfers = this.#passages.all.map(({ transfer }) => transfer);
        return this.#emit({ event: "files", offers, transfers });
      }
    }
  }

  async #send({ to, path }: Extract<FileIntent, { type: "send_file" }>): Promise<void> {
    const { composer, store } = this.#options;
    if (store === undefined) {
      throw new RefusedError("no_file", "Nothing was sent: this client has no access to files.");
    }
    const { conversations, refusal } = "conversation" in to
      ? { conversations: [to.conversation], refusal: undefined }
      : await composer.conversationsWith(to.people);
    this.#passages.checkRoom(conversations.length);
    if (conversations.length === 0 && refusal !== undefined) throw refusal;
    if (conversations.length === 0) return;
    const source = await store.openUpload(path);
    const { size } = source;
    const name = nameToSend(source.name);
    // One after the other: the server has the bytes already when the second begins.
    let before = Promise.resolve();
    const all = conversations.map((conversation) => {
      const way: TransferInfo = {
        number: this.#options.nextNumber(),
        direction: "up",
        conversation,
        name,
        size,
      };
      before = this.#passages.start(way, before, (passage) => this.#upload(passage, source));
      return before;
    });
    void Promise.all(all).then(() => source[Symbol.asyncDispose]());
    if (refusal !== undefined) throw refusal;
  }

  async #upload(passage: Transfer, source: UploadFile): Promise<boolean> {
    const { account, session, queue } = this.#options;
    const { conversation, name, size } = passage.way;
    const { signal } = passage;
    const hash = await unlessAborted(signal, source.hash((bytes) => passage.read(bytes)));
    if (hash === undefined) return false;
    const begun: UploadKey = {
      pin: session.server.pin,
      user: account,
      conversation,
      name,
      size,
      hash,
    };
    const file = await this.#idOf(begun);
    passage.name(file);
    try {
      const fields = { file, conversation, size, hash };
      const across = await this.#passages.carry(
        passage,
        (attempt) => uploadOnce(source, fields, attempt),
      );
      if (!across) return false;
    } catch (failure) {
      if (isRefusal(failure, FORGOTTEN)) await this.#uploads.forget(begun);
      throw failure;
    }
    await unlessAborted(signal, queue.room());
    // Whoever stopped it may be somebody else by now.
    if (signal.aborted) return false;
    passage.arrived();
    this.#said.set(file, begun);
    const body = encodeFileNote({ file, name, size, hash });
    queue.add({ ulid: file, conversation, content: { kind: FILE_KIND, body } });
    return true;
  }

  /** The ID under which it was begun before, or a new one. */
  async #idOf(begun: UploadKey): Promise<string> {
    const known = await this.#uploads.recall(begun);
    const taken = known === undefined || this.#said.has(known) ||
      this.#passages.all.some(({ id }) => id === known);
    if (!taken) return known;
    const id = this.#options.ulid();
    await this.#uploads.remember(begun, id);
    return id;
  }

  #accept(downloads: DownloadFolder, offer: Offer): void {
    const { number, conversation, name, size } = offer.event;
    const busy = this.#offers.all.filter((one) => this.#isUnderWay(one));
    if (busy.some((one) => one.note.file === offer.note.file)) {
      throw new RefusedError("under_way", `${name} is on its way already; /files tells how far.`);
    }
    this.#passages.checkRoom(1);
    const way: TransferInfo = { number, direction: "down", conversation, name, size };
    void this.#passages.start(way, Promise.resolve(), async (passage) => {
      passage.name(offer.event.id);
      return await this.#download(passage, downloads, offer);
    });
  }

  #acceptUnasked(downloads: DownloadFolder, offer: Offer): void {
    if (this.#left !== undefined) return;
    try {
      this.#accept(downloads, offer);
    } catch (refusal) {
      if (!(refusal instanceof RefusedError)) throw refusal;
      const text = `Not fetched by itself: ${refusal.message}`;
      this.#emit({ event: "notice", code: refusal.code, text });
    }
  }

  async #download(passage: Transfer, downloads: DownloadFolder, offer: Offer): Promise<boolean> {
    await using landing = await downloads.open(offer.note);
    try {
      const { note } = offer;
      const across = await this.#passages.carry(
        passage,
        (attempt) => downloadOnce(landing, note, attempt),
      );
      if (!across) return false;
      passage.arrived(await landing.finish());
    } catch (failure) {
      if (isRefusal(failure, USELESS)) await downloads.discard(offer.note);
      throw failure;
    }
    this.#offers.forget(offer);
    return true;
  }

  async #decline(offer: Offer): Promise<void> {
    this.#offers.forget(offer);
    await this.#passages.end(offer.event.number);
    await this.#options.store?.downloads?.discard(offer.note);
    const text = `${offer.event.name} is forgotten here. Whoever sent it is not told.`;
    this.#emit({ event: "notice", code: "declined", text });
  }

  #downloads(): DownloadFolder {
    const downloads = this.#options.store?.downloads;
    if (downloads !== undefined) return downloads;
    throw new RefusedError("no_downloads", "This client has no folder for accepted files.");
  }

  #isUnderWay({ event }: Offer): boolean {
    return this.#passages.all.some(({ way }) => way.number === event.number);
  }

  #idleOffers(): readonly Offer[] {
    return this.#offers.all.filter((offer) => !this.#isUnderWay(offer));
  }

  /** By its number or ID; without either, the newest of those. */
  #offer(id: string | undefined, newest: readonly Offer[]): Offer {
    const offer = id === undefined ? newest.at(-1) : this.#offers.find(id);
    if (offer !== undefined) return offer;
    const message = id === undefined
      ? "No file waits to be fetched here. /history shows those from before."
      : "No file here has that number or ID; /files lists them.";
    throw new RefusedError("unknown_file", message);
  }

  #emit(event: ChatEvent): void {
    this.#options.events.put(event);
  }
}

/** A name that fits into a note; longer ones cannot be written everywhere either. */
function nameToSend(name: string): string {
  return new TextEncoder().encode(name).length <= LIMITS.fileName ? name : safeFileName(name);
}

function isRefusal(failure: unknown, codes: ReadonlySet<string>): boolean {
  return failure instanceof RefusedError && codes.has(failure.code);
}
