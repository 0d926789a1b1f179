/**
 * The frames of one session that wait to be written. Bounded: a client that reads slowly costs a
 * fixed amount of memory, and delays no other.
 *
 * It holds encoded frames, and does not know what is in them.
 *
 * 1. Frames MUST leave in the order in which they were pushed.
 * 2. There MUST be at most one write under way; what is pushed within one turn of the event loop,
 *    or during a write, MUST leave together in the next one.
 * 3. It MUST NOT hold more than `limit` bytes, those of the write under way included.
 * 4. A frame that does not fit MUST be dropped, and every frame after it, until all that is held
 *    has been written; then `resync` MUST be the next frame. So a reader gets a run without gaps,
 *    and then the notice that there is one.
 * 5. While frames are dropped `accepting` MUST be pending. The reader of the session MUST wait for
 *    it before reading on, so that a client which does not read cannot ask for more.
 * 6. After `close`, or a write that failed, it MUST hold nothing and take nothing.
 * 7. Pushed chunks are shared between outboxes: they MUST NOT be changed.
 */
import { setImmediate } from "node:timers";
import { assert } from "../protocol/assert.ts";
import { concat } from "../protocol/concat.ts";

/** Where an outbox writes to: a `Stream`, as far as it needs one. */
interface Sink {
  write(chunk: Uint8Array): Promise<void>;
}

interface OutboxOptions {
  /** Bytes held at most. */
  readonly limit: number;
  /** The encoded `resync` frame. */
  readonly resync: Uint8Array;
  /** The client took what was written. */
  readonly onWritten?: () => void;
  /** A write failed: the stream or its connection has ended. */
  readonly onFailed?: () => void;
}

export class Outbox {
  readonly #sink: Sink;
  readonly #flusher: Flusher;
  readonly #options: OutboxOptions;
  #queue: Uint8Array[] = [];
  /** Bytes of the queue and of the write under way. */
  #heldBytes = 0;
  /** Bytes of the write under way. */
  #writing = 0;
  /** Rule 4 is in force; resolves the promise of `accepting`. */
  #overflow: PromiseWithResolvers<void> | undefined;
  #drained: PromiseWithResolvers<void> | undefined;
  #closed = false;

  constructor(sink: Sink, flusher: Flusher, options: OutboxOptions) {
    this.#sink = sink;
    this.#flusher = flusher;
    this.#options = options;
  }

  /** Bytes that wait to be written or are being written. */
  get held(): number {
    return this.#heldBytes;
  }

  /** Whether frames are being dropped (rule 4). */
  get overflowed(): boolean {
    return this.#overflow !== undefined;
  }

  /** Queues one or several whole frames. Never fails: see rules 4 and 6 for what is dropped. */
  push(frames: Uint8Array): void {
    if (this.#closed || this.#overflow !== undefined) return;
    if (this.#heldBytes + frames.length > this.#options.limit) {
      this.#overflow = Promise.withResolvers();
      if (this.#heldBytes === 0) this.#resume();
      return;
    }
    this.#heldBytes += frames.length;
    if (this.#queue.push(frames) === 1 && this.#writing === 0) this.#flusher.add(this);
  }

  /** Resolves when frames are taken again: at once, unless rule 4 is in force. */
  accepting(): Promise<void> {
    return this.#overflow?.promise ?? Promise.resolve();
  }

  /** Resolves when all that is held now has been written, or never will be. */
  drained(): Promise<void> {
    if (this.#heldBytes === 0) return Promise.resolve();
    this.#drained ??= Promise.withResolvers();
    return this.#drained.promise;
  }

  /** Writes what is queued, unless a write is under way. The flusher calls it once a turn. */
  flush(): void {
    if (this.#writing > 0 || this.#queue.length === 0) return;
    const chunk = concat(this.#queue);
    this.#queue = [];
    this.#writing = chunk.length;
    assert(this.#writing <= this.#heldBytes, "bytes that are being written are held (rule 3)");
    this.#sink.write(chunk).then(this.#onWritten, this.#onFailed);
  }

  /** Drops what is held, and resolves all promises. */
  close(): void {
    this.#closed = true;
    this.#queue = [];
    this.#heldBytes = 0;
    this.#overflow?.resolve();
    this.#overflow = undefined;
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  /** The end of rule 4: all that was held has been written. */
  #resume(): void {
    const overflow = this.#overflow;
    if (overflow === undefined) return;
    this.#overflow = undefined;
    this.push(this.#options.resync);
    overflow.resolve();
  }

  readonly #onWritten = () => {
    if (this.#closed) return;
    this.#heldBytes -= this.#writing;
    assert(this.#heldBytes >= 0, "bytes that are written were held");
    this.#writing = 0;
    this.#options.onWritten?.();
    if (this.#queue.length > 0) return this.#flusher.add(this);
    this.#drained?.resolve();
    this.#drained = undefined;
    this.#resume();
  };

  readonly #onFailed = () => {
    if (this.#closed) return;
    this.close();
    this.#options.onFailed?.();
  };
}

/**
 * Outboxes that are flushed in one turn. Every datagram is acknowledged: after so many, the server
 * reads what has come back, and what others have sent.
 */
const SLICE = 64;

/**
 * Flushes all outboxes that were pushed to within one turn of the event loop at its end: one
 * callback for the whole server, whatever the number of sessions. Many of them take several turns.
 */
export class Flusher {
  readonly #schedule: (flush: () => void) => void;
  /** Each outbox at most once. */
  #due: Outbox[] = [];
  /** Who waits, and how many outboxes are to be flushed before. */
  #waiting: { left: number; readonly go: () => void }[] = [];
  #scheduled = false;

  constructor(schedule: (flush: () => void) => void = setImmediate) {
    this.#schedule = schedule;
  }

  add(outbox: Outbox): void {
    this.#due.push(outbox);
    this.#scheduleTurn();
  }

  /** Resolves when all outboxes that are due now have been flushed, at the end of a turn. */
  flushed(): Promise<void> {
    return new Promise((go) => {
      this.#waiting.push({ left: this.#due.length, go });
      this.#scheduleTurn();
    });
  }

  #scheduleTurn(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(this.#flush);
  }

  readonly #flush = () => {
    this.#scheduled = false;
    const slice = this.#due.splice(0, SLICE);
    for (const outbox of slice) outbox.flush();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) {
      one.left -= slice.length;
      if (one.left <= 0) one.go();
      else this.#waiting.push(one);
    }
    if (this.#due.length + this.#waiting.length > 0) this.#scheduleTurn();
  };
}
