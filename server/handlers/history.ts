/** `history`: what was said in a conversation, on a stream of its own. */
import { ERRORS } from "../../protocol/errors.ts";
import type { ClientFrames, ServerFrame } from "../../protocol/frame.ts";
import type { Conversations } from "../services/conversations.ts";
import type { SignedIn } from "../services/signed_in.ts";
import type { Store } from "../store/store.ts";

export interface HistoryServices {
  readonly conversations: Conversations;
  readonly store: Pick<Store, "history">;
}

/** Messages read from the store at once: bounds what a reader that stalls keeps in memory. */
const READ = 50;

/**
 * The frames of the answer, in groups that are written one after the other: the next is read from
 * the store when the last has been written.
 */
export async function* history(
  frame: ClientFrames["history"],
  session: SignedIn,
  services: HistoryServices,
): AsyncGenerator<ServerFrame[]> {
  const { id: re, conversation, limit } = frame;
  const code = await services.conversations.objection(session, conversation);
  if (code !== undefined) {
    yield [{ type: "error", re, code, message: ERRORS[code].meaning }];
    return;
  }
  let { after } = frame;
  for (let left = limit; left > 0;) {
    const messages = await services.store.history(conversation, after, Math.min(left, READ));
    if (messages.length > 0) yield messages;
    after = messages.at(-1)?.seq ?? after;
    left -= messages.length;
    if (messages.length < READ && left > 0) break;
  }
  const more = (await services.store.history(conversation, after, 1)).length > 0;
  yield [{ type: "end", re, more }];
}
