/**
 * One account's messages, over one session after the other: it sends what is in the `SendQueue`,
 * catches up with what was missed, hands messages to the `Inbox`, and tells the server what was
 * shown. It knows nothing of connecting and signing in.
 */
import type { Clock } from "../../protocol/clock.ts";
import type { ConversationState, Message, ServerFrames } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { Condition } from "../condition.ts";
import type { EventQueue } from "../event_queue.ts";
import type { Offer } from "./offers.ts";
import type { Log } from "../log.ts";
import { backoff } from "../session/backoff.ts";
import {
  RefusedError,
  RETRY_DELAY,
  TEMPORARY_REFUSALS,
  UnansweredError,
} from "../session/refused_error.ts";
import { HistoryError, isBreak, type SessionConnection } from "../session/session_connection.ts";
import { CatchUp, type CatchUpOutput, type Page } from "./catch_up.ts";
import { isoTime } from "./content.ts";
import type { Inbox } from "./inbox.ts";
import { ReadMarks } from "./read_marks.ts";
import type { OutgoingMessage, SendQueue } from "./send_queue.ts";

/** Refusals of a page of history that say that the account is not in the conversation any more. */
const NOT_A_MEMBER: ReadonlySet<string> = new Set(["not_a_member", "unknown_conversation"]);

/** What happens to files with the messages that announce them. */
interface FileMessages {
  /** A message offers a file. */
  offered(offer: Offer): void;
  /** The account's own message was stored, or refused for good. */
  settled(ulid: string): void;
}

/** What the exchange needs of a session. */
type ExchangeConnection = Pick<SessionConnection, "allows" | "request" | "tell" | "messages">;

interface MessageExchangeOptions {
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly events: EventQueue;
  readonly session: { readonly connection: ExchangeConnection | undefined };
  readonly queue: SendQueue;
  readonly inbox: Pick<Inbox, "show">;
  readonly files: FileMessages;
  readonly log: Log | undefined;
}

export class MessageExchange {
  readonly #options: MessageExchangeOptions;
  readonly #queue: SendQueue;
  readonly #catchUp: CatchUp;
  readonly #marks: ReadMarks;
  /** What was missed, while the first list after the first sign-in comes. */
  #missed: ConversationState[] | undefined = [];
  #listPending = false;
  /** The server has dropped frames, and its list since then is not complete. */
  #listNeeded = false;
  /** The server is busy: nothing is sent for a moment. */
  #paused = false;
  #failedFetches = 0;
  /** Pages that broke off and wait to be fetched again, each with what cancels its wait. */
  readonly #failedPages = new Map<Page, () => void>();
  #closed = false;
  readonly #timers = new Set<() => void>();
  readonly #changes = new Condition();

  constructor(options: MessageExchangeOptions) {
    this.#options = options;
    this.#queue = options.queue;
    this.#catchUp = new CatchUp(options.queue);
    this.#marks = new ReadMarks(options.clock, (conversation, seq) => {
      const { connection } = options.session;
      if (connection?.allows("mark") !== true) return false;
      connection.tell({ type: "mark", conversation, seq });
      return true;
    });
    void this.#sendAsAdded();
  }

  /** A session has signed in: the server sends its list of conversations by itself. */
  resume(): void {
    this.#restartList();
    this.#listPending = true;
    this.#paused = false;
    this.#failedFetches = 0;
    for (const page of [...this.#failedPages.keys()]) this.#releasePage(page);
    this.#continue();
  }

  /** The session has ended. */
  interrupt(): void {
    this.#queue.retryAll();
  }

  /** Resolves when every message is stored or refused, and nothing is missing; or once closed. */
  async settled(): Promise<void> {
    while (!this.#closed && (this.#queue.size > 0 || !this.#catchUp.complete)) {
      await this.#changes.wait();
    }
  }

  /** Tells the server at once what was shown. */
  flushMarks(): void {
    this.#marks.flush();
  }

  /** Sends and takes nothing more. */
  close(): void {
    this.#closed = true;
    this.interrupt();
    this.#queue.close();
    this.#marks.close();
    for (const cancel of this.#timers) cancel();
    for (const cancel of this.#failedPages.values()) cancel();
    this.#changes.notify();
  }

  arrived(message: Message): void {
    this.#take(this.#catchUp.arrived(message));
  }

  acknowledged(ack: ServerFrames["ack"]): void {
    this.#take(this.#catchUp.acknowledged(ack));
  }

  /** A list of the account's conversations, or a part of one. */
  listed({ conversations, more }: ServerFrames["conversations"]): void {
    for (const { conversation, mark } of conversations) this.#marks.listed(conversation, mark);
    this.#missed?.push(...conversations.filter(({ unread }) => unread > 0));
    if (!more) {
      this.#listPending = false;
      this.#listNeeded = false;
      this.#marks.flush();
      this.#reportMissed();
    }
    this.#take(this.#catchUp.listed(conversations, more));
  }

  /** The account is in this conversation from now on. */
  joined(state: ConversationState): void {
    this.#marks.listed(state.conversation, state.mark);
    this.#take(this.#catchUp.follow(state));
  }

  /** The account is not in this conversation any more. */
  left(conversation: string): void {
    this.#catchUp.forget(conversation);
    this.#marks.forget(conversation);
    this.#continue();
  }

  /** Another device of the account has shown everything up to a `seq`. */
  marked({ conversation, seq }: ServerFrames["marked"]): void {
    if (seq === 0) return; // It marks nothing.
    this.#marks.known(conversation, seq);
    this.#options.events.put({ event: "marked", conversation, seq });
  }

  /** The server dropped frames, acknowledgements and a list perhaps among them. */
  resync(): void {
    this.#options.log?.("resync", { unacknowledged: this.#queue.size });
    this.#restartList();
    this.#listPending = false;
    this.#listNeeded = true;
    this.#queue.retryAll();
    this.#requestList();
    this.#continue();
  }

  /** The server sends a list anew: the parts of an unfinished one are void. */
  #restartList(): void {
    this.#catchUp.restart();
    if (this.#missed !== undefined) this.#missed = [];
  }

  #reportMissed(): void {
    const missed = this.#missed ?? [];
    this.#missed = undefined;
    if (missed.length === 0) return;
    const conversations = missed.map(({ conversation, unread }) => ({ conversation, unread }));
    this.#options.events.put({ event: "unread", conversations });
  }

  /** Sends messages as commands add them. */
  async #sendAsAdded(): Promise<void> {
    while (!this.#closed) {
      const { changed } = this.#queue;
      this.#continue();
      await changed;
    }
  }

  /** Does whatever can be done now: sends, asks for the list, fetches pages. */
  #continue(): void {
    this.#changes.notify();
    const { connection } = this.#options.session;
    if (connection === undefined || this.#closed) return;
    while (this.#maySend() && connection.allows("send")) {
      const message = this.#queue.next();
      if (message === undefined) break;
      void this.#send(connection, message);
    }
    if (this.#listNeeded || this.#catchUp.needsList) this.#requestList();
    while (connection.allows("history")) {
      const page = this.#catchUp.next();
      if (page === undefined) break;
      void this.#fetch(connection, page);
    }
  }

  /**
   * After `resync` the list comes first. It comes when the server has answered what was sent before,
   * so that no answer of ours makes it drop frames again and again.
   */
  #maySend(): boolean {
    return !this.#paused && !this.#listNeeded && !this.#catchUp.full;
  }

  /** Sends a message. Its `ack` comes to `acknowledged`, in order with the other frames. */
  async #send(connection: ExchangeConnection, message: OutgoingMessage): Promise<void> {
    try {
      await connection.request({ type: "send", ...message });
    } catch (refusal) {
      if (refusal instanceof UnansweredError) return; // `interrupt` or `resync` sends it again.
      if (!(refusal instanceof RefusedError)) throw refusal;
      this.#refused(message.ulid, refusal);
    }
  }

  #refused(ulid: string, { code, message }: RefusedError): void {
    if (this.#closed) return;
    if (TEMPORARY_REFUSALS.has(code)) {
      this.#queue.retry(ulid);
      this.#paused = true;
      return this.#after(RETRY_DELAY, () => this.#paused = false);
    }
    // If an earlier attempt was stored after all, this refusal means nothing.
    if (this.#queue.settle(ulid) !== undefined) {
      this.#options.files.settled(ulid);
      this.#options.events.put({ event: "error", code, message, id: ulid });
    }
    this.#continue();
  }

  #requestList(): void {
    const { connection } = this.#options.session;
    if (this.#listPending || connection?.allows("sync") !== true) return;
    this.#listPending = true;
    connection.request({ type: "sync" }).catch((refusal) => {
      if (refusal instanceof UnansweredError) return; // A new session or `resync` lists anew.
      this.#after(RETRY_DELAY, () => this.#listPending = false);
    });
  }

  /** Fetches one page of history, no faster than it is shown. */
  async #fetch(connection: ExchangeConnection, page: Page): Promise<void> {
    const { conversation, after } = page;
    const fields = { type: "history", conversation, after, limit: LIMITS.page } as const;
    const messages = connection.messages(fields);
    let count = 0;
    try {
      let next = await messages.next();
      for (; !next.done && !this.#closed; next = await messages.next()) {
        count++;
        this.#take(this.#catchUp.fetched(page, next.value));
        await this.#options.events.room();
      }
      // It says nothing about what exists, so nothing may be skipped.
      if (next.done && next.value && count === 0) {
        throw new HistoryError("empty_page", "Empty page");
      }
      this.#failedFetches = 0;
      if (next.done) this.#take(this.#catchUp.fetchEnded(page, next.value));
    } catch (failure) {
      this.#fetchFailed(page, failure);
    } finally {
      await messages.return(false);
    }
  }

  #fetchFailed(page: Page, failure: unknown): void {
    if (!isBreak(failure)) throw failure;
    const reason = failure instanceof HistoryError ? failure.code : String(failure);
    this.#options.log?.("history_failed", { reason });
    if (this.#closed) return;
    if (reason === "held") {
      this.#catchUp.fetchWithheld(page);
      return this.#continue();
    }
    if (NOT_A_MEMBER.has(reason)) {
      const isVoid = this.#catchUp.isVoid(page);
      this.#catchUp.fetchFailed(page);
      return isVoid ? this.#continue() : this.left(page.conversation);
    }
    const { clock, random } = this.#options;
    const wait = backoff(this.#failedFetches++, random);
    this.#failedPages.set(
      page,
      clock.after(wait, () => {
        this.#releasePage(page);
        this.#continue();
      }),
    );
  }

  /** The page may be fetched again. */
  #releasePage(page: Page): void {
    this.#failedPages.get(page)?.();
    this.#failedPages.delete(page);
    this.#catchUp.fetchFailed(page);
  }

  #after(ms: number, change: () => void): void {
    if (this.#closed) return;
    const cancel = this.#options.clock.after(ms, () => {
      this.#timers.delete(cancel);
      change();
      this.#continue();
    });
    this.#timers.add(cancel);
  }

  #take(outputs: readonly CatchUpOutput[]): void {
    // The events belong to another account by now.
    if (this.#closed) return;
    const { events, files, inbox } = this.#options;
    for (const output of outputs) {
      switch (output.type) {
        case "message": {
          const offer = inbox.show(output.message);
          if (offer !== undefined) files.offered(offer);
          break;
        }
        case "ack": {
          const { ulid: id, conversation } = output.message;
          files.settled(id);
          events.put({ event: "ack", id, conversation, seq: output.seq, at: isoTime(output.at) });
          break;
        }
        case "cursor": {
          const { conversation, seq } = output;
          events.put(undefined, () => this.#marks.shown(conversation, seq));
          break;
        }
      }
    }
    this.#continue();
  }
}
