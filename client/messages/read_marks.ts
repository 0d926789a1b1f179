/**
 * Tells the server what was shown: at most one `mark` a second for a conversation. Marks that are
 * due when a connection breaks, or are lost with it, go out on the next one. It keeps the marks of
 * `MAX_CONVERSATIONS` conversations, and ignores further ones.
 */
import type { Clock } from "../../protocol/clock.ts";
import { MAX_CONVERSATIONS } from "./rooms.ts";

/** Milliseconds between two marks of a conversation. */
const INTERVAL = 1000;

/** The marks of one conversation. */
interface Marks {
  /** What was shown, and what the server knows of it. */
  shown: number;
  known: number;
}

export class ReadMarks {
  readonly #clock: Clock;
  readonly #send: (conversation: string, seq: number) => boolean;
  readonly #marks = new Map<string, Marks>();
  /** What was shown and is not sent yet. */
  readonly #due = new Map<string, number>();
  #closed = false;
  #cancel: (() => void) | undefined;

  /** `send` sends one mark; `false`: not now. */
  constructor(clock: Clock, send: (conversation: string, seq: number) => boolean) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Everything up to `seq` was shown. */
  shown(conversation: string, seq: number): void {
    const marks = this.#marksOf(conversation);
    if (this.#closed || marks === undefined || seq <= marks.shown) return;
    marks.shown = seq;
    if (seq > marks.known) this.#queue(conversation, seq);
  }

  /** The server lists how much it knows: a mark that was lost with a connection goes out again. */
  listed(conversation: string, seq: number): void {
    const marks = this.#marksOf(conversation);
    if (marks === undefined) return;
    marks.known = seq;
    this.#due.delete(conversation);
    if (marks.shown > seq) this.#queue(conversation, marks.shown);
  }

  /** The server knows that everything up to `seq` was shown. */
  known(conversation: string, seq: number): void {
    const marks = this.#marksOf(conversation);
    if (marks === undefined) return;
    marks.known = Math.max(seq, marks.known);
    if ((this.#due.get(conversation) ?? 0) <= seq) this.#due.delete(conversation);
  }

  /** The account is not in the conversation any more. */
  forget(conversation: string): void {
    this.#due.delete(conversation);
    this.#marks.delete(conversation);
  }

  /** Sends nothing more. */
  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#due.clear();
  }

  /** Sends at once what is due. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const [conversation, seq] of this.#due) {
      if (!this.#send(conversation, seq)) return;
      this.known(conversation, seq);
    }
  }

  /** Makes them for a conversation that is new. `undefined`: there are too many. */
  #marksOf(conversation: string): Marks | undefined {
    const known = this.#marks.get(conversation);
    if (known !== undefined || this.#marks.size >= MAX_CONVERSATIONS) return known;
    const marks = { shown: 0, known: 0 };
    this.#marks.set(conversation, marks);
    return marks;
  }

  #queue(conversation: string, seq: number): void {
    this.#due.set(conversation, seq);
    this.#cancel ??= this.#clock.after(INTERVAL, () => this.flush());
  }
}
