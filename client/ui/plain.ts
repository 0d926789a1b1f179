/**
 * Events as lines of plain text, for screen readers and pipes: written once, never redrawn, without
 * colours. Pure: it makes the lines, and its caller writes them.
 *
 * A message begins with a time and a name. Everything else begins with a time and `*` or `!`. On a
 * terminal the further rows of a long line are indented. So no text can look like another line.
 */
import { drawQr } from "../../protocol/invite_line.ts";
import { peerOf } from "../../protocol/names.ts";
import { safeText } from "../../protocol/safe_text.ts";
import type { ChatEvent, EventOf, HistoryMessage } from "../events.ts";
import { eventTexts } from "./event_text.ts";
import { fileName, offerText } from "./file_text.ts";
import {
  conversationLabel,
  heading,
  placeLabel,
  timeLabel,
  type TimeOptions,
  userName,
} from "./labels.ts";
import { INITIAL, reduce, type State } from "./state.ts";
import { wrapLine } from "./wrap.ts";

interface PlainOptions extends TimeOptions {
  /** Whether the terminal shows what the user types. */
  readonly echoed: boolean;
  /** Of the window. Default: there is no window, and a line is as long as it is. */
  readonly columns?: (() => number) | undefined;
}

/** Milliseconds between two lines about one file. */
const PROGRESS_INTERVAL = 10_000;

/** What stands before the further rows of a line. Silent for screen readers. */
const INDENTATIONS = ["        ", "  ", " "];
/** A row of a QR code. It fits the window. */
const PICTURE = /^[█▀▄ ]+$/;

/** Turns events into lines, one after another. */
export class PlainView {
  readonly #options: PlainOptions;
  #state: State;
  /** When the last line about each transfer was made. */
  readonly #progressAt = new Map<string, number>();
  /** Own messages that wait for a connection. A line says when they are sent. */
  readonly #kept = new Set<string>();

  constructor(options: PlainOptions, state = INITIAL) {
    this.#options = options;
    this.#state = state;
  }

  /** The state after the last event. */
  get state(): State {
    return this.#state;
  }

  /** The lines for the next event, wrapped for the window. */
  show(event: ChatEvent): string[] {
    const echoed = this.#options.echoed && !this.#wasKept(event);
    const options = { ...this.#options, echoed };
    const lines = this.#isTooSoon(event) ? [] : plainLines(this.#state, event, options);
    this.#state = reduce(this.#state, event);
    for (const id of this.#progressAt.keys()) {
      if (!this.#state.transfers.has(id)) this.#progressAt.delete(id);
    }
    const { columns } = this.#options;
    return columns === undefined ? lines : lines.flatMap((line) => wrap(line, columns()));
  }

  /** Whether the event ends the wait of a message that was kept. */
  #wasKept(event: ChatEvent): boolean {
    if (event.event === "sending" && this.#state.connection === "reconnecting") {
      this.#kept.add(event.id);
    }
    return (event.event === "ack" || event.event === "error") && this.#kept.delete(event.id ?? "");
  }

  #isTooSoon(event: ChatEvent): boolean {
    if (event.event !== "progress") return false;
    const now = this.#options.now();
    const last = this.#progressAt.get(event.id) ?? -Infinity;
    if (now - last < PROGRESS_INTERVAL) return true;
    this.#progressAt.set(event.id, now);
    return false;
  }
}

/** The lines for an event. `state` is the one before it. */
export function plainLines(state: State, event: ChatEvent, options: PlainOptions): string[] {
  const time = timeLabel("at" in event ? Date.parse(event.at) : options.now(), options);
  switch (event.event) {
    case "message":
      return [`${time} ${heading(state, event)} ${safeText(event.text)}`];
    case "offer":
      return [`${time} ${heading(state, event)} ${offerText(event)}`];
    case "sealed":
      return [`${time} [sealed from ${userName(event.from)}, /open ${event.number}]`];
    case "opened":
      return [`${time} [opened, from ${userName(event.from)}] ${safeText(event.text)}`];
    case "ack":
      return sentLines(state, event, time, options);
    case "history":
    case "search":
      return [
        ...event.messages.map((message) => pastLine(state, message, options)),
        `${time} * ${endText(state, event)}`,
      ];
    case "invite":
      return inviteLines(event, `${time} *`, options);
    case "error":
      return markedLines(`${time} !`, event.message);
    default:
      return eventTexts(state, event).flatMap((text) => markedLines(`${time} *`, text));
  }
}

/** An own message, when it is stored, unless the terminal shows it where it was typed. */
function sentLines(
  state: State,
  event: EventOf<"ack">,
  time: string,
  { echoed }: PlainOptions,
): string[] {
  const sent = state.sending.get(event.id);
  if (sent === undefined) return [];
  const from = state.user ?? "";
  if (sent.name !== undefined) {
    return [`${time} [${fileName(sent)} sent to ${conversationLabel(state, sent.conversation)}]`];
  }
  if (sent.text === undefined) {
    return [`${time} [sealed to ${userName(peerOf(sent.conversation, from) ?? "")}]`];
  }
  if (echoed) return [];
  return [`${time} ${heading(state, { ...event, from })} ${safeText(sent.text)}`];
}

/** A message of a history or a search, with its own time. */
function pastLine(state: State, message: HistoryMessage, options: PlainOptions): string {
  const time = timeLabel(Date.parse(message.at), options);
  return `${time} ${heading(state, message)} ${pastText(message)}`;
}

/** The content of a message of a history or a search, on one line. */
export function pastText({ text, number, name, size }: HistoryMessage): string {
  if (text !== undefined) return safeText(text);
  if (number === undefined) return "[this version cannot show it]";
  if (name === undefined || size === undefined) return `[sealed, /open ${number}]`;
  return offerText({ number, name, size });
}

/** The line below a history or the results of a search. */
export function endText(
  state: State,
  event: EventOf<"history" | "search">,
): string {
  const isEmpty = event.messages.length === 0;
  if (event.event === "search") {
    if (isEmpty) return "nothing found";
    return event.more ? "end of the first results; there may be more" : "end of the results";
  }
  const place = placeLabel(state, event.conversation);
  return isEmpty ? `no messages ${place}` : `end of the history ${place}`;
}

/** The invitation, and its QR code if the window is wide enough. */
function inviteLines(
  { line, uses, expires }: EventOf<"invite">,
  mark: string,
  { columns = () => Infinity }: PlainOptions,
): string[] {
  const people = uses === 1 ? "1 person" : `up to ${uses} people`;
  const text = `invitation for ${people}, valid until ${expires}: sotto client '${line}'`;
  const code = drawQr(line);
  // A wrapped code cannot be read.
  const fits = (code[0]?.length ?? 0) < columns();
  const advice = `${mark} (make the window wider to see it as a QR code)`;
  return [...markedLines(mark, text), ...fits ? code : [advice]];
}

/** A text of Sotto's own or of the server, with the mark before each line. */
function markedLines(mark: string, text: string): string[] {
  return text.split("\n").map((line) => `${mark} ${safeText(line)}`);
}

function wrap(line: string, columns: number): string[] {
  if (PICTURE.test(line)) return [line];
  return wrapLine(line, { columns, marks: INDENTATIONS, cells: mostCells });
}

/** The most cells that any terminal gives a text. They agree on ASCII alone. */
function mostCells(text: string): number {
  let cells = 0;
  for (const character of text) cells += character >= " " && character <= "~" ? 1 : 2;
  return cells;
}
