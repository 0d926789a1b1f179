/** `sync` and `mark`: how far conversations have come, and how far this person has read. */
import type { ClientFrames, ConversationState, ServerFrame } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Peer } from "../peer.ts";
import type { Conversations } from "../services/conversations.ts";
import { pages } from "./answer.ts";

export interface SyncServices {
  readonly conversations: Conversations;
}

export async function sync(frame: ClientFrames["sync"], peer: Peer, services: SyncServices) {
  const states = await services.conversations.states(peer.session.account.name);
  for (const page of conversationPages(states, frame.id)) peer.send(page);
}

export async function mark(frame: ClientFrames["mark"], peer: Peer, services: SyncServices) {
  const { conversation, seq } = frame;
  await services.conversations.mark(peer.session, conversation, seq);
}

/** The `conversations` frames that it takes. */
export function conversationPages(
  states: readonly ConversationState[],
  re?: number,
): Generator<ServerFrame> {
  const answered = re === undefined ? {} : { re };
  return pages(states, LIMITS.list, (conversations, more): ServerFrame => {
    return { type: "conversations", ...answered, conversations, more };
  });
}
