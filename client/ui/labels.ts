/**
 * Short texts for users, conversations and times. Pure. Names that others chose are made safe here.
 */
import { parseConversation, peerOf } from "../../protocol/names.ts";
import { safeLabel } from "../../protocol/safe_text.ts";
import type { State } from "./state.ts";

/** The most characters of a status. */
const MOST_STATUS = 16;

/** A user's name. An honest server sends plain names only. */
export function userName(name: string): string {
  return safeLabel(name, 32);
}

/** `dnd`. */
export function statusLabel(status: string): string {
  return safeLabel(status, MOST_STATUS);
}

/** `bob (2, away)`. */
export function userLabel(user: { number: number; name: string; status: string }): string {
  const status = user.status === "normal" ? "" : `, ${statusLabel(user.status)}`;
  return `${userName(user.name)} (${user.number}${status})`;
}

/** `#tech`, `[crew]`, or the name of the other user. */
export function conversationLabel(state: State, conversation: string): string {
  const parsed = parseConversation(conversation);
  switch (parsed?.type) {
    case "room":
      return `#${parsed.name}`;
    case "group":
      return `[${parsed.name}]`;
    default:
      return userName(peerOf(conversation, state.user ?? "") ?? conversation);
  }
}

/** `in #tech`, `with bob`. */
export function placeLabel(state: State, conversation: string): string {
  const preposition = parseConversation(conversation)?.type === "dm" ? "with" : "in";
  return `${preposition} ${conversationLabel(state, conversation)}`;
}

/** How the parts of a heading look. */
export interface HeadingStyle {
  readonly user: (name: string) => string;
  /** For `you`. */
  readonly self: (text: string) => string;
  /** For a conversation other than the current one. */
  readonly place: (label: string) => string;
}

const UNSTYLED: HeadingStyle = { user: userName, self: (text) => text, place: (label) => label };

/** Who wrote a message, and where: `bob:`, `#tech bob:`, `[crew] bob:`, `bob -> you:`. */
export function heading(
  state: State,
  message: { readonly conversation: string; readonly from: string },
  style: HeadingStyle = UNSTYLED,
): string {
  const { conversation, from } = message;
  const type = parseConversation(conversation)?.type;
  if (type === "dm") {
    const peer = peerOf(conversation, state.user ?? "") ?? "";
    return from === state.user
      ? `${style.self("you")} -> ${style.user(peer)}:`
      : `${style.user(from)} -> ${style.self("you")}:`;
  }
  const isCurrent = conversation === state.room || type === undefined;
  const place = isCurrent ? "" : `${style.place(conversationLabel(state, conversation))} `;
  return `${place}${style.user(from)}:`;
}

export interface TimeOptions {
  /** Milliseconds since 1970, UTC. */
  readonly now: () => number;
  /** Default: the machine's. */
  readonly timeZone?: string;
}

/** `14:02`; with the date before it on another day than today. */
export function timeLabel(at: number, { now, timeZone }: TimeOptions): string {
  const zone = timeZone === undefined ? {} : { timeZone };
  // Swedish dates are ISO 8601's.
  const date = new Intl.DateTimeFormat("sv-SE", { ...zone, dateStyle: "short" });
  const time = new Intl.DateTimeFormat("sv-SE", { ...zone, timeStyle: "short" });
  const clock = time.format(at);
  return date.format(at) === date.format(now()) ? clock : `${date.format(at)} ${clock}`;
}
