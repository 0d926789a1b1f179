/**
 * One file that is transferred or waits to be: its state, and the events about it. It moves no
 * bytes.
 *
 * Progress that the reader has not seen yet is not reported again, so the events are bounded.
 */
import { assert } from "../../protocol/assert.ts";
import type { Clock } from "../../protocol/clock.ts";
import type { EventSink } from "../event_queue.ts";
import type { FileEvent, ListedTransfer } from "../events.ts";
import { Progress } from "./progress.ts";

/** What is known before the first byte. */
export type TransferInfo = Pick<
  FileEvent,
  "number" | "direction" | "conversation" | "name" | "size"
>;

export class Transfer {
  readonly info: TransferInfo;
  readonly #clock: Clock;
  readonly #events: EventSink;
  readonly #stop = new AbortController();
  #id: string | undefined;
  #progress: Progress | undefined;
  #movedBytes = 0;
  #isComplete = false;
  /** A report waits to be read. */
  #isReporting = false;

  constructor(info: TransferInfo, clock: Clock, events: EventSink) {
    this.info = info;
    this.#clock = clock;
    this.#events = events;
  }

  /** The ID of the file's message; `undefined` until it is known. */
  get id(): string | undefined {
    return this.#id;
  }

  /** Fires when the transfer is stopped. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Bytes that were hashed, sent or received, in all attempts. */
  get movedBytes(): number {
    return this.#movedBytes;
  }

  /** As `/files` lists it. */
  get listing(): ListedTransfer {
    const measured = this.#progress?.measure(this.#clock.now()) ?? { transferred: 0, rate: 0 };
    return { ...this.info, ...(this.#id !== undefined && { id: this.#id }), ...measured };
  }

  /** Sets the ID, which progress and completion are reported with. */
  identify(id: string): void {
    assert(this.#id === undefined, "the ID of a transfer does not change");
    this.#id = id;
  }

  /** Idempotent. */
  stop(): void {
    this.#stop.abort();
  }

  /** An attempt starts; so many bytes were transferred by those before it. */
  startAttempt(transferred: number): void {
    this.#progress = new Progress(this.info.size, transferred, this.#clock.now());
    this.#report();
  }

  /** Bytes were read for the hash. */
  addHashed(bytes: number): void {
    this.#movedBytes += bytes;
  }

  /** Bytes were sent or received. */
  addTransferred(bytes: number): void {
    assert(this.#progress !== undefined, "bytes are transferred within an attempt");
    this.#movedBytes += bytes;
    const isDue = this.#progress.add(bytes, this.#clock.now());
    if (isDue && !this.#isReporting) this.#report();
  }

  /** All of the file is transferred; `path`: where it was written. */
  complete(path?: string): void {
    assert(this.#id !== undefined && !this.#isComplete, "a transfer with an ID is completed once");
    this.#isComplete = true;
    const written = path === undefined ? {} : { path };
    this.#events.put({ event: "file", ...this.info, id: this.#id, ...written });
  }

  /** The transfer has ended without success. */
  fail(code: string, message: string): void {
    const id = this.#id === undefined ? {} : { id: this.#id };
    this.#events.put({ event: "error", code, message, ...id });
  }

  #report(): void {
    if (this.#id === undefined) return;
    this.#isReporting = true;
    const event = { event: "progress", ...this.listing, id: this.#id } as const;
    this.#events.put(event, () => this.#isReporting = false);
  }
}
