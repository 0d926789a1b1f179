/**
 * Catching up in one conversation: which messages are shown, when, and what has to be asked for.
 * Pure: it neither asks nor waits. `catch_up.ts` has one of these for each conversation.
 *
 * The contract:
 * 1. Messages come out in the order of their `seq`, each at most once, whatever order, repetition
 *    and loss they come in with.
 * 2. While `next()` is asked and its answers are given, each comes out at least once.
 * 3. A page of history is the authority on what lies in it: what it skips is gone from the server,
 *    and is not waited for.
 */
import type { Message } from "../../protocol/frame.ts";

/** Messages that wait for others before them; past it they are forgotten, and fetched later. */
const MOST_HELD = 1024;
/** Acknowledgements that wait likewise; past it nothing further is sent (`full`). */
const MOST_OWN_HELD = 4096;

/** The rest of what is known of a `seq`: nothing is shown for it, since it is one's own. */
const OWN = "own";

export class ConversationSync {
  /** Everything up to here was shown, or is one's own; `undefined`: not known yet where to begin. */
  #cursor: number | undefined;
  /** The greatest `seq` that is known to exist. */
  #newest = 0;
  readonly #held = new Map<number, Message | typeof OWN>();
  #ownHeld = 0;
  /** While a page is being fetched: where it begins, and the newest `seq` when it was asked for. */
  #fetching:
    | { readonly after: number; readonly upTo: number; progress: boolean; listed: boolean }
    | undefined;
  /** The server keeps back what follows (`dnd`): not asked for until it says that this is over. */
  #withheld = false;

  /** Everything up to here was shown; 0 before it is known where to begin. */
  get cursor(): number {
    return this.#cursor ?? 0;
  }

  /** Whether it is known where to begin. */
  get begun(): boolean {
    return this.#cursor !== undefined;
  }

  /** Whether nothing is missing that can be had, as far as is known. */
  get complete(): boolean {
    return this.#cursor !== undefined && (this.#withheld || this.#cursor >= this.#newest);
  }

  /** Whether so many acknowledgements wait for a gap to be filled that sending should wait too. */
  get full(): boolean {
    return this.#ownHeld >= MOST_OWN_HELD;
  }

  /** Where to begin. Later calls change nothing: what was shown here counts for more. */
  begin(mark: number): Message[] {
    if (this.#cursor !== undefined) return [];
    this.#cursor = mark;
    for (const seq of this.#held.keys()) if (seq <= mark) this.#release(seq);
    return this.#drain();
  }

  /** The server lists the conversation: messages up to `seq` exist, and can be had. */
  listed(seq: number): void {
    this.#withheld = false;
    if (this.#fetching) this.#fetching.listed = true;
    this.#known(seq);
  }

  /** A message came by itself; without one: one's own was acknowledged. */
  arrived(seq: number, message?: Message): Message[] {
    this.#known(seq);
    if (this.#cursor !== undefined && seq <= this.#cursor) return [];
    this.#hold(seq, message);
    return this.#drain();
  }

  /** What to fetch now: the page after `after`. Answer with `fetched`, `fetchEnded`. */
  next(): { readonly after: number } | undefined {
    if (this.#cursor === undefined || this.complete || this.#fetching) return undefined;
    this.#fetching = { after: this.#cursor, upTo: this.#newest, progress: false, listed: false };
    return { after: this.#cursor };
  }

  /** A message of the page; without one: the message is one's own. */
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
    // A page that brought nothing and promises more would be asked for for ever.
    if (fetching === undefined || (more && fetching.progress)) return [];
    const shown = this.#skipTo(fetching.upTo);
    shown.push(...this.#drain());
    return shown;
  }

  /** The page broke off. What came of it stays. */
  fetchFailed(): void {
    this.#fetching = undefined;
  }

  /** The page ended where the server keeps back what follows. What came of it stays. */
  fetchWithheld(): void {
    // The list may have come meanwhile, on the other stream: it counts for more.
    this.#withheld = this.#fetching?.listed !== true;
    this.#fetching = undefined;
  }

  #known(seq: number): void {
    this.#newest = Math.max(this.#newest, seq);
  }

  #hold(seq: number, message: Message | undefined): void {
    if (message === undefined) {
      // Sending goes on while something is withheld: past the bound own ones are shown later.
      if (!this.#withheld || !this.full) this.#set(seq, OWN);
      return;
    }
    if (this.#held.has(seq)) return;
    // The next in order always has room: it does not stay.
    const inOrder = this.#cursor !== undefined && seq === this.#cursor + 1;
    if (!inOrder && this.#held.size - this.#ownHeld >= MOST_HELD) return;
    this.#set(seq, message);
  }

  #set(seq: number, entry: Message | typeof OWN): void {
    if (this.#held.get(seq) === OWN) return;
    if (entry === OWN) this.#ownHeld++;
    this.#held.set(seq, entry);
  }

  #release(seq: number): Message | undefined {
    const entry = this.#held.get(seq);
    this.#held.delete(seq);
    if (entry === OWN) this.#ownHeld--;
    return entry === OWN ? undefined : entry;
  }

  /** Moves the cursor over what follows it without a gap. */
  #drain(): Message[] {
    const shown: Message[] = [];
    if (this.#cursor === undefined) return shown;
    while (this.#held.has(this.#cursor + 1)) {
      const message = this.#release(++this.#cursor);
      if (message !== undefined) shown.push(message);
    }
    return shown;
  }

  /** Moves the cursor to `seq`, over gaps, showing what is held on the way. */
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
