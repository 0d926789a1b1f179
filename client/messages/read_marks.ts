/**
 * Tells the server what was shown: at most one `mark` a second for a conversation. Marks that are
 * due when a connection breaks, or are lost with it, go out on the next one.
 */
import type { Clock } from "../../protocol/clock.ts";

/** Milliseconds between two marks of a conversation. */
const INTERVAL = 1000;

export class ReadMarks {
  readonly #clock: Clock;
  readonly #send: (conversation: string, seq: number) => boolean;
  /** Shown, and not sent yet. */
  readonly #due = new Map<string, number>();
  readonly #shown = new Map<string, number>();
  readonly #known = new Map<string, number>();
  #closed = false;
  #cancel: (() => void) | undefined;

  /** `send` sends one mark; `false`: not now. */
  constructor(clock: Clock, send: (conversation: string, seq: number) => boolean) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Everything up to `seq` was shown. */
  shown(conversation: string, seq: number): void {
    if (this.#closed || seq <= (this.#shown.get(conversation) ?? 0)) return;
    this.#shown.set(conversation, seq);
    if (seq > (this.#known.get(conversation) ?? 0)) this.#queue(conversation, seq);
  }

  /** The server lists how much it knows: a mark that was lost with a connection goes out again. */
  listed(conversation: string, seq: number): void {
    this.#known.set(conversation, seq);
    this.#due.delete(conversation);
    const shown = this.#shown.get(conversation) ?? 0;
    if (shown > seq) this.#queue(conversation, shown);
  }

  /** The server knows that everything up to `seq` was shown. */
  known(conversation: string, seq: number): void {
    this.#known.set(conversation, Math.max(seq, this.#known.get(conversation) ?? 0));
    if ((this.#due.get(conversation) ?? 0) <= seq) this.#due.delete(conversation);
  }

  /** The account is not in the conversation any more. */
  forget(conversation: string): void {
    this.#due.delete(conversation);
    this.#shown.delete(conversation);
    this.#known.delete(conversation);
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

  #queue(conversation: string, seq: number): void {
    this.#due.set(conversation, seq);
    this.#cancel ??= this.#clock.after(INTERVAL, () => this.flush());
  }
}
