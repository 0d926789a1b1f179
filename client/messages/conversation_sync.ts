/**
 * Catching up in one conversation: which messages to show, when, and which page to fetch. Pure: it
 * neither asks nor waits. `CatchUp` has one for each conversation.
 *
 * The contract:
 * 1. Messages come out in the order of their `seq`, each at most once, in whatever order they
 *    arrive, and however often.
 * 2. As long as the caller fetches what `next()` asks for, each comes out at least once.
 * 3. A page of history decides what exists between its first and last message: a `seq` that it
 *    skips is gone from the server, and is not waited for.
 */
import { assert } from "../../protocol/assert.ts";
import type { Message } from "../../protocol/frame.ts";

/**
 * Messages that wait for earlier ones, in all conversations that count together. Further ones are
 * dropped, and fetched later.
 */
const MAX_HELD = 1024;
/** Acknowledgements that wait for earlier messages, likewise. Then sending stops (`full`). */
const MAX_OWN_HELD = 4096;
/** Acknowledgements beyond it, of messages that were in flight then. */
const MAX_LATE = 256;

/** In the place of the account's own message: nothing is shown for it. */
const OWN = "own";

/** What the conversations of one account hold together. */
export class HeldCount {
  messages = 0;
  own = 0;
}

export class ConversationSync {
  /** Everything up to here was shown or is the account's own; `undefined`: the start is unknown. */
  #cursor: number | undefined;
  /** The greatest `seq` that is known to exist. */
  #newest = 0;
  readonly #held = new Map<number, Message | typeof OWN>();
  readonly #count: HeldCount;
  /** The page that is being fetched: where it begins, and the newest `seq` at that time. */
  #fetching:
    | { readonly after: number; readonly upTo: number; progress: boolean; listed: boolean }
    | undefined;
  /** The server withholds what follows (`dnd`). It lists the conversation when that is over. */
  #withheld = false;

  /** Conversations with the same count share its bounds. */
  constructor(count = new HeldCount()) {
    this.#count = count;
  }

  /** Everything up to here was shown; 0 while the start is unknown. */
  get cursor(): number {
    return this.#cursor ?? 0;
  }

  /** Whether the start is known. */
  get begun(): boolean {
    return this.#cursor !== undefined;
  }

  /** Whether nothing that can be fetched is missing, as far as is known. */
  get complete(): boolean {
    return this.#cursor !== undefined && (this.#withheld || this.#cursor >= this.#newest);
  }

  /** Whether sending should wait until a gap is filled. */
  get full(): boolean {
    return this.#count.own >= MAX_OWN_HELD;
  }

  /** Holds nothing more: the conversation is forgotten. */
  clear(): void {
    for (const seq of this.#held.keys()) this.#release(seq);
  }

  /** Sets the start. Later calls change nothing: what was shown since counts. */
  begin(mark: number): Message[] {
    if (this.#cursor !== undefined) return [];
    this.#cursor = mark;
    for (const seq of this.#held.keys()) if (seq <= mark) this.#release(seq);
    return this.#drain();
  }

  /** The server lists the conversation: messages up to `seq` can be fetched. */
  listed(seq: number): void {
    this.#withheld = false;
    if (this.#fetching) this.#fetching.listed = true;
    this.#known(seq);
  }

  /** A live message. Without one: the account's own message was acknowledged. */
  arrived(seq: number, message?: Message): Message[] {
    this.#known(seq);
    if (this.#cursor !== undefined && seq <= this.#cursor) return [];
    this.#hold(seq, message);
    return this.#drain();
  }

  /** The page to fetch now. Answer with `fetched` and `fetchEnded`. */
  next(): { readonly after: number } | undefined {
    if (this.#cursor === undefined || this.complete || this.#fetching) return undefined;
    this.#fetching = { after: this.#cursor, upTo: this.#newest, progress: false, listed: false };
    return { after: this.#cursor };
  }

  /** A message of the page. Without one: it is the account's own. */
  fetched(seq: number, message?: Message): Message[] {
    this.#known(seq);
    if (this.#fetching && seq > this.#fetching.after) this.#fetching.progress = true;
    if (this.#cursor === undefined || seq <= this.#cursor) return [];
    const shown = this.#skipTo(seq - 1);
    if (!this.#held.has(seq)) this.#set(seq, message ?? OWN);
    shown.push(...this.#drain());
    return shown;
  }

  /** The page is complete; `more`: another follows it. */
  fetchEnded(more: boolean): Message[] {
    const fetching = this.#fetching;
    this.#fetching = undefined;
    // A page that brings nothing and promises more would be fetched for ever.
    if (fetching === undefined || (more && fetching.progress)) return [];
    const shown = this.#skipTo(fetching.upTo);
    shown.push(...this.#drain());
    return shown;
  }

  /** The page broke off. Its messages stay. */
  fetchFailed(): void {
    this.#fetching = undefined;
  }

  /** The page ended where the server withholds the rest. Its messages stay. */
  fetchWithheld(): void {
    // A list that came meanwhile on the other stream is newer.
    this.#withheld = this.#fetching?.listed !== true;
    this.#fetching = undefined;
  }

  #known(seq: number): void {
    this.#newest = Math.max(this.#newest, seq);
  }

  #hold(seq: number, message: Message | undefined): void {
    // The next in order is never dropped: it leaves at once.
    const inOrder = this.#cursor !== undefined && seq === this.#cursor + 1;
    if (message === undefined) {
      // Sending goes on while messages are withheld. Beyond the bound, history gives the rest.
      const most = this.#withheld ? MAX_OWN_HELD : MAX_OWN_HELD + MAX_LATE;
      if (inOrder || this.#count.own < most) this.#set(seq, OWN);
      return;
    }
    if (this.#held.has(seq)) return;
    if (!inOrder && this.#count.messages >= MAX_HELD) return;
    this.#set(seq, message);
  }

  #set(seq: number, entry: Message | typeof OWN): void {
    const held = this.#held.get(seq);
    if (held === OWN) return;
    if (held !== undefined) this.#count.messages--;
    if (entry === OWN) this.#count.own++;
    else this.#count.messages++;
    this.#held.set(seq, entry);
  }

  #release(seq: number): Message | undefined {
    const entry = this.#held.get(seq);
    if (entry === undefined) return undefined;
    this.#held.delete(seq);
    if (entry !== OWN) {
      this.#count.messages--;
      return entry;
    }
    this.#count.own--;
    return undefined;
  }

  /** Moves the cursor to the next gap. */
  #drain(): Message[] {
    const shown: Message[] = [];
    if (this.#cursor === undefined) return shown;
    while (this.#held.has(this.#cursor + 1)) {
      const message = this.#release(++this.#cursor);
      if (message !== undefined) shown.push(message);
    }
    const { messages, own } = this.#count;
    assert(messages >= 0 && own >= 0, "what is held is counted");
    assert(messages + own >= this.#held.size, "what is held is counted");
    return shown;
  }

  /** Moves the cursor to `seq`, over gaps, and shows what is held on the way. */
  #skipTo(seq: number): Message[] {
    const shown: Message[] = [];
    if (this.#cursor === undefined || seq <= this.#cursor) return shown;
    const passed = [...this.#held.keys()].filter((held) => held <= seq).sort((a, b) => a - b);
    for (const held of passed) {
      const message = this.#release(held);
      if (message !== undefined) shown.push(message);
    }
    this.#cursor = seq;
    return shown;
  }
}
