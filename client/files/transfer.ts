/**
 * One file on its way, or waiting for its turn: which one, how far it is, and the events about it.
 * It moves nothing itself.
 */
import type { Clock } from "../../protocol/clock.ts";
import type { FileEvent, ListedTransfer } from "../events.ts";
import type { EventQueue } from "../event_queue.ts";
import { Progress } from "./progress.ts";

/** What is known of it from the beginning. */
export type TransferInfo = Pick<
  FileEvent,
  "number" | "direction" | "conversation" | "name" | "size"
>;

export class Transfer {
  readonly way: TransferInfo;
  readonly #clock: Clock;
  readonly #events: Pick<EventQueue, "put">;
  readonly #stop = new AbortController();
  #id: string | undefined;
  #progress: Progress | undefined;
  #moved = 0;
  #across = false;
  /** The last figures are not looked at yet. */
  #untold = false;

  constructor(way: TransferInfo, clock: Clock, events: Pick<EventQueue, "put">) {
    this.way = way;
    this.#clock = clock;
    this.#events = events;
  }

  /** The message's; `undefined` while it is not known yet. */
  get id(): string | undefined {
    return this.#id;
  }

  /** Fires when it is stopped. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Whether all of it has arrived. */
  get isAcross(): boolean {
    return this.#across;
  }

  /** Bytes that were moved or read, in all attempts. */
  get movedBytes(): number {
    return this.#moved;
  }

  /** From now on it can be told of. */
  name(id: string): void {
    this.#id = id;
  }

  stop(): void {
    this.#stop.abort();
  }

  /** An attempt begins with so many bytes across. */
  begun(transferred: number): void {
    this.#progress = new Progress(this.way.size, transferred, this.#clock.now());
    this.#tell();
  }

  /** Further bytes are across. */
  moved(bytes: number): void {
    this.#moved += bytes;
    const due = this.#progress?.moved(bytes, this.#clock.now()) === true;
    if (due && !this.#untold) this.#tell();
  }

  /** Bytes were read that do not count as being across. */
  read(bytes: number): void {
    this.#moved += bytes;
  }

  /** It is across, whole. */
  arrived(path?: string): void {
    this.#across = true;
    if (this.#id === undefined) return;
    const written = path === undefined ? {} : { path };
    this.#events.put({ event: "file", ...this.way, id: this.#id, ...written });
  }

  /** It will not get across, as far as this client is concerned. */
  failed(code: string, message: string): void {
    const id = this.#id === undefined ? {} : { id: this.#id };
    this.#events.put({ event: "error", code, message, ...id });
  }

  /** As it is listed. */
  get transfer(): ListedTransfer {
    const figures = this.#progress?.figures(this.#clock.now()) ?? { transferred: 0, rate: 0 };
    return { ...this.way, ...(this.#id !== undefined && { id: this.#id }), ...figures };
  }

  #tell(): void {
    if (this.#id === undefined) return;
    this.#untold = true;
    const event = { event: "progress", ...this.transfer, id: this.#id } as const;
    this.#events.put(event, () => this.#untold = false);
  }
}
