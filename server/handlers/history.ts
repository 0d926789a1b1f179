/** `history`: the messages of a conversation, on a transfer stream. */
import type { ErrorCode } from "../../protocol/errors.ts";
import type { ClientFrames, Message, ServerFrame } from "../../protocol/frame.ts";
import { peerOf } from "../../protocol/names.ts";
import type { Conversations } from "../services/conversations.ts";
import type { SignedInSession } from "../services/signed_in_session.ts";
import type { Store } from "../store/store.ts";
import { accessErrorText } from "./access_error.ts";

interface HistoryServices {
  readonly conversations: Pick<Conversations, "accessError" | "state">;
  readonly store: Pick<Store, "messages">;
}

/** Messages that are read from the store at once: bounds the memory that a slow reader costs. */
const BATCH = 50;

/** Messages, and how the account sees their conversation at the moment at which they are read. */
interface Found {
  readonly messages: Message[];
  /** The newest `seq` that the account may see, and whether there are messages after it. */
  readonly newest: number;
  readonly held: boolean;
  /** No message from this `seq` on belongs to the answer. */
  readonly end: number;
}

/**
 * The frames of the answer, in groups: the next is read from the store when the last has been
 * written. Membership may end meanwhile; then an error ends the answer.
 */
export async function* history(
  frame: ClientFrames["history"],
  session: SignedInSession,
  services: HistoryServices,
): AsyncGenerator<ServerFrame[]> {
  const { id: re, conversation, after = 0, before, limit } = frame;
  const { name } = session.account;
  const refusal = (code: ErrorCode): ServerFrame[] => [
    { type: "error", re, code, message: accessErrorText(code, conversation, name) },
  ];
  const deny = () => services.conversations.accessError(session, conversation);
  const denied = await deny();
  if (denied !== undefined) return yield refusal(denied);
  const ended = async () => refusal(await deny() ?? "unknown_conversation");

  let found = await find(frame, name, services, after, 1);
  if (found === undefined) return yield await ended();
  const start = before === undefined
    ? after
    : Math.max(after, Math.min(found.end, found.newest + 1) - limit - 1);
  let last = start;
  let more = true;
  for (let left = limit; more && left > 0;) {
    const most = Math.min(left, BATCH);
    found = await find(frame, name, services, last, most);
    if (found === undefined) return yield await ended();
    const { messages } = found;
    if (messages.length > 0) yield messages;
    last = messages.at(-1)?.seq ?? last;
    left -= messages.length;
    if (messages.length === most && left > 0) continue;
    // What was held a moment ago may be there now: an answer with room for it MUST have it.
    found = await find(frame, name, services, before === undefined ? last : after, 1);
    if (found === undefined) return yield await ended();
    const [next] = found.messages;
    more = next !== undefined && (before === undefined || next.seq <= start);
    if (before !== undefined) break;
  }
  // A client that catches up must not take held messages for messages that do not exist.
  yield found.held && !more && before === undefined ? refusal("held") : [{ type: "end", re, more }];
}

/** At most `most` messages after `from`; `undefined`: the account is no member. */
async function find(
  { conversation, before }: ClientFrames["history"],
  account: string,
  { conversations, store }: HistoryServices,
  from: number,
  most: number,
): Promise<Found | undefined> {
  // Both look in this turn, and so at the same conversation: its ID may be another group's later.
  const [state, messages] = await Promise.all([
    conversations.state(account, conversation),
    store.messages.history(conversation, from, most),
  ]);
  // A private conversation begins with its first message.
  if (state === undefined && peerOf(conversation, account) === undefined) return undefined;
  const { seq: newest = 0, held = false } = state ?? {};
  const end = Math.min(before ?? Infinity, held ? newest + 1 : Infinity);
  return { messages: messages.filter(({ seq }) => seq < end), newest, held, end };
}
