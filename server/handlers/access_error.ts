/** What somebody is told who may not read or write in a conversation, and what to do about it. Pure. */
import { type ErrorCode, ERRORS } from "../../protocol/errors.ts";
import { parseConversation, peerOf } from "../../protocol/names.ts";

/**
 * `account` is who asked. The names that this repeats are well-formed: they stood in the ID of a
 * conversation.
 */
export function accessErrorText(code: ErrorCode, conversation: string, account: string): string {
  const parsed = parseConversation(conversation);
  if (code === "unknown_user") {
    return `There is nobody called ${peerOf(conversation, account)}. Check the name.`;
  }
  if (code === "not_a_member" && parsed?.type === "room") {
    return `You are not in the room ${parsed.name}. Join it first.`;
  }
  return ERRORS[code].meaning;
}
