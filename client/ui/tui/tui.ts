/**
 * The interface for terminals: messages scroll into the terminal's own scrollback, above a few rows
 * that stay. It owns what is typed and what is drawn; what is known comes from `state.ts`, and how
 * it looks is for the pure modules beside this one.
 */
import type { Clock } from "../../../protocol/clock.ts";
import { isName, parseConversation } from "../../../protocol/names.ts";
import { commandForms } from "../../commands/commands.ts";
import type { ChatEvent } from "../../events.ts";
import type { Prompts } from "../../session/prompts.ts";
import { reduce, type State } from "../state.ts";
import type { Input } from "../input.ts";
import { clockTime } from "../plain.ts";
import { frameOf, type Model } from "./app.ts";
import { Attention } from "./attention.ts";
import { completeNext, type Completing, type Known } from "./completion.ts";
import { edit, type Editor, EMPTY } from "./editor.ts";
import { type Key, KeyDecoder } from "./keys.ts";
import type { TerminalKind } from "./mention.ts";
import { Questions } from "./questions.ts";
import { Screen, type TerminalOutput } from "./screen.ts";
import type { Style } from "./style.ts";
import { Transcript } from "./transcript.ts";

export interface TuiOptions {
  readonly input: Pick<Input, "text" | "setRaw">;
  readonly output: TerminalOutput;
  readonly clock: Clock;
  readonly style: Style;
  readonly terminal: TerminalKind;
  /** What is known already. */
  readonly state: State;
  /** Takes what was typed. */
  readonly type: (line: string) => void;
  /** Somebody wants to leave. */
  readonly leave: () => void;
}

/** What follows an escape belongs to it when it comes within this time. */
const ESCAPE = 50;
/** What happens within this time is drawn at once. */
const GATHER = 15;
/** Lines that wait to be written before events have to wait. */
const MOST_LINES = 256;

export class Tui {
  readonly #options: TuiOptions;
  readonly #screen: Screen;
  readonly #transcript: Transcript;
  readonly #questions: Questions;
  readonly #attention: Attention;
  readonly #keys = new KeyDecoder();
  #state: State;
  /** When the last attempt to connect was announced. */
  #retryAt = 0;
  #editor: Editor = EMPTY;
  /** While Tab is pressed again and again. */
  #completing: Completing | undefined;
  /** Lists that were asked for to know names, and not by anybody who wants to see them. */
  #unshown = new Set<ChatEvent["event"]>();
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
    this.#attention = new Attention(terminal, () => clock.time());
    this.#transcript = new Transcript({
      style,
      now: () => clock.time(),
      columns: () => this.#screen.columns,
    });
    this.#questions = new Questions({
      onChange: () => this.#drawSoon(),
      tell: (text) => this.#write([text]),
    });
  }

  /** Asks in this interface. */
  get prompts(): Prompts {
    return this.#questions;
  }

  /** Takes the terminal. */
  open(): void {
    const { input, output } = this.#options;
    input.setRaw(true);
    this.#screen.open();
    output.on("resize", this.#resized);
    this.#drawSoon();
    this.#learn();
  }

  /** Asks which rooms and groups there are, so that they can be completed. */
  #learn(): void {
    this.#unshown = new Set(["rooms", "groups"]);
    this.#options.type("/rooms");
    this.#options.type("/groups");
  }

  /** Shows an event. `false`: nobody reads the output any more. */
  async show(event: ChatEvent): Promise<boolean> {
    if (event.event === "message" || event.event === "sealed" || event.event === "offer") {
      this.#screen.signal(this.#attention.heard(event, this.#state));
    }
    if (event.event === "error") this.#unshown.clear();
    const isHidden = this.#unshown.delete(event.event);
    const { user } = this.#state;
    if (event.event === "authenticated" && event.user !== user && user !== undefined) this.#learn();
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
      const signal = this.#keys.pending ? AbortSignal.timeout(ESCAPE) : undefined;
      const text = await input.text(signal);
      if (text === undefined && signal?.aborted !== true) return;
      const keys = text === undefined ? this.#keys.flush() : this.#keys.push(text);
      for (const key of keys) this.#press(key);
      this.#draw();
    }
  }

  /** Gives the terminal back, as it was. Idempotent. */
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

  /** What gives the terminal back, for whoever has no time for `close`. */
  farewell(): string {
    return this.#screen.farewell();
  }

  #press(key: Key): void {
    if (key.type === "focus") return this.#focus(key.focused);
    this.#attention.pressed();
    if (this.#questions.current !== undefined) {
      if (this.#questions.press(key) === "interrupt") this.#options.leave();
      return;
    }
    const [editor, action] = edit(this.#editor, key);
    this.#editor = editor;
    if (action.type === "complete") return this.#complete(action.backwards);
    this.#completing = undefined;
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
    this.#attention.focus(focused);
    if (focused) this.#transcript.seen();
    else this.#transcript.unseen();
  }

  /** An empty line opens the newest message that is sealed. */
  #submit(text: string): void {
    const { sealed } = this.#state;
    if (text.trim() !== "") this.#options.type(text);
    else if (sealed !== undefined) this.#options.type(`/open ${sealed.number}`);
  }

  #complete(backwards: boolean): void {
    const [editor, completing] = completeNext(
      this.#editor,
      this.#completing,
      this.#known(),
      backwards,
    );
    this.#editor = editor;
    this.#completing = completing;
  }

  #known(): Known {
    const { people, speakers, user, places } = this.#state;
    const conversations = [...places].map(parseConversation);
    const named = (type: "room" | "group") =>
      conversations.flatMap((one) => one?.type === type ? one.name : []);
    const known = [...new Set([...people.keys(), ...speakers])];
    // What a server calls people may be anything, and would be drawn and typed as it is.
    const users = known.filter((name) => name !== user && isName(name));
    return { users, rooms: named("room"), groups: named("group"), forms: commandForms() };
  }

  #countDown(seconds: number | undefined): void {
    if (seconds === undefined) return;
    this.#retryAt = this.#options.clock.now() + seconds * 1000;
    this.#tick();
  }

  /** Once a second, while there is something to count. */
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
    this.#cancelDraw ??= this.#options.clock.after(GATHER, () => this.#draw());
  }

  #draw(): void {
    this.#cancelDraw?.();
    this.#cancelDraw = undefined;
    const lines = this.#lines;
    this.#lines = [];
    this.#drawing = this.#screen.draw(frameOf(this.#model()), lines);
  }

  #model(): Model {
    const { columns, rows } = this.#screen;
    const question = this.#questions.current;
    const { text, cursor } = question?.editor ?? this.#editor;
    const hidden = question?.secret === true;
    const { connection } = this.#state;
    const { clock } = this.#options;
    const { missed } = this.#attention;
    const left = Math.ceil((this.#retryAt - clock.now()) / 1000);
    return {
      state: this.#state,
      prompt: question?.text ?? "> ",
      text: hidden ? "" : text,
      cursor: hidden ? 0 : cursor,
      candidates: {
        words: this.#completing?.candidates ?? [],
        chosen: this.#completing?.chosen,
      },
      retryIn: connection === "reconnecting" ? left : undefined,
      missed: missed && {
        count: missed.count,
        since: clockTime(missed.since, { now: () => clock.time() }),
      },
      columns,
      rows,
    };
  }
}
