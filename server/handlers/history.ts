/** `history`: the messages of a conversation, on a transfer stream. */
import type { ErrorCode } from "../../protocol/errors.ts";
import type { ClientFrames, ServerFrame } from "../../protocol/frame.ts";
import type { Conversations } from "../services/conversations.ts";
import type { SignedInSession } from "../services/signed_in_session.ts";
import type { Store } from "../store/store.ts";
import { accessErrorText } from "./access_error.ts";

interface HistoryServices {
  readonly conversations: Conversations;
  readonly store: Pick<Store, "messages">;
}

/** Messages that are read from the store at once: bounds the memory that a slow reader costs. */
const BATCH = 50;

/**
 * The frames of the answer, in groups: the next is read from the store when the last has been
 * written.
 */
export async function* history(
  frame: ClientFrames["history"],
  session: SignedInSession,
  services: HistoryServices,
): AsyncGenerator<ServerFrame[]> {
  const { id: re, conversation, after = 0, before, limit } = frame;
  const { conversations, store } = services;
  const { name } = session.account;
  const refusal = (code: ErrorCode): ServerFrame[] => [
    { type: "error", re, code, message: accessErrorText(code, conversation, name) },
  ];
  const denied = await conversations.accessError(session, conversation);
  if (denied !== undefined) return yield refusal(denied);

  const { seq: newest = 0, held = false } = await conversations.state(name, conversation) ?? {};
  const end = Math.min(before ?? Infinity, held ? newest + 1 : Infinity);
  const start = before === undefined
    ? after
    : Math.max(after, Math.min(end, newest + 1) - limit - 1);
  const read = async (from: number, to: number, most: number) =>
    (await store.messages.history(conversation, from, most)).filter(({ seq }) => seq < to);

  let last = start;
  for (let left = limit; left > 0;) {
    const messages = await read(last, end, Math.min(left, BATCH));
    if (messages.length > 0) yield messages;
    last = messages.at(-1)?.seq ?? last;
    left -= messages.length;
    if (messages.length < BATCH && left > 0) break;
  }
  if (before !== undefined) {
    return yield [{ type: "end", re, more: (await read(after, start + 1, 1)).length > 0 }];
  }
  const more = (await read(last, end, 1)).length > 0;
  // A client that catches up must not take held messages for messages that do not exist.
  yield held && !more ? refusal("held") : [{ type: "end", re, more }];
}
