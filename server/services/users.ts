/**
 * People: who somebody is, online or not, and the status that they set. Who is online is kept by
 * `presence.ts`; accounts are made and signed in to in `accounts.ts`.
 */
import { encodeFrame } from "../../protocol/codec.ts";
import type { OwnStatus, ServerFrames, User } from "../../protocol/frame.ts";
import { parseConversation } from "../../protocol/names.ts";
import type { AccountStore } from "../store/accounts.ts";
import type { ConversationStore } from "../store/conversations.ts";
import type { Presence } from "./presence.ts";
import type { SignedInSession } from "./signed_in_session.ts";

export interface UsersOptions {
  readonly store: {
    readonly accounts: Pick<AccountStore, "byName" | "byNumber" | "setStatus">;
    readonly conversations: Pick<ConversationStore, "states">;
  };
  readonly presence: Presence;
}

export class Users {
  readonly #store: UsersOptions["store"];
  readonly #presence: Presence;

  constructor({ store, presence }: UsersOptions) {
    this.#store = store;
    this.#presence = presence;
  }

  /** Who is meant by names and numbers, each person once, and which of them are nobody's. */
  async resolve(
    wanted: readonly (string | number)[],
  ): Promise<Pick<ServerFrames["resolved"], "users" | "unknown">> {
    const users = new Map<number, User>();
    const unknown: (string | number)[] = [];
    for (const one of wanted) {
      const account = typeof one === "string"
        ? await this.#store.accounts.byName(one)
        : await this.#store.accounts.byNumber(one);
      if (account === undefined) {
        unknown.push(one);
        continue;
      }
      const { number, name } = account;
      users.set(number, { number, name, status: this.#presence.statusOf(name) });
    }
    return { users: [...users.values()], unknown };
  }

  /**
   * Sets a status: everyone is told. While it is `dnd` private messages are held; when that ends,
   * the account's sessions are told which conversations have gone on meanwhile.
   */
  async setStatus({ account: { name } }: SignedInSession, status: OwnStatus): Promise<void> {
    const before = await this.#store.conversations.states(name);
    await this.#store.accounts.setStatus(name, status);
    // Another session of the account may have set one meanwhile: what counts is what holds now.
    const wasHeld = this.#presence.statusOf(name) === "dnd";
    this.#presence.setStatus(name, status);
    if (!wasHeld || status === "dnd") return;
    // Read after messages are delivered again, so that none falls between the two.
    const seen = new Map(before.map(({ conversation, seq }) => [conversation, seq]));
    for (const state of await this.#store.conversations.states(name)) {
      const isDm = parseConversation(state.conversation)?.type === "dm";
      if (!isDm || state.seq <= (seen.get(state.conversation) ?? 0)) continue;
      const frame = encodeFrame({ type: "conversation", ...state });
      for (const session of this.#presence.sessionsOf(name)) session.push(frame);
    }
  }
}
