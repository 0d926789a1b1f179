/**
 * What is said and heard, over one session after the other: sends what waits, catches up with what
 * was missed, turns messages into events, and tells the server what was shown. It knows nothing of
 * connecting and signing in (`line.ts`).
 */
import type { Clock } from "../../protocol/clock.ts";
import { FILE_KIND } from "../../protocol/file.ts";
import type { Content, ConversationState, Message, ServerFrame } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { parseConversation } from "../../protocol/names.ts";
import type { Request } from "../../protocol/session/client.ts";
import { backoff } from "../session/backoff.ts";
import { CatchUp, type CatchUpOutput } from "./catch_up.ts";
import { HistoryError, type SessionConnection } from "../session/session_connection.ts";
import type { ChatEvent } from "../events.ts";
import type { Files } from "../files/files.ts";
import type { Log } from "../log.ts";
import { ReadMarks } from "./read_marks.ts";
import { SendQueue } from "./send_queue.ts";
import { RETRY_DELAY, TEMPORARY_REFUSALS } from "../session/temporary_refusals.ts";
import type { EventQueue } from "../event_queue.ts";
import { isoTime, shownOf, textOf } from "./history.ts";
import type { SealedInbox } from "./sealed_inbox.ts";

/** Refusals of history that say that the conversation is not ours any more. */
const GONE: ReadonlySet<string> = new Set(["not_a_member", "unknown_conversation"]);

export interface MessageExchangeOptions {
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly events: EventQueue;
  readonly sealed: SealedInbox;
  /** The account's own name. */
  readonly self: () => string;
  readonly files: Pick<Files, "hear" | "settled">;
  readonly log: Log | undefined;
}

export class MessageExchange {
  readonly #options: MessageExchangeOptions;
  readonly #outgoing = new SendQueue();
  readonly #catchUp = new CatchUp(this.#outgoing);
  readonly #marks: ReadMarks;
  #link: SessionConnection | undefined;
  #newestPrivate: string | undefined;
  /** The first list after signing in for the first time tells what was missed. */
  #unread: ConversationState[] | undefined = [];
  #listing = false;
  #held = false;
  #failures = 0;
  readonly #timers = new Set<() => void>();
  #waiting: { readonly ready: () => boolean; readonly resolve: () => void }[] = [];

  constructor(options: MessageExchangeOptions) {
    this.#options = options;
    this.#marks = new ReadMarks(options.clock, (conversation, seq) => {
      if (this.#link === undefined || !this.#link.allows("mark")) return false;
      this.#link.tell({ type: "mark", conversation, seq });
      return true;
    });
  }

  /** Where the newest message stands that somebody said privately. */
  get newestPrivate(): string | undefined {
    return this.#newestPrivate;
  }

  /** Messages that are not acknowledged. */
  get unsent(): number {
    return this.#outgoing.size;
  }

  /** A session has signed in: what waits is sent, and the server is about to send its list. */
  attach(link: SessionConnection): void {
    this.#link = link;
    this.#listing = true;
    this.#held = false;
    this.#marks.flush();
    this.#pump();
  }

  /** The session has ended. */
  detach(): void {
    this.#link = undefined;
    this.#outgoing.again();
  }

  /** Takes a message to send; `false` when too many wait already, and nothing was changed. */
  say(ulid: string, conversation: string, content: Content): boolean {
    if (!this.#outgoing.add({ ulid, conversation, content })) return false;
    this.#emit({ event: "sending", id: ulid, conversation, ...shownOf(content) });
    this.#pump();
    return true;
  }

  /** Resolves when `say` has room. */
  room(): Promise<void> {
    return this.#until(() => this.#outgoing.hasRoom);
  }

  /** Resolves when everything that was said is acknowledged. */
  sent(): Promise<void> {
    return this.#until(() => this.#outgoing.size === 0);
  }

  /** Resolves when, besides, nothing is missing. */
  settled(): Promise<void> {
    return this.#until(() => this.#outgoing.size === 0 && this.#catchUp.complete);
  }

  /** Tells the server at once what was shown. */
  flushMarks(): void {
    this.#marks.flush();
  }

  /** A conversation that this account is in from now on. */
  follow(state: ConversationState): void {
    this.#marks.known(state.conversation, state.mark);
    this.#take(this.#catchUp.follow(state));
  }

  /** A conversation that this account is not in any more. */
  forget(conversation: string): void {
    this.#catchUp.forget(conversation);
    this.#marks.forget(conversation);
    this.#pump();
  }

  /** Nothing more will be said or heard. */
  close(): void {
    this.detach();
    this.#marks.close();
    for (const cancel of this.#timers) cancel();
  }

  /** Takes what the server says of conversations and messages; `false`: it is about something else. */
  receive(frame: ServerFrame, request: Request | undefined): boolean {
    switch (frame.type) {
      case "message":
        this.#take(this.#catchUp.arrived(frame));
        return true;
      case "ack":
        this.#take(this.#catchUp.acknowledged(frame));
        return true;
      case "conversations":
        this.#listed(frame);
        return true;
      case "conversation":
        this.follow(frame);
        return true;
      case "marked": {
        const { conversation, seq } = frame;
        this.#marks.known(conversation, seq);
        this.#emit({ event: "marked", conversation, seq });
        return true;
      }
      case "resync":
        this.#resync();
        return true;
      case "error":
        return this.#refused(frame.code, frame.message, request);
      default:
        return false;
    }
  }

  #listed({ conversations, more }: Extract<ServerFrame, { type: "conversations" }>): void {
    for (const { conversation, mark } of conversations) this.#marks.known(conversation, mark);
    this.#unread?.push(...conversations.filter(({ unread }) => unread > 0));
    if (!more) {
      this.#listing = false;
      const unread = this.#unread ?? [];
      this.#unread = undefined;
      const counts = unread.map(({ conversation, unread }) => ({ conversation, unread }));
      if (counts.length > 0) this.#emit({ event: "unread", conversations: counts });
    }
    this.#take(this.#catchUp.listed(conversations, more));
  }

  /** The server left frames out: acknowledgements too, perhaps, and the list that was asked for. */
  #resync(): void {
    this.#options.log?.("resync", { unacknowledged: this.#outgoing.size });
    this.#listing = false;
    this.#outgoing.again();
    this.#list();
    if (this.#link?.allows("who")) this.#link.request({ type: "who" });
    this.#pump();
  }

  #refused(code: string, message: string, request: Request | undefined): boolean {
    if (request?.type === "sync") {
      this.#after(RETRY_DELAY, () => this.#listing = false);
      return true;
    }
    if (request?.type !== "send") return false;
    if (TEMPORARY_REFUSALS.has(code)) {
      this.#outgoing.retry(request.ulid);
      this.#held = true;
      this.#after(RETRY_DELAY, () => this.#held = false);
      return true;
    }
    // A refusal of what was stored in the meantime would be no refusal.
    if (this.#outgoing.settle(request.ulid) !== undefined) {
      this.#options.files.settled(request.ulid);
      this.#emit({ event: "error", code, message, id: request.ulid });
    }
    this.#pump();
    return true;
  }

  /** Does what can be done now. */
  #pump(): void {
    this.#wake();
    const link = this.#link;
    if (link === undefined) return;
    while (!this.#held && !this.#catchUp.full && link.allows("send")) {
      const next = this.#outgoing.next();
      if (next === undefined) break;
      link.request({ type: "send", ...next });
    }
    if (this.#catchUp.needsList) this.#list();
    while (link.allows("history")) {
      const page = this.#catchUp.next();
      if (page === undefined) break;
      void this.#fetch(link, page.conversation, page.after);
    }
  }

  #list(): void {
    if (this.#listing || !this.#link?.allows("sync")) return;
    this.#listing = true;
    this.#link.request({ type: "sync" });
  }

  /** Fetches one page. It is read no faster than it is shown. */
  async #fetch(link: SessionConnection, conversation: string, after: number): Promise<void> {
    try {
      const { page: limit } = LIMITS;
      const page = link.messages({ type: "history", conversation, after, limit });
      let next = await page.next();
      for (; !next.done; next = await page.next()) {
        this.#take(this.#catchUp.fetched(next.value));
        await this.#options.events.room();
      }
      this.#failures = 0;
      this.#take(this.#catchUp.fetchEnded(conversation, next.value));
    } catch (failure) {
      const reason = failure instanceof HistoryError ? failure.code : String(failure);
      this.#options.log?.("history_failed", { reason });
      if (reason === "held") {
        this.#catchUp.fetchWithheld(conversation);
        return this.#pump();
      }
      if (GONE.has(reason)) {
        this.#catchUp.fetchFailed(conversation);
        return this.forget(conversation);
      }
      // As long as the session lives the server has said no: ask again, but not at once.
      const wait = this.#link === link ? backoff(this.#failures++, this.#options.random) : 0;
      this.#after(wait, () => this.#catchUp.fetchFailed(conversation));
    }
  }

  #after(ms: number, change: () => void): void {
    const cancel = this.#options.clock.after(ms, () => {
      this.#timers.delete(cancel);
      change();
      this.#pump();
    });
    this.#timers.add(cancel);
  }

  #take(caught: readonly CatchUpOutput[]): void {
    for (const one of caught) {
      switch (one.type) {
        case "message":
          this.#heard(one.message);
          break;
        case "ack": {
          const { ulid: id, conversation } = one.message;
          this.#options.files.settled(id);
          this.#emit({ event: "ack", id, conversation, seq: one.seq, at: isoTime(one.at) });
          break;
        }
        case "cursor": {
          const { conversation, seq } = one;
          this.#options.events.put(undefined, () => this.#marks.shown(conversation, seq));
          break;
        }
      }
    }
    this.#pump();
  }

  #heard(message: Message): void {
    const { conversation, seq, ulid: id, from, content } = message;
    const at = isoTime(message.at);
    const text = textOf(content);
    if (from !== this.#options.self() && parseConversation(conversation)?.type === "dm") {
      this.#newestPrivate = conversation;
    }
    if (text !== undefined) {
      this.#emit({ event: "message", conversation, seq, id, from, text, at });
      return;
    }
    if (content.kind === FILE_KIND && this.#options.files.hear(message)) return;
    const sealed = content.kind === "sealed" ? this.#options.sealed.keep(message) : undefined;
    if (sealed !== undefined) {
      this.#emit({ event: "sealed", number: sealed.number, conversation, seq, id, from, at });
      return;
    }
    const what = `${from} sent something that this version of sotto cannot show`;
    this.#notice("unsupported", `${what} (${content.kind}, ${id}).`);
  }

  #notice(code: string, text: string): void {
    this.#emit({ event: "notice", code, text });
  }

  #emit(event: ChatEvent): void {
    this.#options.events.put(event);
  }

  #until(ready: () => boolean): Promise<void> {
    if (ready()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ ready, resolve }));
  }

  #wake(): void {
    this.#waiting = this.#waiting.filter(({ ready, resolve }) => {
      if (!ready()) return true;
      resolve();
      return false;
    });
  }
}
