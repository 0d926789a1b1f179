/**
 * Who receives what is sent in a conversation: the sessions of its members that are online. For each
 * room and group it keeps the list of its subscribers, which changes when a session or a member comes
 * or goes, so that a message is fanned out without a query to the store.
 */
import { assert } from "../../protocol/assert.ts";
import type { Status } from "../../protocol/frame.ts";
import { parseConversation } from "../../protocol/names.ts";
import type { ConversationStore } from "../store/conversations.ts";
import type { SignedInSession } from "./signed_in_session.ts";

interface AudienceOptions {
  readonly conversations: Pick<ConversationStore, "of">;
  readonly presence: {
    /** The sessions of one account. */
    sessionsOf(account: string): readonly SignedInSession[];
    statusOf(account: string): Status;
  };
}

export class Audience {
  readonly #options: AudienceOptions;
  /** The subscribers of each room and group with a member online. */
  readonly #subscribers = new Map<string, SignedInSession[]>();
  /** The rooms and groups of each session. */
  readonly #rooms = new Map<SignedInSession, Set<string>>();
  /** How often a member was removed from a room or group. */
  #removals = 0;

  constructor(options: AudienceOptions) {
    this.#options = options;
  }

  /** From now on the session receives what is sent in its rooms and groups. */
  async addSession(session: SignedInSession): Promise<void> {
    assert(!this.#rooms.has(session), "a session is added once");
    this.#rooms.set(session, new Set());
    while (true) {
      const removals = this.#removals;
      const conversations = await this.#options.conversations.of(session.account.name);
      // The account may have been removed from one of them since they were read.
      if (removals !== this.#removals) continue;
      for (const conversation of conversations) {
        if (parseConversation(conversation)?.type !== "dm") this.#subscribe(session, conversation);
      }
      return;
    }
  }

  removeSession(session: SignedInSession): void {
    for (const room of this.#rooms.get(session) ?? []) this.#unsubscribe(session, room);
    this.#rooms.delete(session);
  }

  /** The account has joined a room or group: its sessions receive what is sent there. */
  addMember(account: string, room: string): void {
    for (const session of this.#options.presence.sessionsOf(account)) {
      this.#subscribe(session, room);
    }
  }

  /** The account is no longer a member of a room or group. */
  removeMember(account: string, room: string): void {
    this.#removals++;
    for (const session of this.#options.presence.sessionsOf(account)) {
      if (this.#rooms.get(session)?.delete(room)) this.#unsubscribe(session, room);
    }
  }

  /** Whether the session receives what is sent in a room or group. */
  isSubscribed(session: SignedInSession, room: string): boolean {
    return this.#rooms.get(session)?.has(room) ?? false;
  }

  /** A user with the status `dnd` receives no private messages. */
  of(conversation: string): readonly SignedInSession[] {
    const { presence } = this.#options;
    const parsed = parseConversation(conversation);
    if (parsed?.type !== "dm") return this.#subscribers.get(conversation) ?? [];
    return parsed.users.flatMap((user) =>
      presence.statusOf(user) === "dnd" ? [] : presence.sessionsOf(user)
    );
  }

  #subscribe(session: SignedInSession, room: string): void {
    const rooms = this.#rooms.get(session);
    if (rooms === undefined || rooms.has(room)) return;
    rooms.add(room);
    const subscribers = this.#subscribers.get(room);
    if (subscribers === undefined) this.#subscribers.set(room, [session]);
    else subscribers.push(session);
  }

  #unsubscribe(session: SignedInSession, room: string): void {
    const subscribers = this.#subscribers.get(room) ?? [];
    const index = subscribers.indexOf(session);
    assert(index >= 0, "a session with the room is among the room's subscribers");
    subscribers.splice(index, 1);
    if (subscribers.length === 0) this.#subscribers.delete(room);
  }
}
