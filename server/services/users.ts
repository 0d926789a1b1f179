/**
 * Users: who a name or number is, online or not, and the status that a user sets. Who is online is
 * kept by `presence.ts`; accounts are created and signed in to in `accounts.ts`.
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
  readonly presence: Pick<Presence, "sessionsOf" | "setStatus" | "statusOf">;
}

export class Users {
  readonly #options: UsersOptions;

  constructor(options: UsersOptions) {
    this.#options = options;
  }

  /** The users that names and numbers stand for, each once, and which of them stand for none. */
  async resolve(
    wanted: readonly (string | number)[],
  ): Promise<Pick<ServerFrames["resolved"], "users" | "unknown">> {
    const { store: { accounts }, presence } = this.#options;
    const users = new Map<number, User>();
    const unknown: (string | number)[] = [];
    for (const one of wanted) {
      const account = typeof one === "string"
        ? await accounts.byName(one)
        : await accounts.byNumber(one);
      if (account === undefined) {
        unknown.push(one);
        continue;
      }
      const { number, name } = account;
      users.set(number, { number, name, status: presence.statusOf(name) });
    }
    return { users: [...users.values()], unknown };
  }

  /**
   * Sets a status: every session is told. While it is `dnd` private messages are held; when that
   * ends, the user's sessions are told which conversations have new messages.
   */
  async setStatus({ account: { name } }: SignedInSession, status: OwnStatus): Promise<void> {
    const { store, presence } = this.#options;
    const before = await store.conversations.states(name);
    await store.accounts.setStatus(name, status);
    // Another session of the account may have set one meanwhile: what counts is what holds now.
    const wasHeld = presence.statusOf(name) === "dnd";
    presence.setStatus(name, status);
    if (!wasHeld || status === "dnd") return;
    // Read after messages are delivered again, so that no message falls between the two.
    const seen = new Map(before.map(({ conversation, seq }) => [conversation, seq]));
    for (const state of await store.conversations.states(name)) {
      const isDm = parseConversation(state.conversation)?.type === "dm";
      if (!isDm || state.seq <= (seen.get(state.conversation) ?? 0)) continue;
      const frame = encodeFrame({ type: "conversation", ...state });
      for (const session of presence.sessionsOf(name)) session.push(frame);
    }
  }
}
