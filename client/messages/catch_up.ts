/**
 * Catching up in all conversations: a `Sync` for each, and whose turn it is to fetch. It also
 * recognises one's own messages, so that what was sent is acknowledged once, whether the
 * acknowledgement, a page of history or another session tells of it first. Pure.
 */
import type { ConversationState, Message } from "../../protocol/frame.ts";
import { parseConversation } from "../../protocol/names.ts";
import type { OutgoingMessage, SendQueue } from "./send_queue.ts";
import { ConversationSync } from "./conversation_sync.ts";

/** Pages fetched at once; each takes a stream. */
const MOST_FETCHES = 3;
/** Conversations kept; a server that names more is not followed there. */
const MOST_CONVERSATIONS = 10_000;

/** What came out, in this order. */
export type CatchUpOutput =
  | { readonly type: "message"; readonly message: Message }
  | {
    readonly type: "ack";
    readonly message: OutgoingMessage;
    readonly seq: number;
    readonly at: number;
  }
  /** Everything up to `seq` has come out above. */
  | { readonly type: "cursor"; readonly conversation: string; readonly seq: number };

export interface Stored {
  readonly ulid: string;
  readonly conversation: string;
  readonly seq: number;
  readonly at: number;
}

export class CatchUp {
  readonly #outgoing: SendQueue;
  readonly #conversations = new Map<string, ConversationSync>();
  /** Those of them where something is missing. */
  readonly #behind = new Map<string, ConversationSync>();
  /** Those that the list that is coming has named so far. */
  #named = new Set<string>();
  #fetches = 0;
  /** A list came to its end: conversations that it did not name are younger than it. */
  #listed = false;
  #unknown = false;

  constructor(outgoing: SendQueue) {
    this.#outgoing = outgoing;
  }

  /** Whether something came of a conversation that no list named: ask for one (`sync`). */
  get needsList(): boolean {
    return this.#unknown;
  }

  /** Whether nothing is missing anywhere, as far as is known. */
  get complete(): boolean {
    return this.#listed && this.#behind.size === 0;
  }

  /** Whether sending should wait until gaps are filled. */
  get full(): boolean {
    return this.#behind.values().some((sync) => sync.full);
  }

  /** A list, or a part of one. `more`: not the last part. */
  listed(states: readonly ConversationState[], more: boolean): CatchUpOutput[] {
    const caught: CatchUpOutput[] = [];
    for (const state of states) {
      this.#named.add(state.conversation);
      caught.push(...this.follow(state));
    }
    if (more) return caught;
    // A whole list names every room and group that one is in; a private conversation that it does
    // not name began after it was made.
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

  /** How far one conversation has come, which may be a new one. */
  follow({ conversation, seq, mark }: ConversationState): CatchUpOutput[] {
    const sync = this.#sync(conversation);
    if (sync === undefined) return [];
    sync.listed(seq);
    return this.#shown(conversation, sync, sync.begin(mark));
  }

  /** It is none of this account's any more. */
  forget(conversation: string): void {
    this.#conversations.delete(conversation);
    this.#behind.delete(conversation);
  }

  /** A message came by itself. */
  arrived(message: Message): CatchUpOutput[] {
    return this.#come(message, (sync, shown) => sync.arrived(message.seq, shown));
  }

  /** One's own message was acknowledged. */
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
  next(): { readonly conversation: string; readonly after: number } | undefined {
    if (this.#fetches >= MOST_FETCHES) return undefined;
    for (const [conversation, sync] of this.#behind) {
      const page = sync.next();
      if (page === undefined) continue;
      this.#fetches++;
      return { conversation, after: page.after };
    }
    return undefined;
  }

  /** A message of the page that is being fetched. */
  fetched(message: Message): CatchUpOutput[] {
    if (!this.#conversations.has(message.conversation)) return []; // Forgotten meanwhile.
    return this.#come(message, (sync, shown) => sync.fetched(message.seq, shown));
  }

  /** The page is complete; `more`: another follows it. */
  fetchEnded(conversation: string, more: boolean): CatchUpOutput[] {
    this.#fetches--;
    const sync = this.#conversations.get(conversation);
    return sync === undefined ? [] : this.#shown(conversation, sync, sync.fetchEnded(more));
  }

  /** The page broke off. What came of it stays. */
  fetchFailed(conversation: string): void {
    this.#fetches--;
    this.#conversations.get(conversation)?.fetchFailed();
  }

  /** The server keeps back what follows, until it lists the conversation again. */
  fetchWithheld(conversation: string): void {
    this.#fetches--;
    const sync = this.#conversations.get(conversation);
    sync?.fetchWithheld();
    if (sync?.complete) this.#behind.delete(conversation);
  }

  #come(
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

  /** The conversation's state; made where there is none, for something with number `seq`. */
  #sync(conversation: string, seq?: number): ConversationSync | undefined {
    let sync = this.#conversations.get(conversation);
    if (sync !== undefined) return sync;
    if (this.#conversations.size >= MOST_CONVERSATIONS) return undefined;
    sync = new ConversationSync();
    this.#conversations.set(conversation, sync);
    if (seq === undefined || !this.#listed) return sync;
    // A conversation that has just begun; or one that we have just come into, further on.
    if (seq === 1) sync.begin(0);
    else this.#unknown = true;
    return sync;
  }
}
