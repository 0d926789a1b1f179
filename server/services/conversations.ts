/**
 * Conversations: who may read and write in which, and how far each account has read. It stores no
 * messages (`delivery.ts`) and changes no memberships (`rooms.ts`).
 */
import { encodeFrame } from "../../protocol/codec.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import type { ConversationState } from "../../protocol/frame.ts";
import { parseConversation, peerOf } from "../../protocol/names.ts";
import type { AccountStore } from "../store/accounts.ts";
import type { ConversationStore, MemberState } from "../store/conversations.ts";
import type { RoomStore } from "../store/rooms.ts";
import type { Audience } from "./audience.ts";
import type { Presence } from "./presence.ts";
import type { SignedInSession } from "./signed_in_session.ts";

interface ConversationsOptions {
  readonly store: {
    readonly accounts: Pick<AccountStore, "byName">;
    readonly conversations: Pick<ConversationStore, "mark" | "state" | "states">;
    readonly rooms: Pick<RoomStore, "get">;
  };
  readonly audience: Pick<Audience, "isSubscribed">;
  readonly presence: Pick<Presence, "sessionsOf">;
}

export class Conversations {
  readonly #options: ConversationsOptions;

  constructor(options: ConversationsOptions) {
    this.#options = options;
  }

  /** Why the session may not read or write in the conversation; `undefined` if it may. */
  async accessError(
    session: SignedInSession,
    conversation: string,
  ): Promise<ErrorCode | undefined> {
    const { store, audience } = this.#options;
    if (audience.isSubscribed(session, conversation)) return undefined;
    const type = parseConversation(conversation)?.type;
    if (type === "room" && await store.rooms.get(conversation) !== undefined) return "not_a_member";
    const other = peerOf(conversation, session.account.name);
    // The answer does not tell a group or dm of other users from one that does not exist.
    if (other === undefined) return "unknown_conversation";
    return await store.accounts.byName(other) === undefined ? "unknown_user" : undefined;
  }

  /** How far each of the account's conversations has come. */
  states(account: string): Promise<ConversationState[]> {
    return this.#options.store.conversations.states(account);
  }

  /** How far one of them has come; `undefined` if the account is no member. */
  state(account: string, conversation: string): Promise<MemberState | undefined> {
    return this.#options.store.conversations.state(account, conversation);
  }

  /** The user has seen everything up to `seq`: tells their other sessions. */
  async mark(session: SignedInSession, conversation: string, seq: number): Promise<void> {
    const { store, presence } = this.#options;
    const { name } = session.account;
    if (!await store.conversations.mark(name, conversation, seq)) return;
    const others = presence.sessionsOf(name).filter((other) => other !== session);
    if (others.length === 0) return;
    const frame = encodeFrame({ type: "marked", conversation, seq });
    for (const other of others) other.push(frame);
  }
}
