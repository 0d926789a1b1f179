/**
 * `send`: checks a message and hands it to delivery, which answers. A message that is refused here is
 * not stored.
 */
import { encodeFrame } from "../../protocol/codec.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import type { ClientFrames, Content, ServerFrame } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { peerOf } from "../../protocol/names.ts";
import type { Peer } from "../peer.ts";
import type { Conversations } from "../services/conversations.ts";
import type { Delivery } from "../services/delivery.ts";
import type { Presence } from "../services/presence.ts";
import { accessErrorText } from "./access_error.ts";

interface MessageServices {
  readonly conversations: Conversations;
  readonly delivery: Delivery;
  readonly presence: Presence;
}

export async function send(frame: ClientFrames["send"], peer: Peer, services: MessageServices) {
  const { id: re, ulid, conversation, content } = frame;
  const { session } = peer;
  const from = session.account.name;
  const refuse = (code: ErrorCode) => {
    const message = accessErrorText(code, conversation, from);
    session.answer(encodeFrame({ type: "error", re, code, message }));
  };
  const denied = contentError(content) ??
    await services.conversations.accessError(session, conversation);
  if (denied !== undefined) return refuse(denied);

  const notice = noticeOf(frame, from, services.presence);
  const queued = services.delivery.submit({
    conversation,
    ulid,
    from,
    content,
    sender: session,
    re,
    ...(notice === undefined ? {} : { notice }),
  });
  if (!queued) refuse("busy");
}

/** Why the content is refused. What it means is the clients' business. */
function contentError({ kind, body }: Content): ErrorCode | undefined {
  if (body.length === 0) return "empty_message";
  if (typeof body !== "string") {
    return body.length > LIMITS.content ? "message_too_large" : undefined;
  }
  const limit = kind === "text" ? LIMITS.text : LIMITS.content;
  // UTF-8 takes at most three bytes for each of a string's units; most are far from the limit.
  if (body.length * 3 > limit && new TextEncoder().encode(body).length > limit) {
    return "message_too_large";
  }
  return body.trim() === "" ? "empty_message" : undefined;
}

/** What the sender of a private message is told about the other user. */
function noticeOf(
  frame: ClientFrames["send"],
  sender: string,
  presence: Presence,
): ServerFrame | undefined {
  const other = peerOf(frame.conversation, sender);
  if (other === undefined) return undefined;
  const status = presence.statusOf(other);
  if (status === "normal") return undefined;
  return { type: "notice", re: frame.id, code: status, text: `${other} ${NOTICES[status]}` };
}

const NOTICES = {
  offline: "is offline: the message is kept, and delivered when they return.",
  dnd: "does not want to be disturbed: the message is kept, and delivered when that ends.",
  away: "is away and may not respond: the message was delivered.",
} as const;
