/**
 * Files that were sent here and can be fetched: numbered, bounded, found by number or ID. Nothing
 * is fetched by being offered.
 */
import { decodeFileNote, type FileNote } from "../../protocol/file.ts";
import type { Message } from "../../protocol/frame.ts";
import type { OfferEvent } from "../events.ts";
import { isoTime } from "../messages/content.ts";

/** Offers that are kept; past it the oldest is forgotten (`/history` offers it again). */
const MOST = 256;

export interface Offer {
  readonly event: Omit<OfferEvent, "event">;
  readonly note: FileNote;
}

export class Offers {
  readonly #number: () => number;
  readonly #most: number;
  #kept: Offer[] = [];

  /** `number` gives the next one: what is sent is numbered from the same row. */
  constructor(number: () => number, most = MOST) {
    this.#number = number;
    this.#most = most;
  }

  /** Keeps a message whose content is a file; `undefined` when it is not what it says. */
  keep({ ulid: id, from, conversation, seq, at, content }: Message): Offer | undefined {
    if (content.kind !== "file" || typeof content.body === "string") return undefined;
    const shown = this.#kept.find(({ event }) => event.id === id && event.from === from);
    if (shown !== undefined) return shown;
    const note = decodeFileNote(content.body);
    if (note === undefined) return undefined;
    const { name, size } = note;
    const number = this.#number();
    const event = { number, conversation, seq, id, from, name, size, at: isoTime(at) };
    this.#kept.push({ event, note });
    if (this.#kept.length > this.#most) this.#kept.shift();
    return this.#kept.at(-1);
  }

  /** By its number or ULID; without either, the newest. */
  find(id?: string): Offer | undefined {
    if (id === undefined) return this.#kept.at(-1);
    return this.#kept.find(({ event }) => event.id === id || String(event.number) === id);
  }

  /** It was fetched, or is not wanted. */
  forget(offer: Offer): void {
    this.#kept = this.#kept.filter((one) => one !== offer);
  }

  get all(): readonly Offer[] {
    return this.#kept;
  }
}
