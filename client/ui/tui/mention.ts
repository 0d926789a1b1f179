/**
 * Whether a message calls somebody, and how a terminal can say so to whoever looks elsewhere. Pure.
 */
import { isName, parseConversation } from "../../../protocol/names.ts";
import { safeLabel } from "../../../protocol/safe_text.ts";

/** The message has the name, as a word of its own or after `@`, or is for nobody else. */
export function mentions(
  message: { readonly conversation: string; readonly from: string; readonly text: string },
  user: string | undefined,
): boolean {
  // A name is of `a-z 0-9 _ -`, so that nothing in it means something to an expression; what a
  // server calls somebody may be anything.
  if (user === undefined || !isName(user) || message.from === user) return false;
  if (parseConversation(message.conversation)?.type === "dm") return false;
  return new RegExp(`(?<![\\p{L}\\p{N}_-])${user}(?![\\p{L}\\p{N}_-])`, "iu").test(message.text);
}

/** A bell, which every terminal has. */
export const BELL = "\u0007";

/** What the environment says of the terminal. */
export interface TerminalKind {
  readonly term: string;
  readonly program: string;
}

/**
 * Terminals that turn OSC 9 (iTerm2's) or OSC 777 (urxvt's) into a notification of the desktop.
 * Those that have a `TERM` of their own are known by it over SSH as well.
 */
const OSC_9_PROGRAM = /^(iTerm\.app|WezTerm|ghostty)$/;
const OSC_9_TERM = /^(wezterm|xterm-ghostty|xterm-kitty)$/;
const OSC_777_TERM = /^(rxvt-unicode|foot|contour)/;

/** A notification, where the terminal is known to have them; else nothing. */
export function notification({ term, program }: TerminalKind, title: string, text: string): string {
  const what = safeLabel(title, 40).replaceAll(";", ",");
  const words = safeLabel(text, 120).replaceAll(";", ",");
  if (OSC_9_PROGRAM.test(program) || OSC_9_TERM.test(term)) {
    return `\u001b]9;${what}: ${words}${BELL}`;
  }
  if (OSC_777_TERM.test(term)) return `\u001b]777;notify;${what};${words}${BELL}`;
  return "";
}
