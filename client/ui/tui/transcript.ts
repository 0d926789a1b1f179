/**
 * Events as lines for the scrollback, which are written once: with times, days, colours of names,
 * and marks where something new begins. What is not said by people looks as it does without this
 * interface (`plain.ts`), only paler. Pure but for what it remembers.
 *
 * Lines of people begin with a time and a name, and what follows in the same message with a bar; and
 * no text of anybody has colours: so that none can pass for something that sotto says.
 */
import { parseConversation, peerOf } from "../../../protocol/names.ts";
import { safeText } from "../../../protocol/safe_text.ts";
import type { ChatEvent, HistoryMessage } from "../../events.ts";
import type { State } from "../state.ts";
import { offerText } from "../file_wording.ts";
import { clockTime, pastText, plainLines } from "../plain.ts";
import { inPlace, label, name } from "../wording.ts";
import { mentions } from "./mention.ts";
import { bold, dim, errorStyle, highlight, nameStyle, type Style } from "./style.ts";

export interface TranscriptOptions {
  /** Milliseconds since 1970, UTC. */
  readonly now: () => number;
  readonly style: Style;
  /** Of the window; default: as many as it takes. */
  readonly columns?: () => number;
  /** For tests; default: that of the machine. */
  readonly timeZone?: string;
}

type Clock = Pick<TranscriptOptions, "now" | "timeZone">;
type Said = Extract<ChatEvent, { event: "message" | "sealed" | "offer" }>;

/** How lines are written. */
interface Writing {
  readonly time?: (at: number, clock: Clock) => string;
  readonly emphasis?: (text: string) => string;
}

const plain = (text: string) => text;

export class Transcript {
  readonly #options: TranscriptOptions;
  /** The day of the line before. */
  #day: string;
  /** What came while nobody was here, and is about to be shown; `some`: it is only beginning. */
  #missed: number | "some" = 0;

  constructor(options: TranscriptOptions) {
    this.#options = options;
    this.#day = this.#dayOf(options.now());
  }

  /** Nobody looks: the first message from now on is marked. */
  markUnseen(): void {
    this.#missed ||= "some";
  }

  /** Somebody looks again. */
  markSeen(): void {
    if (this.#missed === "some") this.#missed = 0;
  }

  /** The lines for an event; `state` is the one before it. */
  lines(state: State, event: ChatEvent): string[] {
    const { style } = this.#options;
    switch (event.event) {
      case "message":
      case "sealed":
      case "offer":
        return [...this.#marks(state, event), ...this.#said(state, event)];
      case "ack":
        return this.#acknowledged(state, event);
      case "opened": {
        const heading = `[opened, from ${nameStyle(style, event.from, name(event.from))}]`;
        return this.#lines(this.#options.now(), heading, event.text);
      }
      case "history":
        return this.#past(state, event.messages, `end of what was said ${inPlace(state, event)}`);
      case "search":
        return this.#past(state, event.messages, `that was found${event.more ? ", and more" : ""}`);
      case "unread":
        this.#missed = event.conversations.reduce((sum, { unread }) => sum + unread, 0);
        return [];
      case "error":
        return this.#plain(state, event).map((line) => errorStyle(style, line));
      // These are drawn where they change, below.
      case "sending":
      case "progress":
        return [];
      case "presence":
        if (event.user === state.user) return []; // So is one's own status.
        return this.#plain(state, event).map(dim);
      // A telephone reads the squares of an invitation best where they are bright.
      case "invite":
        return this.#plain(state, event);
      case "notice":
        if (event.code === "help") return this.#plain(state, event);
        return this.#plain(state, event).map(dim);
      default:
        return this.#plain(state, event).map(dim);
    }
  }

  /** One's own message, now that it is stored: it stands where the others see it. */
  #acknowledged(state: State, event: Extract<ChatEvent, { event: "ack" }>): string[] {
    const sent = state.sending.get(event.id);
    if (sent === undefined) return [];
    const at = Date.parse(event.at);
    const from = state.user ?? "";
    if (sent.text === undefined) return [...this.#newDay(at), ...this.#plain(state, event)];
    const heading = this.#heading(state, { conversation: sent.conversation, from });
    return [...this.#newDay(at), ...this.#lines(at, heading, sent.text)];
  }

  #said(state: State, event: Said): string[] {
    const { style } = this.#options;
    const at = Date.parse(event.at);
    const heading = this.#heading(state, event);
    switch (event.event) {
      case "message": {
        const emphasis = mentions(event, state.user) ? bold : plain;
        const lines = this.#lines(at, heading, event.text, { emphasis });
        if (emphasis === plain) return lines;
        return lines.map((line, index) => index === 0 ? highlight(style, "▌") + line : line);
      }
      case "sealed": {
        const who = nameStyle(style, event.from, name(event.from));
        return [`${this.#time(at)} [sealed from ${who}, /open ${event.number}]`];
      }
      case "offer":
        return [`${this.#time(at)} ${heading} ${offerText(event)}`];
    }
  }

  /** What stands before a message: another day, and where the new ones begin. */
  #marks(state: State, event: Said): string[] {
    const at = Date.parse(event.at);
    const day = this.#newDay(at);
    if (this.#missed === 0 || event.from === state.user) return day;
    const count = this.#missed === "some" ? "" : `${this.#missed} `;
    const text = `${count}new since ${clockTime(at, this.#clock())}`;
    this.#missed = 0;
    return [...day, highlight(this.#options.style, `── ${text} ──`)];
  }

  #newDay(at: number): string[] {
    const day = this.#dayOf(at);
    if (day === this.#day) return [];
    this.#day = day;
    return [dim(`── ${day} ──`)];
  }

  #past(state: State, messages: readonly HistoryMessage[], end: string): string[] {
    const lines = messages.flatMap((message) =>
      this.#lines(
        Date.parse(message.at),
        this.#heading(state, message),
        message.text ?? pastText(message),
        { time: clockTime },
      )
    );
    return [
      ...lines,
      dim(`${this.#time(this.#options.now())} * ${lines.length === 0 ? "nothing" : end}`),
    ];
  }

  /** A text of several lines stays one: a bar says that what follows is the same person's. */
  #lines(
    at: number,
    heading: string,
    text: string,
    { time = this.#clockOnly, emphasis = plain }: Writing = {},
  ): string[] {
    const [first = "", ...others] = text.split("\n");
    const bar = dim("      ┆");
    return [
      `${dim(time(at, this.#clock()))} ${heading} ${emphasis(safeText(first))}`,
      ...others.map((line) => `${bar} ${emphasis(safeText(line))}`),
    ];
  }

  #plain(state: State, event: ChatEvent): string[] {
    const { columns = () => Infinity } = this.#options;
    return plainLines(state, event, { ...this.#clock(), echoed: false, columns: columns() });
  }

  /** Who says it where: `bob:`, `#tech bob:`, `[crew] bob:`, `bob -> you:`, `you -> bob:`. */
  #heading(state: State, message: { conversation: string; from: string }): string {
    const { style } = this.#options;
    const from = nameStyle(style, message.from, name(message.from));
    const conversation = parseConversation(message.conversation);
    if (conversation?.type === "dm") {
      const other = peerOf(message.conversation, state.user ?? "") ?? "";
      const to = nameStyle(style, other, name(other));
      return message.from === state.user
        ? `${bold("you")} -> ${to}:`
        : `${from} -> ${bold("you")}:`;
    }
    const here = message.conversation === state.room || conversation === undefined;
    return here ? `${from}:` : `${dim(label(state, message.conversation))} ${from}:`;
  }

  #time(at: number): string {
    return dim(this.#clockOnly(at, this.#clock()));
  }

  /** The day stands above already. */
  readonly #clockOnly = (at: number, clock: Clock): string =>
    clockTime(at, { ...clock, now: () => at });

  #dayOf(at: number): string {
    const { timeZone } = this.#options;
    const zone = timeZone === undefined ? {} : { timeZone };
    const weekday = new Intl.DateTimeFormat("en", { ...zone, weekday: "long" });
    const date = new Intl.DateTimeFormat("sv-SE", { ...zone, dateStyle: "short" });
    return `${weekday.format(at)}, ${date.format(at)}`;
  }

  #clock(): Clock {
    const { now, timeZone } = this.#options;
    return { now, ...(timeZone !== undefined && { timeZone }) };
  }
}
