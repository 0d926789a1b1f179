/** The files of one account: which part carries out which command about them. */
import type { Clock } from "../../protocol/clock.ts";
import type { EventQueue } from "../event_queue.ts";
import type { Intent } from "../events.ts";
import type { Composer } from "../messages/composer.ts";
import type { SendQueue } from "../messages/send_queue.ts";
import type { CurrentSession } from "../session/signed_in_session.ts";
import { FileReceiver } from "./file_receiver.ts";
import { FileSender } from "./file_sender.ts";
import type { FileStore } from "./file_store.ts";
import type { Offer, Offers } from "../messages/offers.ts";
import { type ResumableUploads, UploadsInMemory } from "./resumable_uploads.ts";
import { Transfers } from "./transfers.ts";

type FileIntent = Extract<
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

interface FilesOptions extends FileOptions {
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
  /** Gives each file that is sent its number. Offers are numbered from the same sequence. */
  readonly nextNumber: () => number;
}

export class Files {
  readonly #events: EventQueue;
  readonly #transfers: Transfers;
  readonly #sender: FileSender;
  readonly #receiver: FileReceiver;

  constructor(options: FilesOptions) {
    const { store, autoAccept, uploads = new UploadsInMemory() } = options;
    this.#events = options.events;
    this.#transfers = new Transfers(options);
    this.#sender = new FileSender({ ...options, store, uploads }, this.#transfers);
    this.#receiver = new FileReceiver(
      { ...options, autoAccept, downloads: store?.downloads },
      this.#transfers,
    );
  }

  /** Files that `stop` has left unfinished. */
  get unfinished(): number {
    return this.#transfers.unfinished;
  }

  /** Bytes that were hashed, sent or received so far: while it grows, waiting is worth it. */
  get movedBytes(): number {
    return this.#transfers.movedBytes;
  }

  /** Resolves when no file is being transferred. */
  idle(): Promise<void> {
    return this.#transfers.idle();
  }

  /** Stops every transfer, and those that are started from now on. Idempotent. */
  stop(): void {
    this.#transfers.close();
  }

  /** A message offers a file. */
  offered(offer: Offer): void {
    this.#receiver.offered(offer);
  }

  /** A message of this account was stored, or refused for good. */
  settled(ulid: string): void {
    this.#sender.settled(ulid);
  }

  /** Carries out a command. A transfer goes on after that. Throws `RefusedError`. */
  async do(intent: FileIntent): Promise<void> {
    switch (intent.type) {
      case "send_file":
        return await this.#sender.send(intent);
      case "accept":
        return this.#receiver.accept(intent.id);
      case "decline":
        return await this.#receiver.decline(intent.id);
      case "cancel":
        return this.#transfers.find(intent.id).stop();
      case "files": {
        const offers = this.#receiver.waiting.map(({ event }) => event);
        const transfers = this.#transfers.all.map(({ listing }) => listing);
        return this.#events.put({ event: "files", offers, transfers });
      }
    }
  }
}
