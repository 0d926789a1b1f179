/** What a user is told who may not read or write in a conversation. Pure. */
import { type ErrorCode, ERRORS } from "../../protocol/errors.ts";
import { parseConversation, peerOf } from "../../protocol/names.ts";

/**
 * `account`: the name of the user who asked. The names in the text are well-formed: they come from
 * the ID of a conversation.
 */
export function accessErrorText(code: ErrorCode, conversation: string, account: string): string {
  const parsed = parseConversation(conversation);
  if (code === "unknown_user") {
    return `There is no user called ${peerOf(conversation, account)}. Check the name.`;
  }
  if (code === "not_a_member" && parsed?.type === "room") {
    return `You are not in the room ${parsed.name}. Join it first.`;
  }
  return ERRORS[code].meaning;
}
