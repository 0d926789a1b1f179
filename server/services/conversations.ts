/**
 * Conversations: who may read and write in which, who listens to each right now, and how far each
 * has come. It stores no messages (`delivery.ts`).
 *
 * The listeners of a room or group are kept as a list that changes when somebody signs in or out,
 * so that a message is fanned out without asking the store.
 */
import type { ErrorCode } from "../../protocol/errors.ts";
import type { ConversationState } from "../../protocol/frame.ts";
import { parseConversation, peerOf } from "../../protocol/names.ts";
import type { Store } from "../store/store.ts";
import type { Audience, Recipient } from "./delivery.ts";
import type { SignedIn } from "./signed_in.ts";

export interface ConversationsOptions {
  readonly store: Pick<Store, "account" | "conversations" | "mark">;
  /** The sessions of one account. */
  readonly sessionsOf: (account: string) => readonly Recipient[];
}

export class Conversations implements Audience {
  readonly #store: ConversationsOptions["store"];
  readonly #sessionsOf: ConversationsOptions["sessionsOf"];
  /** The listeners of each room and group in which somebody is online. */
  readonly #listeners = new Map<string, SignedIn[]>();
  /** The rooms and groups of each session that listens. */
  readonly #rooms = new Map<SignedIn, readonly string[]>();

  constructor(options: ConversationsOptions) {
    this.#store = options.store;
    this.#sessionsOf = options.sessionsOf;
  }

  /** The session hears from now on what is said in its rooms and groups. */
  async enter(session: SignedIn): Promise<void> {
    const states = await this.#store.conversations(session.account.name);
    const rooms = states.map(({ conversation }) => conversation).filter((id) => !isDm(id));
    this.#rooms.set(session, rooms);
    for (const room of rooms) {
      const listeners = this.#listeners.get(room);
      if (listeners === undefined) this.#listeners.set(room, [session]);
      else listeners.push(session);
    }
  }

  leave(session: SignedIn): void {
    for (const room of this.#rooms.get(session) ?? []) {
      const listeners = this.#listeners.get(room);
      if (listeners === undefined) continue;
      listeners.splice(listeners.indexOf(session), 1);
      if (listeners.length === 0) this.#listeners.delete(room);
    }
    this.#rooms.delete(session);
  }

  audienceOf(conversation: string): readonly Recipient[] {
    const parsed = parseConversation(conversation);
    if (parsed?.type !== "dm") return this.#listeners.get(conversation) ?? [];
    const [one, other] = parsed.users;
    return [...this.#sessionsOf(one), ...this.#sessionsOf(other)];
  }

  /** Why the session may not read or write in the conversation; `undefined` when it may. */
  async objection(session: SignedIn, conversation: string): Promise<ErrorCode | undefined> {
    if (this.#rooms.get(session)?.includes(conversation)) return undefined;
    const peer = peerOf(conversation, session.account.name);
    // A room or group that is not one's own is not told from one that does not exist.
    if (peer === undefined) return "unknown_conversation";
    return await this.#store.account(peer) === undefined ? "unknown_user" : undefined;
  }

  /** How far each of the account's conversations has come. */
  states(account: string): Promise<ConversationState[]> {
    return this.#store.conversations(account);
  }

  /** Everything up to `seq` was shown to the person. */
  mark(account: string, conversation: string, seq: number): Promise<void> {
    return this.#store.mark(account, conversation, seq);
  }
}

function isDm(conversation: string): boolean {
  return parseConversation(conversation)?.type === "dm";
}
