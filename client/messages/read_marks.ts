/**
 * What was shown, told to the server: gathered, so that a busy conversation costs one `mark` a
 * second at most. What is not told when a connection breaks is told on the next one.
 */
import type { Clock } from "../../protocol/clock.ts";

const GATHER = 1000;

export class ReadMarks {
  readonly #clock: Clock;
  readonly #tell: (conversation: string, seq: number) => boolean;
  /** What was shown and not told yet. */
  readonly #due = new Map<string, number>();
  readonly #told = new Map<string, number>();
  #cancel: (() => void) | undefined;

  /** `tell` sends one; `false`: it cannot be sent now. */
  constructor(clock: Clock, tell: (conversation: string, seq: number) => boolean) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Everything up to `seq` was shown. */
  shown(conversation: string, seq: number): void {
    if (seq <= (this.#told.get(conversation) ?? 0)) return;
    this.#due.set(conversation, Math.max(seq, this.#due.get(conversation) ?? 0));
    this.#cancel ??= this.#clock.after(GATHER, () => this.flush());
  }

  /** The server knows of everything up to `seq`. */
  known(conversation: string, seq: number): void {
    this.#told.set(conversation, Math.max(seq, this.#told.get(conversation) ?? 0));
    if ((this.#due.get(conversation) ?? 0) <= seq) this.#due.delete(conversation);
  }

  /** The conversation is none of this account's any more. */
  forget(conversation: string): void {
    this.#due.delete(conversation);
    this.#told.delete(conversation);
  }

  /** Nothing further is told. */
  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#due.clear();
  }

  /** Tells at once what is due. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const [conversation, seq] of this.#due) {
      if (!this.#tell(conversation, seq)) return;
      this.known(conversation, seq);
    }
  }
}
