/**
 * Delivery of messages: stored, then acknowledged, then fanned out, in the order of `seq`.
 *
 * Messages that arrive within one turn of the event loop, or while a commit is under way, are
 * stored in one transaction. It does not judge who may write where (`conversations.ts`), and knows
 * recipients only as something that takes frames.
 *
 * 1. A message MUST be acknowledged and fanned out only after its commit.
 * 2. Every recipient MUST see the messages of a conversation in the order of `seq`, its own as acks.
 * 3. A message MUST be encoded once, whoever receives it.
 * 4. A message for a group that was deleted on its way MUST be refused, without a loss for others.
 * 5. A message that was there already MUST be acknowledged again, and fanned out to nobody.
 */
import { setImmediate } from "node:timers";
import type { Clock } from "../../protocol/clock.ts";
import { encodeFrame } from "../../protocol/codec.ts";
import { concat } from "../../protocol/concat.ts";
import { ERRORS } from "../../protocol/errors.ts";
import type { Content, ServerFrame } from "../../protocol/frame.ts";
import { describe, type Logger } from "../log.ts";
import type { Appended, MessageStore, NewMessage } from "../store/messages.ts";

/** Whoever is owed frames. */
export interface Recipient {
  /** Takes one or several whole frames, which it shares with others. */
  push(frames: Uint8Array): void;
}

/** A session that has sent a message. */
export interface Sender extends Recipient {
  /** Takes the `ack` or the `error` of one of its messages. */
  answer(frame: Uint8Array): void;
}

/** Who receives what is said in a conversation: everyone of it who is online. */
export interface Audience {
  audienceOf(conversation: string): readonly Recipient[];
}

/** A message on its way in. */
export interface Submission {
  readonly conversation: string;
  readonly ulid: string;
  readonly from: string;
  readonly content: Content;
  /** The session that sent it: it gets the ack, and not the message. */
  readonly sender: Sender;
  /** The request that the ack answers. */
  readonly re: number;
  /** What the sender is told right after the ack. */
  readonly notice?: ServerFrame;
}

export interface DeliveryOptions {
  readonly messages: Pick<MessageStore, "append">;
  readonly audience: Audience;
  readonly clock: Pick<Clock, "time">;
  readonly log: Logger;
  /** Bytes of messages that may wait to be committed. */
  readonly limit: number;
  /** Runs the callback at the end of this turn of the event loop. */
  readonly schedule?: (callback: () => void) => void;
}

/** Messages in one transaction: bounds the time that a commit takes. */
const BATCH = 512;
/** What a message that waits takes besides its content, bytes. */
const OVERHEAD = 512;

interface QueuedMessage {
  readonly size: number;
  readonly submission: Submission;
  readonly message: NewMessage;
}

/** A message that has its number. */
interface Stored {
  readonly submission: Submission;
  readonly ack: Uint8Array;
  /** The encoded `message` frame; `undefined` when it was there already. */
  readonly frame: Uint8Array | undefined;
}

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #schedule: (callback: () => void) => void;
  #queue: QueuedMessage[] = [];
  /** Bytes that wait or are being committed. */
  #heldBytes = 0;
  #committing = false;
  #scheduled = false;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#schedule = options.schedule ?? setImmediate;
  }

  /** Takes a message in; `false` when too many wait already (`busy`). */
  submit(submission: Submission): boolean {
    const { conversation, ulid, from, content } = submission;
    const size = content.body.length + OVERHEAD;
    if (this.#heldBytes + size > this.#options.limit) return false;
    this.#heldBytes += size;
    const at = this.#options.clock.time();
    this.#queue.push({ submission, size, message: { conversation, ulid, from, at, content } });
    this.#scheduleCommit();
    return true;
  }

  /** Resolves when everything that was submitted has been committed and fanned out. */
  idle(): Promise<void> {
    if (this.#heldBytes === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }

  /** One commit at a time: the order of commits is the order of `seq`. */
  #scheduleCommit(): void {
    if (this.#scheduled || this.#committing || this.#queue.length === 0) return;
    this.#scheduled = true;
    this.#schedule(this.#commit);
  }

  readonly #commit = async () => {
    this.#scheduled = false;
    this.#committing = true;
    const batch = this.#queue.splice(0, BATCH);
    const appended = await this.#append(batch);
    if (appended === undefined) this.#refuse(batch);
    else this.#deliver(batch, appended);
    this.#committing = false;
    for (const { size } of batch) this.#heldBytes -= size;
    this.#scheduleCommit();
    if (this.#heldBytes > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  };

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

  /** Nothing of the batch was stored: its senders may try again, with the same ULIDs. */
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
   * Messages of one conversation in a row: whoever sent none of them gets all of them as one chunk,
   * made once for all.
   */
  #fanOut(conversation: string, run: readonly Stored[]): void {
    const senders = new Set(run.map(({ submission }) => submission.sender));
    const excepted: ReadonlySet<Recipient> = senders;
    const frames = run.flatMap(({ frame }) => frame ?? []);
    const audience = this.#options.audience.audienceOf(conversation);
    if (frames.length > 0) {
      const chunk = concat(frames);
      for (const recipient of audience) {
        if (!excepted.has(recipient)) recipient.push(chunk);
      }
    }
    for (const sender of senders) answer(sender, run);
  }
}

/** A sender sees a run as everyone does, with acks in the place of its own messages. */
function answer(sender: Sender, run: readonly Stored[]): void {
  for (const { submission, ack, frame } of run) {
    if (submission.sender !== sender) {
      if (frame) sender.push(frame);
      continue;
    }
    sender.answer(ack);
    if (submission.notice) sender.push(encodeFrame(submission.notice));
  }
}
