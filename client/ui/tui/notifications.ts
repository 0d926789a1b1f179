/**
 * Whether the window has the focus, which messages were missed, and when to ring the bell or notify
 * the desktop. It writes nothing: it returns what to write.
 *
 * A terminal that does not report its focus counts as focused.
 */
import { parseConversation } from "../../../protocol/names.ts";
import { safeLabel, safeText } from "../../../protocol/safe_text.ts";
import type { IncomingEvent } from "../../events.ts";
import type { State } from "../state.ts";
import { mentions } from "./mention.ts";

/** What the environment says about the terminal. */
export interface TerminalKind {
  /** `TERM`. */
  readonly term: string;
  /** `TERM_PROGRAM`. */
  readonly program: string;
}

/** Every terminal rings at this. */
export const BELL = "\u0007";

/** Milliseconds between two notifications. */
const INTERVAL = 2000;
/** Milliseconds after which a message is too old to notify. */
const OLD = 60_000;

/**
 * Terminals that turn OSC 9 (iTerm2's) or OSC 777 (urxvt's) into a notification of the desktop.
 * `TERM` also tells them over SSH, where they have a value of their own.
 */
const OSC_9_PROGRAM = /^(iTerm\.app|WezTerm|ghostty)$/;
const OSC_9_TERM = /^(wezterm|xterm-ghostty|xterm-kitty)$/;
const OSC_777_TERM = /^(rxvt-unicode|foot|contour)/;

export class Notifications {
  readonly #terminal: TerminalKind;
  readonly #time: () => number;
  #focused = true;
  #missed: { count: number; readonly since: number } | undefined;
  #notifiedAt = -Infinity;

  /** `time`: milliseconds since 1970, UTC. */
  constructor(terminal: TerminalKind, time: () => number) {
    this.#terminal = terminal;
    this.#time = time;
  }

  /** What arrived while the window had no focus, until a key is pressed. */
  get missed(): { readonly count: number; readonly since: number } | undefined {
    return this.#missed;
  }

  setFocus(focused: boolean): void {
    this.#focused = focused;
  }

  /** A key was pressed: the user has seen the window. */
  clearMissed(): void {
    this.#missed = undefined;
  }

  /** Counts the event. Returns what to write to the terminal: nothing, a bell, a notification. */
  notify(event: IncomingEvent, state: State): string {
    if (event.from === state.user) return "";
    const at = Date.parse(event.at);
    if (!this.#focused) {
      this.#missed ??= { count: 0, since: at };
      this.#missed.count++;
    }
    const now = this.#time();
    if (!isForUser(event, state) || now - at > OLD || now - this.#notifiedAt < INTERVAL) return "";
    if (state.people.get(state.user ?? "")?.status === "dnd") return "";
    this.#notifiedAt = now;
    if (this.#focused) return BELL;
    const text = event.event === "message" ? safeText(event.text) : "";
    return BELL + desktopNotification(this.#terminal, event.from, text);
  }
}

/** Whether it is private, or names the user. */
function isForUser(event: IncomingEvent, { user }: State): boolean {
  if (parseConversation(event.conversation)?.type === "dm") return true;
  return event.event === "message" && mentions(event, user);
}

/** The sequence for a notification, or nothing for a terminal that is not known to have them. */
export function desktopNotification(
  { term, program }: TerminalKind,
  title: string,
  text: string,
): string {
  // A semicolon separates the fields.
  const from = safeLabel(title, 40).replaceAll(";", ",");
  const body = safeLabel(text, 120).replaceAll(";", ",");
  if (OSC_9_PROGRAM.test(program) || OSC_9_TERM.test(term)) {
    return `\u001b]9;${from}: ${body}${BELL}`;
  }
  if (OSC_777_TERM.test(term)) return `\u001b]777;notify;${from};${body}${BELL}`;
  return "";
}
