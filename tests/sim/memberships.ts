/**
 * Who was a member of which room or group, from which message to which, and when: noted as the store
 * changes, and put right after a power cut, which takes changes back.
 */
import { dmOf, parseConversation } from "../../protocol/names.ts";
import type { Appended } from "../../server/store/messages.ts";
import type { Store } from "../../server/store/store.ts";
import { StoredIds } from "./stored_ids.ts";

/** From after a message on, up to and including another; `undefined`: still. */
interface Epoch {
  readonly from: number;
  to: number | undefined;
  /** The last message of the places that had the name before. */
  readonly start: number;
  /** When it had begun, when its end began, and when it had ended. */
  began: number;
  ending: number | undefined;
  ended: number | undefined;
}

/** More messages than there are. */
const ALL = 100_000;

export class Memberships {
  readonly #now: () => number;
  readonly #places = new Map<string, Map<string, Epoch[]>>();
  readonly #newest = new Map<string, number>();
  /** The newest message that was there when the server started. */
  readonly #before = new Map<string, number>();
  /** The newest message when the place was made, by its name. */
  readonly #starts = new Map<string, number>();
  /** Messages that are being stored. */
  #storing = new Map<string, number>();
  /** For accounts whose status is `dnd`: the newest messages before it, by conversation. */
  readonly #held = new Map<string, ReadonlyMap<string, number>>();
  /** When the status of an account was last set. */
  readonly #statusSet = new Map<string, number>();
  /** Places that were deleted, perhaps to be made anew. */
  readonly deleted = new Set<string>();
  readonly ids = new StoredIds();

  /** `now`: virtual milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Every place that ever was. */
  get places(): readonly string[] {
    return [...this.#places.keys()];
  }

  /** Whether the message was in a place that was deleted, perhaps to be made anew. */
  isGone(conversation: string, seq: number): boolean {
    return this.deleted.has(conversation) && seq <= (this.#starts.get(conversation) ?? 0);
  }

  /** The newest message that was stored there. */
  newest(conversation: string): number {
    return this.#newest.get(conversation) ?? 0;
  }

  /** Whether the message was there when the server started. */
  wasThere(conversation: string, seq: number): boolean {
    return seq <= (this.#before.get(conversation) ?? 0);
  }

  /** Notes what is being stored, and what has been. */
  async during(
    batch: readonly { readonly conversation: string }[],
    append: () => Promise<readonly (Appended | undefined)[]>,
  ): Promise<readonly (Appended | undefined)[]> {
    const storing = this.#storing;
    const count = (conversation: string, more: number) =>
      storing.set(conversation, (storing.get(conversation) ?? 0) + more);
    for (const { conversation } of batch) count(conversation, 1);
    try {
      const appended = await append();
      for (const one of appended) {
        if (one === undefined) continue;
        const { conversation, seq } = one;
        this.#newest.set(conversation, Math.max(seq, this.newest(conversation)));
      }
      return appended;
    } finally {
      for (const { conversation } of batch) count(conversation, -1);
    }
  }

  /** A room or group was made. `newest`: the last message of those that had its name before. */
  made(conversation: string, newest: number): void {
    this.#starts.set(conversation, newest);
  }

  joined(conversation: string, account: string, from: number): void {
    const epochs = this.#epochs(conversation, account);
    if (epochs.some(({ to }) => to === undefined)) return;
    epochs.push({
      from,
      to: undefined,
      start: this.#starts.get(conversation) ?? 0,
      began: this.#now(),
      ending: undefined,
      ended: undefined,
    });
  }

  /** Memberships are about to end; `undefined`: those of all members. Returns what takes it back. */
  leaving(conversation: string, accounts?: readonly string[]): () => void {
    const members = accounts ?? [...this.#places.get(conversation)?.keys() ?? []];
    const epochs = members.flatMap((account) => this.#epochs(conversation, account))
      .filter(({ to, ending }) => to === undefined && ending === undefined);
    for (const epoch of epochs) epoch.ending = this.#now();
    return () => {
      for (const epoch of epochs) epoch.ending = undefined;
    };
  }

  /** What is being stored may still be told. */
  left(conversation: string, account: string): void {
    const last = this.#last(conversation);
    for (const epoch of this.#epochs(conversation, account)) {
      if (epoch.to !== undefined) continue;
      epoch.to = last;
      epoch.ended = this.#now();
      epoch.ending ??= epoch.ended;
    }
  }

  dropped(conversation: string): void {
    this.deleted.add(conversation);
    this.#starts.set(conversation, this.#last(conversation));
    for (const account of this.#places.get(conversation)?.keys() ?? []) {
      this.left(conversation, account);
    }
  }

  /** The account has set its status. Private messages from then on are held while it is `dnd`. */
  status(account: string, status: string): void {
    this.#statusSet.set(account, this.#now());
    if (status !== "dnd") return void this.#held.delete(account);
    if (this.#held.has(account)) return;
    const conversations = new Set([...this.#newest.keys(), ...this.#storing.keys()]);
    this.#held.set(account, new Map([...conversations].map((one) => [one, this.#last(one)])));
  }

  /** Whether the message is held from the account now. */
  isHeld(account: string, conversation: string, seq: number): boolean {
    const held = this.#held.get(account);
    return held !== undefined && conversation.startsWith("dm:") &&
      seq > (held.get(conversation) ?? 0);
  }

  /** Whether the account may have seen a message, now or before. */
  mayHaveSeen(account: string, conversation: string, seq: number): boolean {
    const parsed = parseConversation(conversation);
    if (parsed?.type === "dm") return parsed.users.includes(account);
    const epochs = this.#places.get(conversation)?.get(account) ?? [];
    return epochs.some(({ to }) => to === undefined || to >= seq);
  }

  /** Whether the account could read a message at some time since then: on request, or in a search. */
  mayHaveRead(account: string, conversation: string, seq: number, since: number): boolean {
    const parsed = parseConversation(conversation);
    if (parsed?.type === "dm") return parsed.users.includes(account);
    const epochs = this.#places.get(conversation)?.get(account) ?? [];
    return epochs.some(({ start, ended }) =>
      seq > start && (ended === undefined || ended >= since)
    );
  }

  /** Whether the account could read a message all the time since then. */
  couldRead(account: string, conversation: string, seq: number, since: number): boolean {
    if (parseConversation(conversation)?.type === "dm") {
      return !this.#held.has(account) && (this.#statusSet.get(account) ?? -1) < since;
    }
    const epochs = this.#places.get(conversation)?.get(account) ?? [];
    return epochs.some(({ from, start, began, ending }) =>
      seq > Math.max(from, start) && began < since && ending === undefined
    );
  }

  /** The accounts that are in a room or group now. */
  membersOf(conversation: string): readonly string[] {
    return [...this.#places.get(conversation)?.keys() ?? []]
      .filter((account) => this.memberSince(account, conversation) !== undefined);
  }

  /** After which message the account is a member now; `undefined`: it is none. */
  memberSince(account: string, conversation: string): number | undefined {
    const epochs = this.#places.get(conversation)?.get(account) ?? [];
    return epochs.find(({ to }) => to === undefined)?.from;
  }

  /** A server has been started: what it has is what counts. */
  async reconcile(
    store: Pick<Store, "accounts" | "conversations" | "messages" | "rooms">,
    accounts: readonly string[],
  ): Promise<void> {
    this.#storing = new Map();
    this.#before.clear();
    for (const conversation of this.places) {
      if (await store.rooms.get(conversation) === undefined) this.dropped(conversation);
    }
    // Nobody may be in a room that has messages.
    await this.#noteNewest(store, this.places);
    for (const account of accounts) {
      const states = await store.conversations.states(account);
      await this.#noteNewest(store, [
        ...states.map(({ conversation }) => conversation),
        // A list does not tell of one in which all messages are held.
        ...accounts.map((other) => dmOf(account, other)),
      ]);
      const { status } = await store.accounts.byName(account) ?? {};
      this.#held.delete(account);
      this.#statusSet.set(account, this.#now());
      if (status === "dnd") {
        this.#held.set(
          account,
          new Map(states.map(({ conversation, seq }) => [conversation, seq])),
        );
      }
      const marks = new Map(states.map(({ conversation, mark }) => [conversation, mark]));
      for (const [conversation, members] of this.#places) {
        if (members.has(account) && !marks.has(conversation)) this.left(conversation, account);
      }
      for (const [conversation, mark] of marks) {
        if (parseConversation(conversation)?.type !== "dm") {
          this.joined(conversation, account, mark);
          this.#stays(conversation, account);
        }
      }
    }
  }

  async #noteNewest({ messages }: Pick<Store, "messages">, conversations: readonly string[]) {
    for (const conversation of conversations) {
      const known = this.#before.get(conversation) ?? 0;
      const further = await messages.history(conversation, known, ALL);
      const newest = further.at(-1)?.seq ?? known;
      this.#before.set(conversation, newest);
      // It may have been stored although its sync failed.
      this.#newest.set(conversation, Math.max(newest, this.newest(conversation)));
    }
  }

  /** Whoever was about to end the membership has died before. */
  #stays(conversation: string, account: string): void {
    const epoch = this.#epochs(conversation, account).find(({ to }) => to === undefined);
    if (epoch?.ending === undefined) return;
    epoch.began = this.#now();
    epoch.ending = undefined;
  }

  /** The newest message, those that are being stored included. */
  #last(conversation: string): number {
    return this.newest(conversation) + (this.#storing.get(conversation) ?? 0);
  }

  #epochs(conversation: string, account: string): Epoch[] {
    let place = this.#places.get(conversation);
    if (place === undefined) this.#places.set(conversation, place = new Map());
    let epochs = place.get(account);
    if (epochs === undefined) place.set(account, epochs = []);
    return epochs;
  }
}
