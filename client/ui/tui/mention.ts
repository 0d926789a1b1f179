/** Whether a message names a user. Pure. */
import { isName, parseConversation } from "../../../protocol/names.ts";

/** Whether the text has the name as a word, with or without `@`. Private messages do not count. */
export function mentions(
  message: { readonly conversation: string; readonly from: string; readonly text: string },
  user: string | undefined,
): boolean {
  // `isName` also makes sure that the name means nothing to a regular expression: the server may
  // send any string as a name.
  if (user === undefined || !isName(user) || message.from === user) return false;
  if (parseConversation(message.conversation)?.type === "dm") return false;
  return new RegExp(`(?<![\\p{L}\\p{N}_-])${user}(?![\\p{L}\\p{N}_-])`, "iu").test(message.text);
}
