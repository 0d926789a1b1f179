/**
 * What a person asks to see, or to be: their status, what was said before, what a search finds, a
 * line to invite somebody with.
 * Each answer is one event. What cannot be had is a `RefusedError`.
 */
import type { TransferFields } from "../../protocol/session/client.ts";
import { RefusedError, type Requests } from "../session/requests.ts";
import type { ChatEvent, Intent } from "../events.ts";
import type { ReconnectingSession } from "../session/reconnecting_session.ts";
import { fetchHistory, type HistoryIndexes, type HistoryPage, isoTime } from "./history.ts";
import type { Rooms } from "./rooms.ts";
import { statusOf } from "./recipients.ts";

export type QueryIntent = Extract<Intent, { type: "status" | "history" | "search" | "invite" }>;

export interface QueriesOptions extends HistoryIndexes {
  readonly asking: Pick<Requests, "ask">;
  readonly places: Pick<Rooms, "find" | "room">;
  readonly line: () => Pick<ReconnectingSession, "link" | "inviteLine">;
  /** The account's own name. */
  readonly self: () => string;
}

/** Messages that are shown when no number is given. */
const SHOWN = 20;

export class Queries {
  readonly #options: QueriesOptions;

  constructor(options: QueriesOptions) {
    this.#options = options;
  }

  async answer(inquiry: QueryIntent): Promise<ChatEvent> {
    const { asking, places, self } = this.#options;
    switch (inquiry.type) {
      case "status": {
        const { status } = inquiry;
        if (status === undefined) {
          return { event: "status", status: await statusOf(self(), asking) };
        }
        await asking.ask<"status">({ type: "status", status });
        return { event: "status", status };
      }
      case "history": {
        const { place, limit = SHOWN } = inquiry;
        const conversation = place === undefined ? places.room : places.find(place);
        const before = Number.MAX_SAFE_INTEGER;
        const past = await this.#past({ type: "history", conversation, before, limit });
        return { event: "history", conversation, ...past };
      }
      case "search": {
        const { words } = inquiry;
        const found = await this.#past({ type: "search", words, limit: SHOWN });
        return { event: "search", words, ...found };
      }
      case "invite": {
        const { uses, lifetime } = inquiry;
        const [made] = await asking.ask<"invite">({
          type: "invite",
          ...(uses !== undefined && { uses }),
          ...(lifetime !== undefined && { lifetime }),
        });
        if (made === undefined) throw new RefusedError("no_answer", "The server gave no code.");
        const text = this.#options.line().inviteLine(made.code);
        return { event: "invite", line: text, uses: made.uses, expires: isoTime(made.expires) };
      }
    }
  }

  #past(fields: TransferFields): Promise<HistoryPage> {
    return fetchHistory(this.#options.line().link, fields, this.#options);
  }
}
