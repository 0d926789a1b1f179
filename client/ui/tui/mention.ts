/**
 * Whether a message calls somebody, and how a terminal can say so to whoever looks elsewhere. Pure.
 */
import { parseConversation } from "../../../protocol/names.ts";
import { safeLabel } from "../../../protocol/safe_text.ts";

/** The message has the name, as a word of its own or after `@`, or is for nobody else. */
export function mentions(
  message: { readonly conversation: string; readonly from: string; readonly text: string },
  user: string | undefined,
): boolean {
  if (user === undefined || message.from === user) return false;
  if (parseConversation(message.conversation)?.type === "dm") return false;
  // Names are of `a-z 0-9 _ -`, so that nothing in them means something to an expression.
  return new RegExp(`(?<![\\p{L}\\p{N}_-])${user}(?![\\p{L}\\p{N}_-])`, "iu").test(message.text);
}

/** A bell, which every terminal has. */
export const BELL = "\u0007";

/** What the environment says of the terminal. */
export interface TerminalKind {
  readonly term: string;
  readonly program: string;
}

/** Terminals that turn OSC 9 (iTerm2's) or OSC 777 (urxvt's) into a notification of the desktop. */
const OSC_9 = /^(iTerm\.app|WezTerm|ghostty)$/;
const OSC_777 = /^(rxvt-unicode|foot|contour)/;

/** A notification, where the terminal is known to have them; else nothing. */
export function notification({ term, program }: TerminalKind, title: string, text: string): string {
  const what = safeLabel(title, 40).replaceAll(";", ",");
  const words = safeLabel(text, 120).replaceAll(";", ",");
  if (OSC_9.test(program)) return `\u001b]9;${what}: ${words}${BELL}`;
  if (OSC_777.test(term)) return `\u001b]777;notify;${what};${words}${BELL}`;
  return "";
}
