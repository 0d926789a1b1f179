/**
 * Stored messages on request: the end of a conversation (`/history`), or the results of a search.
 * Each answer is one event. Nothing of it counts as shown.
 */
import { FILE_KIND } from "../../protocol/file_content.ts";
import type { Message } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { QueryFields } from "../../protocol/session/client.ts";
import type { ChatEvent, HistoryMessage, Intent } from "../events.ts";
import type { Offers } from "./offers.ts";
import { notConnected, RefusedError } from "../session/refused_error.ts";
import { HistoryError, isBreak, type SessionConnection } from "../session/session_connection.ts";
import { isoTime, textOf } from "./content.ts";
import type { Rooms } from "./rooms.ts";
import type { SealedMessages } from "./sealed_messages.ts";

type HistoryIntent = Extract<Intent, { type: "history" | "search" }>;

interface HistoryOptions {
  readonly session: {
    readonly connection: Pick<SessionConnection, "allows" | "messages"> | undefined;
  };
  readonly rooms: Pick<Rooms, "find" | "current">;
  readonly sealed: Pick<SealedMessages, "keep" | "find">;
  readonly offers: Pick<Offers, "keep">;
}

interface HistoryPage {
  readonly messages: readonly HistoryMessage[];
  readonly more: boolean;
}

/** Messages to show when the user gives no number. */
const DEFAULT_COUNT = 20;

export class History {
  readonly #options: HistoryOptions;

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  /** Throws `RefusedError`. */
  async answer(intent: HistoryIntent): Promise<ChatEvent> {
    if (intent.type === "search") {
      const { words } = intent;
      checkWords(words);
      const page = await this.#fetch({ type: "search", words, limit: DEFAULT_COUNT });
      return { event: "search", words, ...page };
    }
    const { rooms } = this.#options;
    const { place, limit = DEFAULT_COUNT } = intent;
    const conversation = place === undefined ? rooms.current : rooms.find(place);
    const before = Number.MAX_SAFE_INTEGER;
    const page = await this.#fetch({ type: "history", conversation, before, limit });
    return { event: "history", conversation, ...page };
  }

  async #fetch(fields: QueryFields): Promise<HistoryPage> {
    const { connection } = this.#options.session;
    if (connection?.allows(fields.type) !== true) throw notConnected();
    const messages: HistoryMessage[] = [];
    try {
      const answer = connection.messages(fields);
      let next = await answer.next();
      for (; !next.done; next = await answer.next()) {
        if (isNamed(next.value)) messages.push(this.#shown(next.value));
      }
      return { messages, more: next.value };
    } catch (failure) {
      if (!isBreak(failure)) throw failure;
      if (!(failure instanceof HistoryError)) {
        throw new RefusedError("no_answer", "The connection broke; try again.");
      }
      // While `dnd` lasts, the server gives the messages from before it.
      if (failure.code === "held") return { messages, more: false };
      throw new RefusedError(failure.code, failure.message);
    }
  }

  #shown(message: Message): HistoryMessage {
    const { conversation, seq, ulid: id, from, content } = message;
    const base = { conversation, seq, id, from, at: isoTime(message.at) };
    const text = textOf(content);
    if (text !== undefined) return { ...base, text };
    if (content.kind === FILE_KIND) {
      const offer = this.#options.offers.keep(message);
      if (offer === undefined) return base;
      const { number, name, size } = offer.event;
      return { ...base, number, name, size };
    }
    if (content.kind !== "sealed") return base;
    const { sealed } = this.#options;
    const known = sealed.find(id);
    const kept = known?.from === from ? known : sealed.keep(message);
    return kept === undefined ? base : { ...base, number: kept.number };
  }
}

/** Not of a message that cannot be read at all. */
function isNamed({ ulid, from }: Message): boolean {
  return ulid !== "" && from !== "";
}

/** Throws `RefusedError` for words that no server takes: they may be too long for a frame. */
function checkWords(words: string): void {
  const { length } = new TextEncoder().encode(words);
  if (length <= LIMITS.search) return;
  const message =
    `Not searched: the words have ${length} bytes, and ${LIMITS.search} are the most.`;
  throw new RefusedError("bad_search", message);
}
