/**
 * What was said before, when somebody asks for it: the end of a conversation, or what a search
 * finds. It is shown as one event, and changes nothing of what counts as seen.
 */
import { decodeFileNote, FILE_KIND } from "../../protocol/file.ts";
import type { Content, Message } from "../../protocol/frame.ts";
import type { TransferFields } from "../../protocol/session/client.ts";
import { HistoryError, type SessionConnection } from "../session/session_connection.ts";
import type { HistoryMessage } from "../events.ts";
import { RefusedError } from "../session/requests.ts";
import type { Offers } from "../files/offers.ts";
import type { SealedInbox } from "./sealed_inbox.ts";

/** What becomes of messages that are more than their text. */
export interface HistoryIndexes {
  readonly sealed: SealedInbox;
  readonly offers: Pick<Offers, "keep">;
}

export interface HistoryPage {
  readonly messages: HistoryMessage[];
  readonly more: boolean;
}

/** Asks on a stream of its own. Throws `RefusedError`. */
export async function fetchHistory(
  link: Pick<SessionConnection, "allows" | "messages"> | undefined,
  fields: TransferFields,
  keepers: HistoryIndexes,
): Promise<HistoryPage> {
  if (link === undefined || !link.allows(fields.type)) {
    throw new RefusedError("not_connected", "Not connected right now; try again in a moment.");
  }
  const messages: HistoryMessage[] = [];
  try {
    const answer = link.messages(fields);
    let next = await answer.next();
    for (; !next.done; next = await answer.next()) messages.push(pastOf(next.value, keepers));
    return { messages, more: next.value };
  } catch (failure) {
    if (!(failure instanceof HistoryError)) {
      throw new RefusedError("no_answer", "The connection broke; try again.");
    }
    // What comes after is kept until `dnd` ends; what came before it counts.
    if (failure.code === "held") return { messages, more: false };
    throw new RefusedError(failure.code, failure.message);
  }
}

function pastOf(message: Message, { sealed, offers }: HistoryIndexes): HistoryMessage {
  const { conversation, seq, ulid: id, from, content } = message;
  const past = { conversation, seq, id, from, at: isoTime(message.at) };
  const text = textOf(content);
  if (text !== undefined) return { ...past, text };
  if (content.kind === FILE_KIND) {
    const offer = offers.keep(message);
    if (offer === undefined) return past;
    const { number, name, size } = offer.event;
    return { ...past, number, name, size };
  }
  if (content.kind !== "sealed") return past;
  const shown = sealed.find(id);
  const kept = shown?.from === from ? shown : sealed.keep(message);
  return kept === undefined ? past : { ...past, number: kept.number };
}

/** What can be shown of one's own content: nothing of what is sealed. */
export function shownOf(content: Content): { text?: string; name?: string; size?: number } {
  const text = textOf(content);
  if (text !== undefined) return { text };
  const note = content.kind === FILE_KIND ? decodeFileNote(content.body) : undefined;
  return note === undefined ? {} : { name: note.name, size: note.size };
}

/** The text of a content that is one. */
export function textOf({ kind, body }: Content): string | undefined {
  return kind === "text" && typeof body === "string" ? body : undefined;
}

/** ISO 8601, whatever the number: a server may send any. */
export function isoTime(at: number): string {
  return new Date(Math.min(at, 8.64e15)).toISOString();
}
