/**
 * Catching up in all conversations: a `ConversationSync` for each, and which one fetches next. It
 * also recognises the account's own messages: each is acknowledged once, whether an `ack`, a page
 * of history or another session brings it first. Pure.
 */
import { assert } from "../../protocol/assert.ts";
import type { ConversationState, Message } from "../../protocol/frame.ts";
import { parseConversation } from "../../protocol/names.ts";
import type { OutgoingMessage, SendQueue } from "./send_queue.ts";
import { ConversationSync, HeldCount } from "./conversation_sync.ts";
import { MAX_CONVERSATIONS } from "./rooms.ts";

/** Pages to fetch at once. Each takes a stream. */
const MAX_FETCHES = 3;

/** What to do, in this order. */
export type CatchUpOutput =
  | { readonly type: "message"; readonly message: Message }
  | {
    readonly type: "ack";
    readonly message: OutgoingMessage;
    readonly seq: number;
    readonly at: number;
  }
  /** Everything up to `seq` was among the outputs. */
  | { readonly type: "cursor"; readonly conversation: string; readonly seq: number };

/** A page of history to fetch. Its identity counts: leaving a conversation makes its page void. */
export interface Page {
  readonly conversation: string;
  /** The page begins with the message after this `seq`. */
  readonly after: number;
}

interface Stored {
  readonly ulid: string;
  readonly conversation: string;
  readonly seq: number;
  readonly at: number;
}

export class CatchUp {
  readonly #outgoing: SendQueue;
  readonly #conversations = new Map<string, ConversationSync>();
  readonly #held = new HeldCount();
  /** The conversations where something is missing. */
  readonly #behind = new Map<string, ConversationSync>();
  /** The conversations in the parts of a list so far. */
  #named = new Set<string>();
  /** The page of each conversation that is being fetched. */
  readonly #pages = new Map<string, Page>();
  /** Pages that were given out and have not ended, void ones included. */
  #fetches = 0;
  /** A whole list came. A conversation that is not in it is younger. */
  #listed = false;
  #unknown = false;

  constructor(outgoing: SendQueue) {
    this.#outgoing = outgoing;
  }

  /** Whether a message came of a conversation that no list named: ask for a list (`sync`). */
  get needsList(): boolean {
    return this.#unknown;
  }

  /** Whether nothing is missing in any conversation, as far as is known. */
  get complete(): boolean {
    return this.#listed && this.#behind.size === 0;
  }

  /** Whether sending should wait until gaps are filled. */
  get full(): boolean {
    // They share one bound, so one of them knows.
    const [behind] = this.#behind.values();
    return behind?.full === true;
  }

  /** The server sends a list anew: the parts of an unfinished one are void. */
  restart(): void {
    this.#named = new Set();
  }

  /** A list, or a part of one. `more`: not the last part. */
  listed(states: readonly ConversationState[], more: boolean): CatchUpOutput[] {
    const caught: CatchUpOutput[] = [];
    for (const state of states) {
      this.#named.add(state.conversation);
      caught.push(...this.follow(state));
    }
    if (more) return caught;
    // A whole list names every room and group of the account. A private conversation that is not
    // in it began later.
    for (const [conversation, sync] of this.#conversations) {
      if (this.#named.has(conversation)) continue;
      if (parseConversation(conversation)?.type !== "dm") this.forget(conversation);
      else if (!sync.begun) caught.push(...this.#shown(conversation, sync, sync.begin(0)));
    }
    this.#named = new Set();
    this.#listed = true;
    this.#unknown = false;
    return caught;
  }

  /** The state of one conversation, which may be new. */
  follow({ conversation, seq, mark }: ConversationState): CatchUpOutput[] {
    const sync = this.#sync(conversation);
    if (sync === undefined) return [];
    sync.listed(seq);
    return this.#shown(conversation, sync, sync.begin(mark));
  }

  /** The account is not in the conversation any more. */
  forget(conversation: string): void {
    this.#conversations.get(conversation)?.clear();
    this.#conversations.delete(conversation);
    this.#behind.delete(conversation);
    this.#pages.delete(conversation);
  }

  /** A live message. */
  arrived(message: Message): CatchUpOutput[] {
    return this.#handle(message, (sync, shown) => sync.arrived(message.seq, shown));
  }

  /** The account's own message was acknowledged. */
  acknowledged({ ulid, conversation, seq, at }: Stored): CatchUpOutput[] {
    const caught: CatchUpOutput[] = [];
    const message = this.#outgoing.settle(ulid);
    if (message !== undefined) caught.push({ type: "ack", message, seq, at });
    const sync = this.#sync(conversation, seq);
    if (sync !== undefined) caught.push(...this.#shown(conversation, sync, sync.arrived(seq)));
    return caught;
  }

  /**
   * The next page to fetch. Answer with `fetched` for each message, then with `fetchEnded`,
   * `fetchFailed` or `fetchWithheld`.
   */
  next(): Page | undefined {
    assert(this.#fetches >= this.#pages.size, "every fetch ends once");
    if (this.#fetches >= MAX_FETCHES) return undefined;
    for (const [conversation, sync] of this.#behind) {
      const next = sync.next();
      if (next === undefined) continue;
      const page = { conversation, after: next.after };
      this.#fetches++;
      this.#pages.set(conversation, page);
      return page;
    }
    return undefined;
  }

  /** A message of a page. */
  fetched(page: Page, message: Message): CatchUpOutput[] {
    if (this.isVoid(page) || message.conversation !== page.conversation) return [];
    return this.#handle(message, (sync, shown) => sync.fetched(message.seq, shown));
  }

  /** The page is complete; `more`: another follows it. */
  fetchEnded(page: Page, more: boolean): CatchUpOutput[] {
    const sync = this.#end(page);
    return sync === undefined ? [] : this.#shown(page.conversation, sync, sync.fetchEnded(more));
  }

  /** The page broke off. Its messages stay. */
  fetchFailed(page: Page): void {
    this.#end(page)?.fetchFailed();
  }

  /** The server withholds the rest, until it lists the conversation again. */
  fetchWithheld(page: Page): void {
    const sync = this.#end(page);
    sync?.fetchWithheld();
    if (sync?.complete) this.#behind.delete(page.conversation);
  }

  /** Whether the account has left the conversation since the page was given out. */
  isVoid(page: Page): boolean {
    return this.#pages.get(page.conversation) !== page;
  }

  /** The conversation of a page that ends; `undefined`: the page is void. */
  #end(page: Page): ConversationSync | undefined {
    this.#fetches--;
    if (this.isVoid(page)) return undefined;
    this.#pages.delete(page.conversation);
    return this.#conversations.get(page.conversation);
  }

  #handle(
    message: Message,
    take: (sync: ConversationSync, shown: Message | undefined) => Message[],
  ): CatchUpOutput[] {
    const caught: CatchUpOutput[] = [];
    const { conversation, seq, ulid, at } = message;
    const own = this.#outgoing.settle(ulid);
    if (own !== undefined) caught.push({ type: "ack", message: own, seq, at });
    const sync = this.#sync(conversation, seq);
    if (sync === undefined) return caught;
    const shown = take(sync, own === undefined ? message : undefined);
    caught.push(...this.#shown(conversation, sync, shown));
    return caught;
  }

  #shown(
    conversation: string,
    sync: ConversationSync,
    messages: readonly Message[],
  ): CatchUpOutput[] {
    if (sync.complete) this.#behind.delete(conversation);
    else this.#behind.set(conversation, sync);
    const caught: CatchUpOutput[] = messages.map((message) => ({ type: "message", message }));
    if (sync.begun) caught.push({ type: "cursor", conversation, seq: sync.cursor });
    return caught;
  }

  /** The conversation's state. Makes one for a new conversation in which `seq` came. */
  #sync(conversation: string, seq?: number): ConversationSync | undefined {
    let sync = this.#conversations.get(conversation);
    if (sync !== undefined) return sync;
    if (this.#conversations.size >= MAX_CONVERSATIONS) return undefined;
    sync = new ConversationSync(this.#held);
    this.#conversations.set(conversation, sync);
    if (seq === undefined || !this.#listed) return sync;
    // It has just begun; or the account has just joined it, further on.
    if (seq === 1) sync.begin(0);
    else this.#unknown = true;
    return sync;
  }
}
