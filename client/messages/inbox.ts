/**
 * Incoming messages as events. It keeps what later commands refer to: sealed messages (`/open`),
 * files (`/accept`), and where the newest private message stands (`/r`).
 */
import { FILE_KIND } from "../../protocol/file_content.ts";
import { isUnreadable, type Message } from "../../protocol/frame.ts";
import { parseConversation } from "../../protocol/names.ts";
import type { EventSink } from "../event_queue.ts";
import type { Offer, Offers } from "./offers.ts";
import { isoTime, textOf } from "./content.ts";
import type { SealedMessages } from "./sealed_messages.ts";

interface InboxOptions {
  /** The account's name. */
  readonly account: string;
  readonly events: EventSink;
  readonly sealed: Pick<SealedMessages, "keep">;
  readonly offers: Pick<Offers, "keep">;
}

/** Conversations to remember as having messages that cannot be read. One more forgets them all. */
const MAX_UNREADABLE = 256;

export class Inbox {
  readonly #options: InboxOptions;
  readonly #unreadable = new Set<string>();
  #newestPrivate: string | undefined;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /** The conversation of the newest private message from another account. */
  get newestPrivate(): string | undefined {
    return this.#newestPrivate;
  }

  /** Puts the event for a message. Returns the offer if the message is a file. */
  show(message: Message): Offer | undefined {
    if (isUnreadable(message)) return this.#skip(message);
    const { account, events, sealed, offers } = this.#options;
    const { conversation, seq, ulid: id, from, content } = message;
    const at = isoTime(message.at);
    if (from !== account && parseConversation(conversation)?.type === "dm") {
      this.#newestPrivate = conversation;
    }
    const text = textOf(content);
    if (text !== undefined) {
      events.put({ event: "message", conversation, seq, id, from, text, at });
      return undefined;
    }
    const offer = content.kind === FILE_KIND ? offers.keep(message) : undefined;
    if (offer !== undefined) {
      events.put({ event: "offer", ...offer.event });
      return offer;
    }
    const kept = content.kind === "sealed" ? sealed.keep(message) : undefined;
    if (kept !== undefined) {
      events.put({ event: "sealed", number: kept.number, conversation, seq, id, from, at });
      return undefined;
    }
    const what = `${from} sent something that this version of sotto cannot show`;
    const notice = `${what} (${content.kind}, ${id}).`;
    events.put({ event: "notice", code: "unsupported", text: notice });
    return undefined;
  }

  /** Says once for each conversation that messages of it are left out. */
  #skip({ conversation, seq }: Message): undefined {
    if (this.#unreadable.has(conversation)) return;
    if (this.#unreadable.size >= MAX_UNREADABLE) this.#unreadable.clear();
    this.#unreadable.add(conversation);
    const text = `Message ${seq} of ${conversation} cannot be read, and is left out. ` +
      "Further ones there are left out without a notice.";
    this.#options.events.put({ event: "notice", code: "unreadable", text });
  }
}
