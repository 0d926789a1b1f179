/**
 * Events for eyes and ears: a line or a few for each, one after the other, never redrawn, without
 * colours. Pure: it makes the lines, and somebody else writes them.
 *
 * Lines of people begin with a time and a name, all others with a time and `*` or `!`, so that no
 * text of anybody can pass for something that sotto says.
 */
import { parseConversation, peerOf } from "../../protocol/names.ts";
import { safeLabel, safeText } from "../../protocol/safe_text.ts";
import type { ChatEvent } from "../events.ts";
import { reduce, type State } from "../state.ts";

export interface PlainOptions {
  /** Milliseconds since 1970, UTC. */
  readonly now: () => number;
  /** Whether what a person types stands on the screen already. */
  readonly echoed: boolean;
  /** For tests; default: that of the machine. */
  readonly timeZone?: string;
}

/** The lines for an event; `state` is the one before it. */
export function plainLines(state: State, event: ChatEvent, options: PlainOptions): string[] {
  const time = clockTime("at" in event ? Date.parse(event.at) : options.now(), options);
  const tell = (text: string) => lines(`${time} *`, text);
  switch (event.event) {
    case "connected":
      return tell(
        event.resumed ? "connected again" : `connected to ${event.address} over ${event.transport}`,
      );
    case "authenticated": {
      if (state.user === event.user) return [];
      const text = `you are ${event.user}, number ${event.number}`;
      return tell(event.created ? `${text}; the account is new` : text);
    }
    case "users":
      return tell(`here: ${event.users.map(nameOf).join(", ")}`);
    case "presence":
      return tell(presenceText(state, event));
    case "message":
      return [`${time} ${heading(state, event)} ${safeText(event.text)}`];
    case "sealed":
      return [`${time} [sealed from ${name(event.from)}, /open ${event.number}]`];
    case "opened":
      return [`${time} [opened, from ${name(event.from)}] ${safeText(event.text)}`];
    case "sending":
      return state.connection === "reconnecting"
        ? tell("not connected: it is kept, and sent as soon as possible")
        : [];
    case "ack":
      return acknowledged(state, event, time, options);
    case "notice":
      return tell(event.text);
    case "error":
      return lines(`${time} !`, event.message);
    case "closed":
      return []; // Why, stands on standard error, where the program says how it ended.
  }
}

/** Turns events into lines, one after the other. */
export class PlainView {
  readonly #options: PlainOptions;
  #state: State;

  constructor(state: State, options: PlainOptions) {
    this.#state = state;
    this.#options = options;
  }

  /** The lines for the next event. */
  show(event: ChatEvent): string[] {
    const lines = plainLines(this.#state, event, this.#options);
    this.#state = reduce(this.#state, event);
    return lines;
  }
}

/** An own message is shown where the typed line is not: so that a transcript is whole. */
function acknowledged(
  state: State,
  event: Extract<ChatEvent, { event: "ack" }>,
  time: string,
  { echoed }: PlainOptions,
): string[] {
  const sent = state.sending.get(event.id);
  const from = state.user ?? "";
  if (sent === undefined) return [];
  if (sent.text === undefined) {
    return [`${time} [sealed to ${name(peerOf(sent.conversation, from) ?? "")}]`];
  }
  if (echoed) return [];
  return [`${time} ${heading(state, { ...event, from })} ${safeText(sent.text)}`];
}

/** Who says it where: `bob:`, `[tech] bob:`, `bob -> you:`, `you -> bob:`. */
function heading(state: State, message: { conversation: string; from: string }): string {
  const from = name(message.from);
  const conversation = parseConversation(message.conversation);
  if (conversation?.type === "dm") {
    const other = name(peerOf(message.conversation, state.user ?? "") ?? "");
    return message.from === state.user ? `you -> ${other}:` : `${from} -> you:`;
  }
  const here = message.conversation === state.room || conversation === undefined;
  return here ? `${from}:` : `[${conversation.name}] ${from}:`;
}

function presenceText(state: State, event: Extract<ChatEvent, { event: "presence" }>): string {
  const who = name(event.user);
  if (event.status === "offline") return `${who} has left`;
  if (!state.people.has(event.user)) return `${who} is here`;
  return event.status === "normal" ? `${who} is back` : `${who} is ${safeLabel(event.status, 16)}`;
}

function nameOf(user: { number: number; name: string; status: string }): string {
  const status = user.status === "normal" ? "" : `, ${safeLabel(user.status, 16)}`;
  return `${name(user.name)} (${user.number}${status})`;
}

/** A name as the server gave it: plain, if the server is honest. */
function name(text: string): string {
  return safeLabel(text, 32);
}

/** Text of our own or of the server's, which may have several lines, each marked as such. */
function lines(mark: string, text: string): string[] {
  return text.split("\n").map((line) => `${mark} ${safeText(line)}`);
}

/** `14:02`, with the date in front when it is another day's. */
function clockTime(at: number, { now, timeZone }: PlainOptions): string {
  const zone = timeZone === undefined ? {} : { timeZone };
  // The Swedish way of writing dates is ISO 8601's.
  const date = new Intl.DateTimeFormat("sv-SE", { ...zone, dateStyle: "short" });
  const time = new Intl.DateTimeFormat("sv-SE", { ...zone, timeStyle: "short" });
  const clock = time.format(at);
  return date.format(at) === date.format(now()) ? clock : `${date.format(at)} ${clock}`;
}
