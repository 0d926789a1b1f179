/**
 * Files that messages offer: numbered, bounded, found by number or ID. An offer by itself downloads
 * nothing.
 */
import { assert } from "../../protocol/assert.ts";
import { decodeFileContent, FILE_KIND, type FileContent } from "../../protocol/file_content.ts";
import type { Message } from "../../protocol/frame.ts";
import type { OfferEvent } from "../events.ts";
import { isoTime } from "./content.ts";

/** Offers that are kept; past it the oldest is forgotten (`/history` offers it again). */
const MAX_OFFERS = 256;

export interface Offer {
  readonly event: Omit<OfferEvent, "event">;
  readonly note: FileContent;
}

export class Offers {
  readonly #nextNumber: () => number;
  readonly #max: number;
  #offers: Offer[] = [];

  /** `nextNumber` numbers files that are sent, too. */
  constructor(nextNumber: () => number, max = MAX_OFFERS) {
    this.#nextNumber = nextNumber;
    this.#max = max;
  }

  /** Keeps the file of a message, once. `undefined`: its content does not describe one. */
  keep({ ulid: id, from, conversation, seq, at, content }: Message): Offer | undefined {
    if (content.kind !== FILE_KIND) return undefined;
    const known = this.#offers.find(({ event }) => event.id === id && event.from === from);
    if (known !== undefined) return known;
    const note = decodeFileContent(content.body);
    if (note === undefined) return undefined;
    const { name, size } = note;
    const number = this.#nextNumber();
    assert(number > (this.#offers.at(-1)?.event.number ?? 0), "numbers ascend");
    const event = { number, conversation, seq, id, from, name, size, at: isoTime(at) };
    const offer = { event, note };
    this.#offers.push(offer);
    if (this.#offers.length > this.#max) this.#offers.shift();
    return offer;
  }

  /** By its number or ID. */
  find(id: string): Offer | undefined {
    return this.#offers.find(({ event }) => event.id === id || String(event.number) === id);
  }

  /** It was downloaded, or declined. */
  forget(offer: Offer): void {
    this.#offers = this.#offers.filter((other) => other !== offer);
  }

  /** The oldest first. */
  get all(): readonly Offer[] {
    return this.#offers;
  }
}
