/**
 * Conversations: who may read and write in which, who listens to each right now, and how far each
 * has come. It stores no messages (`delivery.ts`) and changes no memberships (`rooms.ts`).
 *
 * The subscribers of a room or group are kept as a list that changes when somebody comes or goes, so
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
import type { SignedInSession } from "./signed_in_session.ts";

export interface ConversationsOptions {
  readonly store: {
    readonly accounts: Pick<AccountStore, "byName">;
    readonly conversations: Pick<ConversationStore, "mark" | "state" | "states">;
    readonly rooms: Pick<RoomStore, "get">;
  };
  readonly presence: {
    /** The sessions of one account. */
    sessionsOf(account: string): readonly SignedInSession[];
    statusOf(account: string): Status;
  };
}

export class Conversations implements Audience {
  readonly #store: ConversationsOptions["store"];
  readonly #presence: ConversationsOptions["presence"];
  /** The subscribers of each room and group in which somebody is online. */
  readonly #subscribers = new Map<string, SignedInSession[]>();
  /** The rooms and groups of each session that listens. */
  readonly #roomsOf = new Map<SignedInSession, Set<string>>();
  /** How often somebody was dismissed. */
  #removals = 0;

  constructor(options: ConversationsOptions) {
    this.#store = options.store;
    this.#presence = options.presence;
  }

  /** The session hears from now on what is said in its rooms and groups. */
  async addSession(session: SignedInSession): Promise<void> {
    const rooms = new Set<string>();
    this.#roomsOf.set(session, rooms);
    while (true) {
      const dismissals = this.#removals;
      const states = await this.#store.conversations.states(session.account.name);
      // Somebody may have been dismissed since these were read.
      if (dismissals !== this.#removals) continue;
      for (const { conversation } of states) {
        if (!isDm(conversation)) this.#subscribe(session, conversation);
      }
      return;
    }
  }

  removeSession(session: SignedInSession): void {
    for (const room of this.#roomsOf.get(session) ?? []) this.#unsubscribe(session, room);
    this.#roomsOf.delete(session);
  }

  /** The account's sessions hear from now on what is said in a room or group, as its members. */
  addMember(account: string, room: string): void {
    for (const session of this.#presence.sessionsOf(account)) this.#subscribe(session, room);
  }

  /** The account is no member of a room or group any more. */
  removeMember(account: string, room: string): void {
    this.#removals++;
    for (const session of this.#presence.sessionsOf(account)) {
      if (this.#roomsOf.get(session)?.delete(room)) this.#unsubscribe(session, room);
    }
  }

  audienceOf(conversation: string): readonly Recipient[] {
    const parsed = parseConversation(conversation);
    if (parsed?.type !== "dm") return this.#subscribers.get(conversation) ?? [];
    return parsed.users.flatMap((user) =>
      this.#presence.statusOf(user) === "dnd" ? [] : this.#presence.sessionsOf(user)
    );
  }

  /** Why the session may not read or write in the conversation; `undefined` when it may. */
  async accessError(
    session: SignedInSession,
    conversation: string,
  ): Promise<ErrorCode | undefined> {
    if (this.#roomsOf.get(session)?.has(conversation)) return undefined;
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
  async mark(session: SignedInSession, conversation: string, seq: number): Promise<void> {
    const { name } = session.account;
    if (!await this.#store.conversations.mark(name, conversation, seq)) return;
    const others = this.#presence.sessionsOf(name).filter((other) => other !== session);
    if (others.length === 0) return;
    const frame = encodeFrame({ type: "marked", conversation, seq });
    for (const other of others) other.push(frame);
  }

  #subscribe(session: SignedInSession, room: string): void {
    const rooms = this.#roomsOf.get(session);
    if (rooms === undefined || rooms.has(room)) return;
    rooms.add(room);
    const subscribers = this.#subscribers.get(room);
    if (subscribers === undefined) this.#subscribers.set(room, [session]);
    else subscribers.push(session);
  }

  #unsubscribe(session: SignedInSession, room: string): void {
    const subscribers = this.#subscribers.get(room);
    if (subscribers === undefined) return;
    subscribers.splice(subscribers.indexOf(session), 1);
    if (subscribers.length === 0) this.#subscribers.delete(room);
  }
}

function isDm(conversation: string): boolean {
  return parseConversation(conversation)?.type === "dm";
}
