/**
 * Delivery of messages: stored, then acknowledged, then fanned out, in the order of `seq`.
 *
 * Messages that arrive within one turn of the event loop, or during a commit, are stored in one
 * transaction. Where they are many, accounts take turns (`delivery_queue.ts`). It does not check who
 * may write where (`conversations.ts`), and knows recipients only as objects that take frames.
 *
 * 1. A message MUST be acknowledged and fanned out only after its commit.
 * 2. Every recipient MUST receive the messages of a conversation in the order of `seq`, and its own
 *    as acks.
 * 3. A message MUST be encoded once for all recipients.
 * 4. A message for a group that was deleted meanwhile MUST be refused, and the rest of the batch
 *    stored.
 * 5. A message that was stored already MUST be acknowledged again, and not fanned out.
 */
import { setImmediate } from "node:timers";
import { assert } from "../../protocol/assert.ts";
import type { Clock } from "../../protocol/clock.ts";
import { encodeFrame } from "../../protocol/codec.ts";
import { concat } from "../../protocol/concat.ts";
import { ERRORS } from "../../protocol/errors.ts";
import type { Content, ServerFrame } from "../../protocol/frame.ts";
import { describe, type Logger } from "../log.ts";
import type { Appended, MessageStore, NewMessage } from "../store/messages.ts";
import { DeliveryQueue } from "./delivery_queue.ts";
import type { Recipient, Sender } from "./signed_in_session.ts";

/** A message that a session has sent. */
export interface Submission {
  readonly conversation: string;
  readonly ulid: string;
  readonly from: string;
  readonly content: Content;
  /** It receives the ack, and not the message. */
  readonly sender: Sender;
  /** The request that the ack answers. */
  readonly re: number;
  /** Follows the ack. */
  readonly notice?: ServerFrame;
}

/** When others have had their turn. */
interface Turns {
  /** Resolves when all frames that were pushed have been given to the transport. */
  flushed(): Promise<void>;
  /** Resolves when the network has been read, or after `most` milliseconds. */
  caughtUp(most: number): Promise<void>;
}

export interface DeliveryOptions {
  readonly messages: Pick<MessageStore, "append">;
  readonly audience: {
    /** Who receives what is sent in a conversation. */
    of(conversation: string): readonly Recipient[];
  };
  readonly clock: Pick<Clock, "after" | "now" | "time">;
  readonly turns: Turns;
  readonly log: Logger;
  /** Bytes of messages that may wait to be committed. */
  readonly limit: number;
  /** Runs the callback at the end of this turn of the event loop. */
  readonly schedule?: (callback: () => void) => void;
}

/**
 * Messages in one transaction: at most, at least, and as many as take so many milliseconds. Nothing
 * else is done meanwhile, and the transport reads little in each turn of the event loop.
 */
const BATCH = 512;
const LEAST = 32;
const TURN = 6;
/** Milliseconds that those of whom more messages wait give the network at most to catch up. */
const CATCH_UP = 10;
/** Milliseconds. A machine that was asleep makes any piece of work look long. */
const LONGEST_REST = 50;
/** Bytes that a queued message takes besides its content. */
const OVERHEAD = 512;

interface QueuedMessage {
  readonly account: string;
  readonly size: number;
  readonly submission: Submission;
  readonly message: NewMessage;
}

/** A message that has its number. */
interface Stored {
  readonly submission: Submission;
  readonly ack: Uint8Array;
  /** The encoded `message` frame; `undefined` if the message was stored already. */
  readonly frame: Uint8Array | undefined;
}

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #schedule: (callback: () => void) => void;
  readonly #queue = new DeliveryQueue<QueuedMessage>();
  /** Bytes that are queued or being committed. */
  #heldBytes = 0;
  #committing = false;
  /** Accounts of whom more messages wait have had their turn. */
  #isResting = false;
  /** Messages of the next commit, at most. */
  #most = BATCH;
  #scheduled = false;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#schedule = options.schedule ?? setImmediate;
  }

  /**
   * Queues a message; `false` if too much is queued already (`busy`). The newest messages of an
   * account that has more give way before that: they are answered `busy`.
   */
  submit(submission: Submission): boolean {
    const { conversation, ulid, from, content } = submission;
    const size = content.body.length + OVERHEAD;
    if (!this.#makeRoom(from, size)) return false;
    this.#heldBytes += size;
    const at = this.#options.clock.time();
    const message = { conversation, ulid, from, at, content };
    this.#queue.add({ account: from, submission, size, message });
    this.#scheduleCommit();
    return true;
  }

  /** Bytes that wait to be committed, or are being committed. */
  get held(): number {
    return this.#heldBytes;
  }

  /** Resolves when everything that was submitted has been committed and fanned out. */
  idle(): Promise<void> {
    if (this.#heldBytes === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }

  #makeRoom(account: string, size: number): boolean {
    while (this.#heldBytes + size > this.#options.limit) {
      const displaced = this.#queue.displaceFor(account, size);
      if (displaced === undefined) return false;
      this.#heldBytes -= displaced.size;
      const { re, sender } = displaced.submission;
      const { meaning: message } = ERRORS.busy;
      sender.answer(encodeFrame({ type: "error", re, code: "busy", message }));
    }
    return true;
  }

  /** One commit at a time: the order of commits is the order of `seq`. */
  #scheduleCommit(): void {
    const hasWork = this.#isResting ? this.#queue.hasFresh : !this.#queue.isEmpty;
    if (this.#scheduled || this.#committing || !hasWork) return;
    this.#scheduled = true;
    this.#schedule(this.#commit);
  }

  readonly #commit = async () => {
    this.#scheduled = false;
    assert(!this.#committing, "there is one commit at a time");
    this.#committing = true;
    const { clock } = this.#options;
    const batch = this.#isResting ? this.#queue.takeFresh(BATCH) : this.#queue.take(this.#most);
    const began = clock.now();
    const appending = this.#append(batch);
    const committed = clock.now();
    const appended = await appending;
    assert(appended === undefined || appended.length === batch.length, "each message has a result");
    const stored = clock.now();
    if (appended === undefined) this.#refuse(batch);
    else this.#deliver(batch, appended);
    this.#committing = false;
    for (const { size } of batch) this.#heldBytes -= size;
    assert(this.#heldBytes >= 0, "bytes that are committed were counted");
    const worked = clock.now() - stored + committed - began;
    const isFull = batch.length >= this.#most;
    if (isFull && !this.#isResting && !this.#queue.isEmpty) {
      void this.#rest(batch.length, worked);
    } else this.#most = fitting(this.#most, batch.length, worked);
    this.#scheduleCommit();
    if (this.#heldBytes > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  };

  /**
   * Lets others have the time, after a commit that took so many milliseconds of work, with more behind
   * it: until its frames have been written and the network has been read, and for as long again as
   * work and writing took. Meanwhile only accounts that had nothing waiting are served.
   */
  async #rest(count: number, worked: number): Promise<void> {
    this.#isResting = true;
    const { clock, turns } = this.#options;
    const began = clock.now();
    await turns.flushed();
    await new Promise<void>((resolve) => this.#schedule(resolve)); // The engine sends.
    const taken = worked + clock.now() - began;
    this.#most = fitting(this.#most, count, taken);
    await turns.caughtUp(CATCH_UP);
    const rest = Math.min(taken, LONGEST_REST);
    if (rest >= 1) await new Promise<void>((resolve) => void clock.after(rest, resolve));
    this.#isResting = false;
    this.#scheduleCommit();
  }

  async #append(
    batch: readonly QueuedMessage[],
  ): Promise<readonly (Appended | undefined)[] | undefined> {
    const { messages, log } = this.#options;
    try {
      return await messages.append(batch.map(({ message }) => message));
    } catch (error) {
      log.error("messages_not_stored", { count: batch.length, error: describe(error) });
      return undefined;
    }
  }

  /** Nothing of the batch was stored: its senders may send again, with the same ULIDs. */
  #refuse(batch: readonly QueuedMessage[]): void {
    for (const { submission: { re, sender } } of batch) {
      const message = "The message could not be stored; send it again.";
      sender.answer(encodeFrame({ type: "error", re, code: "busy", message }));
    }
  }

  #deliver(batch: readonly QueuedMessage[], appended: readonly (Appended | undefined)[]): void {
    let run: Stored[] = [];
    for (const [index, { submission, message }] of batch.entries()) {
      const result = appended[index];
      if (result === undefined) {
        const { re, sender } = submission;
        const code = "unknown_conversation";
        sender.answer(encodeFrame({ type: "error", re, code, message: ERRORS[code].meaning }));
        continue;
      }
      const previous = run[0]?.submission.conversation;
      if (previous !== undefined && previous !== submission.conversation) {
        this.#fanOut(previous, run);
        run = [];
      }
      run.push(this.#encode(submission, message, result));
    }
    const last = run[0]?.submission.conversation;
    if (last !== undefined) this.#fanOut(last, run);
  }

  #encode(submission: Submission, message: NewMessage, appended: Appended): Stored {
    const { conversation, seq, at, stored } = appended;
    const { ulid } = message;
    return {
      submission,
      ack: encodeFrame({ type: "ack", re: submission.re, ulid, conversation, seq, at }),
      frame: stored ? encodeFrame({ type: "message", seq, ...message }) : undefined,
    };
  }

  /**
   * A run of messages of one conversation. Recipients that sent none of them share one chunk with all
   * of them.
   */
  #fanOut(conversation: string, run: readonly Stored[]): void {
    const senders = new Set(run.map(({ submission }) => submission.sender));
    const isSender: ReadonlySet<Recipient> = senders;
    /** Senders that receive what others have sent: not those who left, or must not be disturbed. */
    const receiving = new Set<Recipient>();
    const frames = run.flatMap(({ frame }) => frame ?? []);
    if (frames.length > 0) {
      const chunk = concat(frames);
      for (const recipient of this.#options.audience.of(conversation)) {
        if (isSender.has(recipient)) receiving.add(recipient);
        else recipient.push(chunk);
      }
    }
    for (const sender of senders) answer(sender, run, receiving.has(sender));
  }
}

/** A sender gets its acks, and in between what others have sent, if it receives that. */
function answer(sender: Sender, run: readonly Stored[], isReceiving: boolean): void {
  for (const { submission, ack, frame } of run) {
    if (submission.sender !== sender) {
      if (frame && isReceiving) sender.push(frame);
      continue;
    }
    sender.answer(ack);
    if (submission.notice) sender.push(encodeFrame(submission.notice));
  }
}

/** Messages of which one commit takes `TURN`, after one of so many that took so many milliseconds. */
function fitting(most: number, count: number, taken: number): number {
  if (count < LEAST) return most;
  const now = TURN / Math.max(taken / count, TURN / BATCH);
  return Math.max(LEAST, Math.round((most + now) / 2));
}
