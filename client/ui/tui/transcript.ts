/**
 * Events as lines for the scrollback, which are written once: with times, days, coloured names, and
 * marks above what is new. What is not a message reads as in `plain.ts`, only dimmed. Pure but for
 * the last day and the count of missed messages.
 *
 * A message begins with a time and a name, its further lines begin with a bar, and its text has no
 * colours. So no message can look like a line of Sotto's own. `tui.ts` wraps long lines in the same
 * way.
 */
import { safeText } from "../../../protocol/safe_text.ts";
import type { ChatEvent, EventOf, HistoryMessage, IncomingEvent } from "../../events.ts";
import { offerText } from "../file_text.ts";
import { heading, type HeadingStyle, timeLabel, type TimeOptions, userName } from "../labels.ts";
import { endText, pastText, plainLines } from "../plain.ts";
import type { State } from "../state.ts";
import { mentions } from "./mention.ts";
import { bold, dim, errorStyle, highlight, nameStyle, type Style } from "./style.ts";

interface TranscriptOptions extends TimeOptions {
  readonly style: Style;
  /** Of the window. Default: no limit. */
  readonly columns?: () => number;
}

/** What stands before the further lines of a message, and the further rows of any line. */
export const BAR = dim("      ┆");

const unchanged = (text: string) => text;

export class Transcript {
  readonly #options: TranscriptOptions;
  readonly #headingStyle: HeadingStyle;
  /** The day of the last line. */
  #day: string;
  /** Messages to mark as new at the next one; `some`: their number is not known yet. */
  #missed: number | "some" = 0;

  constructor(options: TranscriptOptions) {
    this.#options = options;
    this.#headingStyle = { user: (name) => this.#user(name), self: bold, place: dim };
    this.#day = this.#dayOf(options.now());
  }

  /** The window lost the focus: the next message is marked as new. */
  markUnseen(): void {
    this.#missed ||= "some";
  }

  /** The window got the focus. */
  markSeen(): void {
    if (this.#missed === "some") this.#missed = 0;
  }

  /** The lines for an event. `state` is the one before it. */
  lines(state: State, event: ChatEvent): string[] {
    switch (event.event) {
      case "message":
      case "sealed":
      case "offer":
        return [...this.#marks(event, state), ...this.#incoming(state, event)];
      case "ack":
        return this.#acknowledged(state, event);
      case "opened": {
        const opened = `[opened, from ${this.#user(event.from)}]`;
        return this.#message(this.#time(this.#options.now()), opened, event.text);
      }
      case "history":
      case "search":
        return [
          ...event.messages.flatMap((message) => this.#past(state, message)),
          dim(`${this.#time(this.#options.now())} * ${endText(state, event)}`),
        ];
      case "unread":
        this.#missed = event.conversations.reduce((sum, { unread }) => sum + unread, 0);
        return [];
      case "error":
        return this.#plain(state, event).map((line) => errorStyle(this.#options.style, line));
      // The rows at the bottom show these.
      case "sending":
      case "progress":
        return [];
      case "presence":
        // The status line shows the own status.
        return event.user === state.user ? [] : this.#plain(state, event).map(dim);
      case "invite": // Bright: a phone must be able to read the QR code.
        return this.#plain(state, event);
      case "notice":
        return this.#plain(state, event).map(event.code === "help" ? unchanged : dim);
      default:
        return this.#plain(state, event).map(dim);
    }
  }

  /** An own message, when it is stored: at its place among those of the others. */
  #acknowledged(state: State, event: EventOf<"ack">): string[] {
    const sent = state.sending.get(event.id);
    if (sent === undefined) return [];
    const at = Date.parse(event.at);
    if (sent.text === undefined) return [...this.#newDay(at), ...this.#plain(state, event)];
    const message = { conversation: sent.conversation, from: state.user ?? "" };
    const lines = this.#message(this.#time(at), this.#heading(state, message), sent.text);
    return [...this.#newDay(at), ...lines];
  }

  #incoming(state: State, event: IncomingEvent): string[] {
    const time = this.#time(Date.parse(event.at));
    switch (event.event) {
      case "message": {
        if (!mentions(event, state.user)) {
          return this.#message(time, this.#heading(state, event), event.text);
        }
        const [first = "", ...others] = this.#message(
          time,
          this.#heading(state, event),
          event.text,
          bold,
        );
        return [highlight(this.#options.style, "▌") + first, ...others];
      }
      case "sealed":
        return [`${dim(time)} [sealed from ${this.#user(event.from)}, /open ${event.number}]`];
      case "offer":
        return [`${dim(time)} ${this.#heading(state, event)} ${offerText(event)}`];
    }
  }

  /** The lines above a message: a new day, and where new messages begin. */
  #marks(event: IncomingEvent, { user }: State): string[] {
    const at = Date.parse(event.at);
    const day = this.#newDay(at);
    if (this.#missed === 0 || event.from === user) return day;
    const count = this.#missed === "some" ? "" : `${this.#missed} `;
    const text = `${count}new since ${timeLabel(at, this.#options)}`;
    this.#missed = 0;
    return [...day, highlight(this.#options.style, `── ${text} ──`)];
  }

  #newDay(at: number): string[] {
    const day = this.#dayOf(at);
    if (day === this.#day) return [];
    this.#day = day;
    return [dim(`── ${day} ──`)];
  }

  /** A message of a history or a search, with its date if that is not today. */
  #past(state: State, message: HistoryMessage): string[] {
    const time = timeLabel(Date.parse(message.at), this.#options);
    const text = message.text ?? pastText(message);
    return this.#message(time, this.#heading(state, message), text);
  }

  /** A message of several lines has a bar before each line but the first. */
  #message(time: string, start: string, text: string, emphasis = unchanged): string[] {
    const [first = "", ...others] = text.split("\n");
    return [
      `${dim(time)} ${start} ${emphasis(safeText(first))}`,
      ...others.map((line) => `${BAR} ${emphasis(safeText(line))}`),
    ];
  }

  #plain(state: State, event: ChatEvent): string[] {
    return plainLines(state, event, { ...this.#options, echoed: false });
  }

  #heading(state: State, message: { readonly conversation: string; readonly from: string }) {
    return heading(state, message, this.#headingStyle);
  }

  #user(name: string): string {
    return nameStyle(this.#options.style, name, userName(name));
  }

  /** Without the date: a line above says the day. */
  #time(at: number): string {
    return timeLabel(at, { ...this.#options, now: () => at });
  }

  #dayOf(at: number): string {
    const { timeZone } = this.#options;
    const zone = timeZone === undefined ? {} : { timeZone };
    const weekday = new Intl.DateTimeFormat("en", { ...zone, weekday: "long" });
    const date = new Intl.DateTimeFormat("sv-SE", { ...zone, dateStyle: "short" });
    return `${weekday.format(at)}, ${date.format(at)}`;
  }
}
