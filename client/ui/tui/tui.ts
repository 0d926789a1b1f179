/**
 * The interface for terminals: messages scroll into the terminal's scrollback, above a few rows that
 * stay. It owns the input line and what is drawn. `state.ts` makes the state, and the pure modules
 * beside this one turn it into text.
 */
import type { Clock } from "../../../protocol/clock.ts";
import { isName, parseConversation } from "../../../protocol/names.ts";
import { commandForms } from "../../commands/commands.ts";
import type { ChatEvent } from "../../events.ts";
import { reduce, type State } from "../state.ts";
import type { Input } from "../input.ts";
import { timeLabel } from "../labels.ts";
import { wrapLine } from "../wrap.ts";
import type { Asker } from "../prompts.ts";
import { frameOf, type Model } from "./app.ts";
import { type ActiveCompletion, completeNext, type KnownNames } from "./completion.ts";
import { edit, type Editor, EMPTY } from "./editor.ts";
import { type Key, KeyDecoder } from "./keys.ts";
import { Notifications, type TerminalKind } from "./notifications.ts";
import { QuestionQueue } from "./question_queue.ts";
import { Screen, type TerminalOutput } from "./screen.ts";
import { dim, type Style } from "./style.ts";
import { cells } from "./graphemes.ts";
import { BAR, Transcript } from "./transcript.ts";

interface TuiOptions {
  readonly input: Pick<Input, "text" | "setRaw">;
  readonly output: TerminalOutput;
  readonly clock: Clock;
  readonly style: Style;
  readonly terminal: TerminalKind;
  /** The state so far. */
  readonly state: State;
  /** Takes a line that was typed. */
  readonly type: (line: string) => void;
  /** Ends the program. */
  readonly leave: () => void;
}

/** Milliseconds in which the rest of an escape sequence must come. */
const ESCAPE_TIMEOUT = 50;
/** Milliseconds between a change and its drawing, which gathers further changes. */
const DRAW_DELAY = 15;
/** Lines that may wait to be written. Past that, `show` waits. */
const MOST_LINES = 256;

/** What stands before the further rows of a line that is wider than the window. */
const MARKS = [`${BAR} `, dim("┆")];

export class Tui {
  readonly #options: TuiOptions;
  readonly #screen: Screen;
  readonly #transcript: Transcript;
  readonly #questions: QuestionQueue;
  readonly #notifications: Notifications;
  readonly #keys = new KeyDecoder();
  #state: State;
  /** When the next attempt to connect begins. */
  #retryAt = 0;
  #editor: Editor = EMPTY;
  #completion: ActiveCompletion | undefined;
  /** Events that answer `#loadNames`, and are not shown. */
  #hidden = new Set<ChatEvent["event"]>();
  #lines: string[] = [];
  #cancelDraw: (() => void) | undefined;
  #cancelTick: (() => void) | undefined;
  #drawing: Promise<boolean> = Promise.resolve(true);
  readonly #resized = () => {
    this.#screen.resized();
    this.#drawSoon();
  };

  constructor(options: TuiOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#screen = new Screen(options.output);
    const { style, clock, terminal } = options;
    this.#notifications = new Notifications(terminal, () => clock.time());
    this.#transcript = new Transcript({
      style,
      now: () => clock.time(),
      columns: () => this.#screen.columns,
    });
    this.#questions = new QuestionQueue({
      onChange: () => this.#drawSoon(),
      tell: (text) => this.#write([text]),
    });
  }

  /** Asks questions in the input line. */
  get questions(): Asker {
    return this.#questions;
  }

  /** Takes over the terminal. */
  open(): void {
    const { input, output } = this.#options;
    input.setRaw(true);
    this.#screen.open();
    output.on("resize", this.#resized);
    this.#drawSoon();
    this.#loadNames();
  }

  /** Requests the names of rooms and groups, for completion. */
  #loadNames(): void {
    this.#hidden = new Set(["rooms", "groups"]);
    this.#options.type("/rooms");
    this.#options.type("/groups");
  }

  /** Shows an event. `false`: the output is closed. */
  async show(event: ChatEvent): Promise<boolean> {
    if (event.event === "message" || event.event === "sealed" || event.event === "offer") {
      this.#screen.write(this.#notifications.notify(event, this.#state));
    }
    if (event.event === "error") this.#hidden.clear();
    const isHidden = this.#hidden.delete(event.event);
    const { user } = this.#state;
    if (event.event === "authenticated" && event.user !== user && user !== undefined) {
      this.#loadNames();
    }
    if (!isHidden) this.#write(this.#transcript.lines(this.#state, event));
    this.#state = reduce(this.#state, event);
    if (this.#state.retryIn !== undefined && event.event === "notice") this.#countDown(event.in);
    if (this.#lines.length >= MOST_LINES) this.#draw();
    return this.#lines.length === 0 ? await this.#drawing : true;
  }

  /** Reads keys until the input ends. */
  async read(): Promise<void> {
    const { input } = this.#options;
    while (true) {
      const signal = this.#keys.pending ? AbortSignal.timeout(ESCAPE_TIMEOUT) : undefined;
      const text = await input.text(signal);
      if (text === undefined && signal?.aborted !== true) return;
      const keys = text === undefined ? this.#keys.flush() : this.#keys.push(text);
      for (const key of keys) this.#press(key);
      this.#draw();
    }
  }

  /** Restores the terminal. Idempotent. */
  close(): void {
    const { input, output } = this.#options;
    this.#draw();
    this.#cancelDraw?.();
    this.#cancelTick?.();
    this.#questions.close();
    output.off("resize", this.#resized);
    this.#screen.close();
    input.setRaw(false);
  }

  /** Closes the screen, and returns the sequence that restores the terminal. */
  restoreSequence(): string {
    return this.#screen.restoreSequence();
  }

  #press(key: Key): void {
    if (key.type === "focus") return this.#focus(key.focused);
    this.#notifications.clearMissed();
    if (this.#questions.current !== undefined) {
      if (this.#questions.press(key) === "interrupt") this.#options.leave();
      return;
    }
    const [editor, action] = edit(this.#editor, key);
    this.#editor = editor;
    if (action.type === "complete") return this.#complete(action.backwards);
    this.#completion = undefined;
    switch (action.type) {
      case "submit":
        return this.#submit(action.text);
      case "interrupt":
      case "end":
        return this.#options.leave();
      case "redraw":
        return this.#screen.clear();
      case "cancel":
      case "none":
        return;
    }
  }

  #focus(focused: boolean): void {
    this.#notifications.setFocus(focused);
    if (focused) this.#transcript.markSeen();
    else this.#transcript.markUnseen();
  }

  /** An empty line opens the newest sealed message. */
  #submit(text: string): void {
    const { sealed } = this.#state;
    if (text.trim() !== "") this.#options.type(text);
    else if (sealed !== undefined) this.#options.type(`/open ${sealed.number}`);
  }

  #complete(backwards: boolean): void {
    const [editor, completing] = completeNext(
      this.#editor,
      this.#completion,
      this.#knownNames(),
      backwards,
    );
    this.#editor = editor;
    this.#completion = completing;
  }

  #knownNames(): KnownNames {
    const { people, speakers, user, places } = this.#state;
    const conversations = [...places].map(parseConversation);
    const named = (type: "room" | "group") =>
      conversations.flatMap((one) => one?.type === type ? one.name : []);
    const known = [...new Set([...people.keys(), ...speakers])];
    // A server may send any string as a name. Only a well-formed one is safe to draw and type.
    const users = known.filter((name) => name !== user && isName(name));
    return { users, rooms: named("room"), groups: named("group"), forms: commandForms() };
  }

  #countDown(seconds: number | undefined): void {
    if (seconds === undefined) return;
    this.#retryAt = this.#options.clock.now() + seconds * 1000;
    this.#tick();
  }

  /** Redraws each second while reconnecting. */
  #tick(): void {
    this.#cancelTick?.();
    this.#cancelTick = undefined;
    if (this.#state.connection !== "reconnecting") return;
    this.#drawSoon();
    this.#cancelTick = this.#options.clock.after(1000, () => this.#tick());
  }

  #write(lines: readonly string[]): void {
    this.#lines.push(...lines);
    this.#drawSoon();
  }

  #drawSoon(): void {
    this.#cancelDraw ??= this.#options.clock.after(DRAW_DELAY, () => this.#draw());
  }

  #draw(): void {
    this.#cancelDraw?.();
    this.#cancelDraw = undefined;
    const wrapping = { columns: this.#screen.columns, marks: MARKS, cells };
    const rows = this.#lines.flatMap((line) => wrapLine(line, wrapping));
    this.#lines = [];
    this.#drawing = this.#screen.draw(frameOf(this.#model()), rows);
  }

  #model(): Model {
    const { columns, rows } = this.#screen;
    const question = this.#questions.current;
    const { text, cursor } = question?.editor ?? this.#editor;
    const hidden = question?.secret === true;
    const { connection } = this.#state;
    const { clock } = this.#options;
    const { missed } = this.#notifications;
    const left = Math.ceil((this.#retryAt - clock.now()) / 1000);
    return {
      state: this.#state,
      prompt: question?.text ?? "> ",
      text: hidden ? "" : text,
      cursor: hidden ? 0 : cursor,
      suggestions: {
        words: this.#completion?.suggestions ?? [],
        chosen: this.#completion?.chosen,
      },
      retryIn: connection === "reconnecting" ? left : undefined,
      missed: missed && {
        count: missed.count,
        since: timeLabel(missed.since, { now: () => clock.time() }),
      },
      columns,
      rows,
    };
  }
}
