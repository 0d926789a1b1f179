/**
 * Conversations: who may read and write in which, who listens to each right now, and how far each
 * has come. It stores no messages (`delivery.ts`) and changes no memberships (`places.ts`).
 *
 * The listeners of a room or group are kept as a list that changes when somebody comes or goes, so
 * that a message is fanned out without asking the store.
 */
import { encodeFrame } from "../../protocol/codec.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import type { ConversationState, Status } from "../../protocol/frame.ts";
import { parseConversation, peerOf } from "../../protocol/names.ts";
import type { AccountStore } from "../store/accounts.ts";
import type { ConversationStore, MemberState } from "../store/conversations.ts";
import type { RoomStore } from "../store/rooms.ts";
import type { Audience, Recipient } from "./delivery.ts";
import type { SignedIn } from "./signed_in.ts";

export interface ConversationsOptions {
  readonly store: {
    readonly accounts: Pick<AccountStore, "byName">;
    readonly conversations: Pick<ConversationStore, "mark" | "state" | "states">;
    readonly rooms: Pick<RoomStore, "get">;
  };
  readonly presence: {
    /** The sessions of one account. */
    sessionsOf(account: string): readonly SignedIn[];
    statusOf(account: string): Status;
  };
}

export class Conversations implements Audience {
  readonly #store: ConversationsOptions["store"];
  readonly #presence: ConversationsOptions["presence"];
  /** The listeners of each room and group in which somebody is online. */
  readonly #listeners = new Map<string, SignedIn[]>();
  /** The rooms and groups of each session that listens. */
  readonly #places = new Map<SignedIn, Set<string>>();
  /** How often somebody was dismissed. */
  #dismissals = 0;

  constructor(options: ConversationsOptions) {
    this.#store = options.store;
    this.#presence = options.presence;
  }

  /** The session hears from now on what is said in its rooms and groups. */
  async enter(session: SignedIn): Promise<void> {
    const places = new Set<string>();
    this.#places.set(session, places);
    while (true) {
      const dismissals = this.#dismissals;
      const states = await this.#store.conversations.states(session.account.name);
      // Somebody may have been dismissed since these were read.
      if (dismissals !== this.#dismissals) continue;
      for (const { conversation } of states) {
        if (!isDm(conversation)) this.#listen(session, conversation);
      }
      return;
    }
  }

  leave(session: SignedIn): void {
    for (const place of this.#places.get(session) ?? []) this.#forget(session, place);
    this.#places.delete(session);
  }

  /** The account's sessions hear from now on what is said in a room or group, as its members. */
  admit(account: string, place: string): void {
    for (const session of this.#presence.sessionsOf(account)) this.#listen(session, place);
  }

  /** The account is no member of a room or group any more. */
  dismiss(account: string, place: string): void {
    this.#dismissals++;
    for (const session of this.#presence.sessionsOf(account)) {
      if (this.#places.get(session)?.delete(place)) this.#forget(session, place);
    }
  }

  audienceOf(conversation: string): readonly Recipient[] {
    const parsed = parseConversation(conversation);
    if (parsed?.type !== "dm") return this.#listeners.get(conversation) ?? [];
    return parsed.users.flatMap((user) =>
      this.#presence.statusOf(user) === "dnd" ? [] : this.#presence.sessionsOf(user)
    );
  }

  /** Why the session may not read or write in the conversation; `undefined` when it may. */
  async objection(session: SignedIn, conversation: string): Promise<ErrorCode | undefined> {
    if (this.#places.get(session)?.has(conversation)) return undefined;
    const type = parseConversation(conversation)?.type;
    if (type === "room" && await this.#store.rooms.get(conversation) !== undefined) {
      return "not_a_member";
    }
    const peer = peerOf(conversation, session.account.name);
    // A group or a dm that is not one's own is not told from one that does not exist.
    if (peer === undefined) return "unknown_conversation";
    return await this.#store.accounts.byName(peer) === undefined ? "unknown_user" : undefined;
  }

  /** How far each of the account's conversations has come. */
  states(account: string): Promise<ConversationState[]> {
    return this.#store.conversations.states(account);
  }

  /** How far one of them has; `undefined` where the account is no member. */
  state(account: string, conversation: string): Promise<MemberState | undefined> {
    return this.#store.conversations.state(account, conversation);
  }

  /** Everything up to `seq` was shown to the person: tells their other sessions. */
  async mark(session: SignedIn, conversation: string, seq: number): Promise<void> {
    const { name } = session.account;
    if (!await this.#store.conversations.mark(name, conversation, seq)) return;
    const others = this.#presence.sessionsOf(name).filter((other) => other !== session);
    if (others.length === 0) return;
    const frame = encodeFrame({ type: "marked", conversation, seq });
    for (const other of others) other.push(frame);
  }

  #listen(session: SignedIn, place: string): void {
    const places = this.#places.get(session);
    if (places === undefined || places.has(place)) return;
    places.add(place);
    const listeners = this.#listeners.get(place);
    if (listeners === undefined) this.#listeners.set(place, [session]);
    else listeners.push(session);
  }

  #forget(session: SignedIn, place: string): void {
    const listeners = this.#listeners.get(place);
    if (listeners === undefined) return;
    listeners.splice(listeners.indexOf(session), 1);
    if (listeners.length === 0) this.#listeners.delete(place);
  }
}

function isDm(conversation: string): boolean {
  return parseConversation(conversation)?.type === "dm";
}
