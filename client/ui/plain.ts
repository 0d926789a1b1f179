/**
 * Events for eyes and ears: a line or a few for each, one after the other, never redrawn, without
 * colours. Pure: it makes the lines, and somebody else writes them.
 *
 * Lines of people begin with a time and a name, all others with a time and `*` or `!`, so that no
 * text of anybody can pass for something that sotto says.
 */
import { drawQr } from "../../protocol/invite_line.ts";
import { parseConversation, peerOf } from "../../protocol/names.ts";
import { safeLabel, safeText } from "../../protocol/safe_text.ts";
import type { ChatEvent, HistoryMessage } from "../events.ts";
import { INITIAL, reduce, type State } from "./state.ts";
import { fileName, filesText, offerText, progressText, startText } from "./file_wording.ts";
import { changeText, inPlace, label, listText, name, nameOf, unreadText } from "./wording.ts";

export interface PlainOptions {
  /** Milliseconds since 1970, UTC. */
  readonly now: () => number;
  /** Whether what a person types stands on the screen already. */
  readonly echoed: boolean;
  /** Of the window; default: as many as it takes. */
  readonly columns?: number;
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
    case "offer":
      return [`${time} ${heading(state, event)} ${offerText(event)}`];
    case "progress":
      return tell(
        state.transfers.has(event.id) ? progressText(event) : startText(state, event),
      );
    case "file":
      // That one's own has arrived is told when it is said, like everything.
      return event.path === undefined ? [] : tell(`${fileName(event)} is there: ${event.path}`);
    case "files":
      return filesText(state, event).flatMap(tell);
    case "history":
      return past(state, event.messages, options, `end of what was said ${inPlace(state, event)}`);
    case "search":
      return past(
        state,
        event.messages,
        options,
        `that was found${event.more ? ", and more" : ""}`,
      );
    case "unread":
      return tell(unreadText(state, event));
    case "marked":
    case "round_trip":
      return [];
    case "room":
      return tell(
        event.conversation === undefined
          ? "you are in no room now; /rooms lists them, and /join ROOM goes into one"
          : `what you type goes to ${label(state, event.conversation)} now`,
      );
    case "rooms":
      return listText(state, "rooms", event.rooms).flatMap(tell);
    case "groups":
      return listText(state, "groups", event.groups).flatMap(tell);
    case "members": {
      const users = event.users.map(nameOf).join(", ");
      return tell(`in ${label(state, event.conversation)}: ${users}`);
    }
    case "changed":
      return tell(changeText(state, event));
    case "invite": {
      const { line, uses, expires } = event;
      const often = uses === 1 ? "once" : `${uses} times`;
      const text = `lets somebody in ${often}, until ${expires}: sotto client '${line}'`;
      const code = drawQr(line);
      // Wrapped, it is a code no more.
      const fits = (code[0]?.length ?? 0) < (options.columns ?? Infinity);
      return [...tell(text), ...fits ? code : tell("(a wider window would show its QR code)")];
    }
    case "status":
      return tell(`your status is ${safeLabel(event.status, 16)}`);
    case "opened":
      return [`${time} [opened, from ${name(event.from)}] ${safeText(event.text)}`];
    case "sending":
      return state.connection === "reconnecting"
        ? tell("not connected: it is kept, and sent as soon as possible")
        : [];
    case "ack":
      return acknowledged(state, event, time, options);
    case "notice":
      // A server may be away all night, and every further attempt is like the one before.
      if (event.code === "reconnecting" && state.connection === "reconnecting") return [];
      return tell(event.text);
    case "error":
      return lines(`${time} !`, event.message);
    case "closed":
      return []; // Why, stands on standard error, where the program says how it ended.
  }
}

/** Milliseconds between two lines about one file. */
const BETWEEN_PROGRESS = 10_000;

/** Turns events into lines, one after the other. */
export class PlainView {
  readonly #options: PlainOptions;
  #state: State;
  /** When each file on its way was last spoken of. */
  readonly #told = new Map<string, number>();
  /** Messages of one's own of which it was said that they are kept: it is said, too, when they go. */
  readonly #kept = new Set<string>();

  constructor(options: PlainOptions, state = INITIAL) {
    this.#options = options;
    this.#state = state;
  }

  /** The state after the last event. */
  get state(): State {
    return this.#state;
  }

  /** The lines for the next event. */
  show(event: ChatEvent): string[] {
    const echoed = this.#options.echoed && !this.#wasKept(event);
    const options = { ...this.#options, echoed };
    const lines = this.#isTooSoon(event) ? [] : plainLines(this.#state, event, options);
    this.#state = reduce(this.#state, event);
    for (const id of this.#told.keys()) if (!this.#state.transfers.has(id)) this.#told.delete(id);
    return lines;
  }

  /** Whether it is the acknowledgement of something that was kept. */
  #wasKept(event: ChatEvent): boolean {
    if (event.event === "sending" && this.#state.connection === "reconnecting") {
      this.#kept.add(event.id);
    }
    return (event.event === "ack" || event.event === "error") && this.#kept.delete(event.id ?? "");
  }

  /** Nothing is redrawn, so that what changes all the time is told now and then. */
  #isTooSoon(event: ChatEvent): boolean {
    if (event.event !== "progress") return false;
    const now = this.#options.now();
    if (now - (this.#told.get(event.id) ?? -Infinity) < BETWEEN_PROGRESS) return true;
    this.#told.set(event.id, now);
    return false;
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
  if (sent.name !== undefined) {
    return [`${time} [${fileName(sent)} sent to ${label(state, sent.conversation)}]`];
  }
  if (sent.text === undefined) {
    return [`${time} [sealed to ${name(peerOf(sent.conversation, from) ?? "")}]`];
  }
  if (echoed) return [];
  return [`${time} ${heading(state, { ...event, from })} ${safeText(sent.text)}`];
}

/** Who says it where: `bob:`, `#tech bob:`, `[crew] bob:`, `bob -> you:`, `you -> bob:`. */
function heading(state: State, message: { conversation: string; from: string }): string {
  const from = name(message.from);
  const conversation = parseConversation(message.conversation);
  if (conversation?.type === "dm") {
    const other = name(peerOf(message.conversation, state.user ?? "") ?? "");
    return message.from === state.user ? `you -> ${other}:` : `${from} -> you:`;
  }
  const here = message.conversation === state.room || conversation === undefined;
  return here ? `${from}:` : `${label(state, message.conversation)} ${from}:`;
}

function presenceText(state: State, event: Extract<ChatEvent, { event: "presence" }>): string {
  const who = name(event.user);
  // Set here, or on another device.
  if (event.user === state.user) return `others see you as ${safeLabel(event.status, 16)}`;
  if (event.status === "offline") return `${who} has left`;
  if (!state.people.has(event.user)) return `${who} is here`;
  return event.status === "normal" ? `${who} is back` : `${who} is ${safeLabel(event.status, 16)}`;
}

/** Messages from before, each with its own time, and a line that says that they end. */
function past(
  state: State,
  messages: readonly HistoryMessage[],
  options: PlainOptions,
  end: string,
): string[] {
  const said = messages.map((message) => {
    const time = clockTime(Date.parse(message.at), options);
    return `${time} ${heading(state, message)} ${pastText(message)}`;
  });
  const mark = `${clockTime(options.now(), options)} *`;
  return [...said, `${mark} ${messages.length === 0 ? "nothing" : end}`];
}

/** What a message from before says, on one line. */
export function pastText({ text, number, name, size }: HistoryMessage): string {
  if (text !== undefined) return safeText(text);
  if (number === undefined) return "[cannot be shown]";
  if (name === undefined || size === undefined) return `[sealed, /open ${number}]`;
  return offerText({ number, name, size });
}

/** Text of our own or of the server's, which may have several lines, each marked as such. */
function lines(mark: string, text: string): string[] {
  return text.split("\n").map((line) => `${mark} ${safeText(line)}`);
}

/** `14:02`, with the date in front when it is another day's. */
export function clockTime(at: number, { now, timeZone }: Omit<PlainOptions, "echoed">): string {
  const zone = timeZone === undefined ? {} : { timeZone };
  // The Swedish way of writing dates is ISO 8601's.
  const date = new Intl.DateTimeFormat("sv-SE", { ...zone, dateStyle: "short" });
  const time = new Intl.DateTimeFormat("sv-SE", { ...zone, timeStyle: "short" });
  const clock = time.format(at);
  return date.format(at) === date.format(now()) ? clock : `${date.format(at)} ${clock}`;
}
