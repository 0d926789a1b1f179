/**
 * Events on their way to whoever shows them: in order, one consumer, bounded. The bound is held by
 * the producer, who waits for `room()` before reading further from the network; what one frame
 * brings is never torn apart.
 */
import type { ChatEvent } from "./events.ts";

/** Events that wait to be shown before reading pauses. */
const MOST = 1024;

interface Entry {
  readonly event: ChatEvent | undefined;
  readonly shown: (() => void) | undefined;
}

export class EventQueue implements AsyncIterable<ChatEvent> {
  readonly #most: number;
  #entries: Entry[] = [];
  #ended = false;
  #released = false;
  #consumed = false;
  #wakeConsumer: (() => void) | undefined;
  #waiting: (() => void)[] = [];

  constructor(most = MOST) {
    this.#most = most;
  }

  /** Puts an event at the end. `shown` is called when the consumer is done with it. */
  put(event: ChatEvent | undefined, shown?: () => void): void {
    if (this.#ended) return;
    this.#entries.push({ event, shown });
    this.#wakeConsumer?.();
  }

  /** Resolves when there is room, or nobody will read any more. */
  room(): Promise<void> {
    return this.#until(() => this.#entries.length < this.#most);
  }

  /** Resolves when everything was shown, or nobody will read any more. */
  empty(): Promise<void> {
    return this.#until(() => this.#entries.length === 0);
  }

  /** From now on nobody waits for the reader. */
  release(): void {
    this.#released = true;
    this.#wakeWaiting();
  }

  /** Nothing more comes; what is there is still read. */
  end(): void {
    this.#ended = true;
    this.#wakeConsumer?.();
    this.#wakeWaiting();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ChatEvent, void, undefined> {
    if (this.#consumed) throw new Error("Cannot read events twice: they have one reader");
    this.#consumed = true;
    try {
      while (true) {
        const entry = this.#entries[0];
        if (entry === undefined) {
          if (this.#ended) return;
          await new Promise<void>((resolve) => this.#wakeConsumer = resolve);
          continue;
        }
        if (entry.event !== undefined) yield entry.event;
        this.#entries.shift();
        entry.shown?.();
        this.#wakeWaiting();
      }
    } finally {
      // The reader has left: nothing is kept for it.
      this.#entries = [];
      this.end();
    }
  }

  async #until(ready: () => boolean): Promise<void> {
    while (!ready() && !this.#ended && !this.#released) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wakeWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
