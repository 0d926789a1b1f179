/** `history`: what was said in a conversation, on a stream of its own. */
import type { ErrorCode } from "../../protocol/errors.ts";
import type { ClientFrames, ServerFrame } from "../../protocol/frame.ts";
import type { Conversations } from "../services/conversations.ts";
import type { SignedInSession } from "../services/signed_in_session.ts";
import type { Store } from "../store/store.ts";
import { accessErrorText } from "./access_error.ts";

export interface HistoryServices {
  readonly conversations: Conversations;
  readonly store: Pick<Store, "messages">;
}

/** Messages read from the store at once: bounds what a reader that stalls keeps in memory. */
const READ = 50;

/**
 * The frames of the answer, in groups that are written one after the other: the next is read from
 * the store when the last has been written.
 */
export async function* history(
  frame: ClientFrames["history"],
  session: SignedInSession,
  services: HistoryServices,
): AsyncGenerator<ServerFrame[]> {
  const { id: re, conversation, after = 0, before, limit } = frame;
  const { conversations, store } = services;
  const refusal = (code: ErrorCode): ServerFrame[] => [
    { type: "error", re, code, message: accessErrorText(code, conversation, session.account.name) },
  ];
  const objection = await conversations.accessError(session, conversation);
  if (objection !== undefined) return yield refusal(objection);

  const { seq: newest = 0, held = false } =
    await conversations.state(session.account.name, conversation) ?? {};
  const end = Math.min(before ?? Infinity, held ? newest + 1 : Infinity);
  const start = before === undefined
    ? after
    : Math.max(after, Math.min(end, newest + 1) - limit - 1);
  const read = async (from: number, to: number, most: number) =>
    (await store.messages.history(conversation, from, most)).filter(({ seq }) => seq < to);

  let last = start;
  for (let left = limit; left > 0;) {
    const messages = await read(last, end, Math.min(left, READ));
    if (messages.length > 0) yield messages;
    last = messages.at(-1)?.seq ?? last;
    left -= messages.length;
    if (messages.length < READ && left > 0) break;
  }
  if (before !== undefined) {
    return yield [{ type: "end", re, more: (await read(after, start + 1, 1)).length > 0 }];
  }
  const more = (await read(last, end, 1)).length > 0;
  // Whoever catches up must not take what is held for what is not there.
  yield held && !more ? refusal("held") : [{ type: "end", re, more }];
}
