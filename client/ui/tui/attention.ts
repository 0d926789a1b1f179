/**
 * Whether somebody looks, what came while nobody did, and when the terminal calls. It writes
 * nothing: it says what is to be written.
 *
 * Terminals that do not tell whether they have the focus are taken to have it.
 */
import { parseConversation } from "../../../protocol/names.ts";
import { safeText } from "../../../protocol/safe_text.ts";
import type { ChatEvent } from "../../events.ts";
import type { State } from "../state.ts";
import { BELL, mentions, notification, type TerminalKind } from "./mention.ts";

/** Something that somebody said. */
export type Heard = Extract<ChatEvent, { event: "message" | "sealed" | "offer" }>;

/** Milliseconds between two calls. */
const BETWEEN = 2000;
/** What is older, in milliseconds, was said before and calls nobody now. */
const OLD = 60_000;

export class Attention {
  readonly #terminal: TerminalKind;
  readonly #time: () => number;
  #focused = true;
  #missed: { count: number; readonly since: number } | undefined;
  #called = -Infinity;

  /** `time`: milliseconds since 1970, UTC. */
  constructor(terminal: TerminalKind, time: () => number) {
    this.#terminal = terminal;
    this.#time = time;
  }

  /** What came while nobody looked, until a key is pressed. */
  get missed(): { readonly count: number; readonly since: number } | undefined {
    return this.#missed;
  }

  /** The window has got the focus, or lost it. */
  focus(focused: boolean): void {
    this.#focused = focused;
  }

  /** Somebody is there. */
  pressed(): void {
    this.#missed = undefined;
  }

  /** Counts what was said; returns what calls whoever looks elsewhere, if it is to call. */
  heard(event: Heard, state: State): string {
    if (event.from === state.user) return "";
    const at = Date.parse(event.at);
    if (!this.#focused) {
      this.#missed ??= { count: 0, since: at };
      this.#missed.count++;
    }
    const now = this.#time();
    if (!isFor(event, state) || now - at > OLD || now - this.#called < BETWEEN) return "";
    if (state.people.get(state.user ?? "")?.status === "dnd") return "";
    this.#called = now;
    if (this.#focused) return BELL;
    const text = event.event === "message" ? safeText(event.text) : "";
    return BELL + notification(this.#terminal, event.from, text);
  }
}

/** It is private, or calls somebody by name. */
function isFor(event: Heard, { user }: State): boolean {
  if (parseConversation(event.conversation)?.type === "dm") return true;
  return event.event === "message" && mentions(event, user);
}
