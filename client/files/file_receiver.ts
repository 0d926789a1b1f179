/**
 * Receives files: downloads an offered file when the user accepts it, or at once if it is small
 * enough. A download that was stopped continues when the file is accepted again.
 */
import type { EventSink } from "../event_queue.ts";
import { isRefusedAs, RefusedError } from "../session/refused_error.ts";
import { attemptDownload } from "./download_attempt.ts";
import type { DownloadFolder } from "./file_store.ts";
import type { Offer, Offers } from "../messages/offers.ts";
import type { Transfer } from "./transfer.ts";
import type { Transfers } from "./transfers.ts";

interface FileReceiverOptions {
  /** The account's name. */
  readonly account: string;
  /** Files of at most so many bytes are accepted without a question; `undefined`: none. */
  readonly autoAccept: number | undefined;
  /** `undefined`: no files are accepted. */
  readonly downloads: DownloadFolder | undefined;
  readonly events: EventSink;
  readonly offers: Pick<Offers, "all" | "find" | "forget">;
}

/** Refusals after which what was downloaded is of no use. */
const NOTHING_USEFUL: ReadonlySet<string> = new Set(["damaged_file", "no_such_file"]);

export class FileReceiver {
  readonly #options: FileReceiverOptions;
  readonly #transfers: Transfers;

  constructor(options: FileReceiverOptions, transfers: Transfers) {
    this.#options = options;
    this.#transfers = transfers;
  }

  /** Offers whose files are not being downloaded, the oldest first. */
  get waiting(): readonly Offer[] {
    return this.#options.offers.all.filter((offer) => !this.#isActive(offer));
  }

  /** A message offers a file: accepts it if that needs no question. */
  offered(offer: Offer): void {
    const { account, autoAccept = -1, downloads, events } = this.#options;
    const isWanted = offer.note.size <= autoAccept && offer.event.from !== account;
    if (!isWanted || downloads === undefined || this.#transfers.isClosed) return;
    try {
      this.#start(offer, downloads);
    } catch (refusal) {
      if (!(refusal instanceof RefusedError)) throw refusal;
      const text = `Not accepted automatically: ${refusal.message}`;
      events.put({ event: "notice", code: refusal.code, text });
    }
  }

  /** Starts a download: of the newest offer without an ID or number. Throws `RefusedError`. */
  accept(id: string | undefined): void {
    const { downloads } = this.#options;
    if (downloads === undefined) {
      throw new RefusedError("no_downloads", "This client has no folder for accepted files.");
    }
    this.#start(this.#find(id, this.waiting), downloads);
  }

  /** Forgets an offer and what was downloaded: the newest without an ID. Throws `RefusedError`. */
  async decline(id: string | undefined): Promise<void> {
    const { downloads, events, offers } = this.#options;
    const offer = this.#find(id, offers.all);
    offers.forget(offer);
    await this.#transfers.stop(offer.event.number);
    await downloads?.discard(offer.note);
    const text = `${offer.event.name} was declined. Its sender is not told.`;
    events.put({ event: "notice", code: "declined", text });
  }

  #start(offer: Offer, downloads: DownloadFolder): void {
    const { number, id, conversation, name, size } = offer.event;
    // By the file, not the offer: two downloads of one file would write to the same place.
    const active = this.#options.offers.all.filter((other) => this.#isActive(other));
    if (active.some(({ note }) => note.file === offer.note.file)) {
      const message = `${name} is being downloaded already; /files shows how far it is.`;
      throw new RefusedError("under_way", message);
    }
    this.#transfers.checkRoom(1);
    const info = { number, direction: "down", conversation, name, size } as const;
    void this.#transfers.start(info, Promise.resolve(), async (transfer) => {
      transfer.identify(id);
      return await this.#download(transfer, downloads, offer);
    });
  }

  async #download(
    transfer: Transfer,
    downloads: DownloadFolder,
    offer: Offer,
  ): Promise<boolean> {
    const { note } = offer;
    await using file = await downloads.open(note);
    try {
      const received = await this.#transfers.retry(
        transfer,
        (attempt) => attemptDownload(file, note, attempt),
      );
      if (!received) return false;
      transfer.complete(await file.finish());
    } catch (failure) {
      if (isRefusedAs(failure, NOTHING_USEFUL)) await downloads.discard(note);
      throw failure;
    }
    this.#options.offers.forget(offer);
    return true;
  }

  #isActive({ event }: Offer): boolean {
    return this.#transfers.all.some(({ info }) => info.number === event.number);
  }

  /** By its number or ID; without either, the newest of those. */
  #find(id: string | undefined, candidates: readonly Offer[]): Offer {
    const offer = id === undefined ? candidates.at(-1) : this.#options.offers.find(id);
    if (offer !== undefined) return offer;
    const message = id === undefined
      ? "No file waits to be accepted. /history shows earlier ones."
      : "No offered file has that number or ID; /files lists them.";
    throw new RefusedError("unknown_file", message);
  }
}
