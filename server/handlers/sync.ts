/** `sync` and `mark`: how far conversations have come, and how far the user has read. */
import type { ClientFrames, ConversationState, ServerFrame } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Peer } from "../peer.ts";
import type { Conversations } from "../services/conversations.ts";
import type { Rooms } from "../services/rooms.ts";
import { pages } from "./respond.ts";

interface SyncServices {
  readonly conversations: Conversations;
  readonly rooms: Rooms;
}

export async function sync(frame: ClientFrames["sync"], peer: Peer, services: SyncServices) {
  await sendConversations(peer, services, frame.id);
}

export async function mark(frame: ClientFrames["mark"], peer: Peer, services: SyncServices) {
  const { conversation, seq } = frame;
  await services.conversations.mark(peer.session, conversation, seq);
}

/** Sends the list of conversations; `re`: the request, if it was asked for. */
export async function sendConversations(
  peer: Peer,
  { rooms }: Pick<SyncServices, "rooms">,
  re?: number,
): Promise<void> {
  await rooms.sendStates(peer.session, (states) => {
    for (const page of conversationPages(states, re)) peer.send(page);
  });
}

/** The `conversations` frames that the list takes. */
function conversationPages(
  states: readonly ConversationState[],
  re?: number,
): Generator<ServerFrame> {
  const answered = re === undefined ? {} : { re };
  return pages(states, LIMITS.list, (conversations, more): ServerFrame => {
    return { type: "conversations", ...answered, conversations, more };
  });
}
