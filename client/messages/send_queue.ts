/**
 * Messages to send: in order, bounded, each until it is acknowledged or refused for good. A message
 * keeps its ULID however often it is sent, so the server stores it once.
 *
 * Commands add messages; `MessageExchange` alone takes them out.
 */
import { assert } from "../../protocol/assert.ts";
import type { Content } from "../../protocol/frame.ts";
import { Condition } from "../condition.ts";
import type { EventSink } from "../event_queue.ts";
import { RefusedError } from "../session/refused_error.ts";
import { shownContent } from "./content.ts";

export interface OutgoingMessage {
  readonly ulid: string;
  readonly conversation: string;
  readonly content: Content;
}

interface SendQueueLimits {
  /** Messages that wait at once, those in flight included. */
  readonly messages: number;
  /** Messages in flight at once. */
  readonly inFlight: number;
}

/** `inFlight` is well under the requests that a server takes at once (`LIMITS.requests`). */
export const SEND_LIMITS: SendQueueLimits = { messages: 256, inFlight: 64 };

export class SendQueue {
  readonly #events: EventSink;
  readonly #limits: SendQueueLimits;
  /** A `Map` keeps the order. */
  readonly #waiting = new Map<string, OutgoingMessage>();
  readonly #inFlight = new Set<string>();
  readonly #changes = new Condition();
  #closed = false;

  /** `events` takes a `sending` event for each message. */
  constructor(events: EventSink, limits: SendQueueLimits = SEND_LIMITS) {
    this.#events = events;
    this.#limits = limits;
  }

  /** Messages that are not acknowledged. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Resolves at the next change. */
  get changed(): Promise<void> {
    return this.#changes.wait();
  }

  /** Adds a message. Throws `RefusedError` when the queue is full. */
  add(message: OutgoingMessage): void {
    if (!this.#hasRoom) {
      throw new RefusedError(
        "queue_full",
        `Not sent: ${this.size} messages wait to be sent already. Say it again when they have gone.`,
      );
    }
    const { ulid, conversation, content } = message;
    assert(!this.#waiting.has(ulid), "a message enters the queue once");
    this.#waiting.set(ulid, message);
    this.#events.put({ event: "sending", id: ulid, conversation, ...shownContent(content) });
    this.#changes.notify();
  }

  /** Resolves when `add` has room, or the queue is closed. */
  async room(): Promise<void> {
    while (!this.#hasRoom && !this.#closed) await this.changed;
  }

  /** Resolves when every message is acknowledged or refused, or the queue is closed. */
  async empty(): Promise<void> {
    while (this.size > 0 && !this.#closed) await this.changed;
  }

  /** Nothing is taken out any more. */
  close(): void {
    this.#closed = true;
    this.#changes.notify();
  }

  /** The next message to send, which is in flight from now on; `undefined`: none now. */
  next(): OutgoingMessage | undefined {
    if (this.#inFlight.size >= this.#limits.inFlight) return undefined;
    for (const message of this.#waiting.values()) {
      if (this.#inFlight.has(message.ulid)) continue;
      this.#inFlight.add(message.ulid);
      return message;
    }
    return undefined;
  }

  /** The message was stored, or refused for good. `undefined`: it is not in the queue any more. */
  settle(ulid: string): OutgoingMessage | undefined {
    const message = this.#waiting.get(ulid);
    this.#waiting.delete(ulid);
    this.#inFlight.delete(ulid);
    assert(this.#inFlight.size <= this.#waiting.size, "what is in flight waits");
    if (message !== undefined) this.#changes.notify();
    return message;
  }

  /** The server did not take the message: send it again. */
  retry(ulid: string): void {
    this.#inFlight.delete(ulid);
  }

  /** Whatever is in flight may be lost: send all of it again, in order. */
  retryAll(): void {
    this.#inFlight.clear();
  }

  get #hasRoom(): boolean {
    return this.#waiting.size < this.#limits.messages;
  }
}
