/**
 * What was said and is not yet acknowledged: in order, bounded, each with the ULID that it keeps
 * however often it is sent. Pure: it sends nothing.
 */
import type { Content } from "../../protocol/frame.ts";

export interface OutgoingMessage {
  readonly ulid: string;
  readonly conversation: string;
  readonly content: Content;
}

export interface SendQueueLimits {
  /** Messages that wait at once, those on their way included. */
  readonly most: number;
  /** Messages on their way at once. */
  readonly window: number;
}

/** A window well under the requests that a server takes at once (`LIMITS.requests`). */
const LIMITS_HERE: SendQueueLimits = { most: 256, window: 64 };

export class SendQueue {
  readonly #limits: SendQueueLimits;
  /** In the order in which they were said: a `Map` keeps it. */
  readonly #waiting = new Map<string, OutgoingMessage>();
  readonly #sent = new Set<string>();

  constructor(limits: SendQueueLimits = LIMITS_HERE) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Whether there is room for one more. */
  get hasRoom(): boolean {
    return this.#waiting.size < this.#limits.most;
  }

  /** Takes one more; `false` when there is no room, and nothing was changed. */
  add(message: OutgoingMessage): boolean {
    if (!this.hasRoom) return false;
    this.#waiting.set(message.ulid, message);
    return true;
  }

  /** The next to send, which from now on is on its way; `undefined`: none now. */
  next(): OutgoingMessage | undefined {
    if (this.#sent.size >= this.#limits.window) return undefined;
    for (const message of this.#waiting.values()) {
      if (this.#sent.has(message.ulid)) continue;
      this.#sent.add(message.ulid);
      return message;
    }
    return undefined;
  }

  /** Done with it: stored, or refused for good. `undefined` when it was already. */
  settle(ulid: string): OutgoingMessage | undefined {
    const message = this.#waiting.get(ulid);
    this.#waiting.delete(ulid);
    this.#sent.delete(ulid);
    return message;
  }

  /** It was not taken this time: to be sent again. */
  retry(ulid: string): void {
    this.#sent.delete(ulid);
  }

  /** What is on its way may be lost: all of it is to be sent again, in order. */
  again(): void {
    this.#sent.clear();
  }
}
