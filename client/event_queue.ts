/**
 * Events for the interface: in order, for one reader, bounded. The producer keeps the bound: it
 * waits for `room()` before it reads further from the network. The events of one frame stay
 * together. A list counts as many events as it has entries.
 */
import type { ChatEvent } from "./events.ts";

/** Events that may wait before the producer pauses. */
const MAX_EVENTS = 1024;

/** What takes events, and never refuses one. */
export type EventSink = Pick<EventQueue, "put">;

interface Entry {
  readonly event: ChatEvent | undefined;
  readonly weight: number;
  readonly shown: (() => void) | undefined;
}

export class EventQueue implements AsyncIterable<ChatEvent> {
  readonly #max: number;
  #entries: Entry[] = [];
  /** Of all entries together. */
  #weight = 0;
  #ended = false;
  #released = false;
  #consumed = false;
  #wakeConsumer: (() => void) | undefined;
  #waiting: (() => void)[] = [];

  constructor(max = MAX_EVENTS) {
    this.#max = max;
  }

  /** Puts an event at the end. Calls `shown` when the reader is done with it. */
  put(event: ChatEvent | undefined, shown?: () => void): void {
    if (this.#ended) return;
    const weight = weightOf(event);
    this.#entries.push({ event, weight, shown });
    this.#weight += weight;
    this.#wakeConsumer?.();
  }

  /** Resolves when there is room, or the reader has gone. */
  room(): Promise<void> {
    return this.#until(() => this.#weight < this.#max);
  }

  /** Resolves when the reader is done with every event, or has gone. */
  empty(): Promise<void> {
    return this.#until(() => this.#entries.length === 0);
  }

  /** From now on no producer waits for the reader. */
  release(): void {
    this.#released = true;
    this.#wakeWaiting();
  }

  /** Takes no further event; the reader still gets those that wait. */
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
        this.#weight -= entry.weight;
        entry.shown?.();
        this.#wakeWaiting();
      }
    } finally {
      // The reader has gone.
      this.#entries = [];
      this.#weight = 0;
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

/** 1, and 1 for each entry of a list in the event. */
function weightOf(event: ChatEvent | undefined): number {
  let weight = 1;
  for (const field of Object.values(event ?? {})) if (Array.isArray(field)) weight += field.length;
  return weight;
}
