/**
 * The sessions that have signed in: the one place where they come and go, so that nothing is kept
 * for somebody who has left. Their tokens and rows are the business of `accounts.ts`.
 */
import type { OwnStatus } from "../../protocol/frame.ts";
import type { Conversations } from "./conversations.ts";
import type { Presence } from "./presence.ts";
import type { SignedIn } from "./signed_in.ts";

export interface SessionsOptions {
  readonly presence: Presence;
  readonly conversations: Conversations;
}

export class Sessions {
  readonly #presence: Presence;
  readonly #conversations: Conversations;

  constructor(options: SessionsOptions) {
    this.#presence = options.presence;
    this.#conversations = options.conversations;
  }

  /**
   * From now on the session is sent what concerns it. Its list of conversations MUST be read after
   * that, so that no message falls between the list and what is delivered. `status` is the account's
   * as it was stored.
   */
  async enter(session: SignedIn, status: OwnStatus): Promise<void> {
    this.#presence.come(session, status);
    await this.#conversations.enter(session);
  }

  /** The session's connection has gone. It MUST NOT be entering any more. */
  leave(session: SignedIn): void {
    this.#presence.go(session);
    this.#conversations.leave(session);
  }

  /** Ends the other connections of a session whose row has been ended. */
  revoke(session: SignedIn): void {
    for (const other of [...this.#presence.sessionsOf(session.account.name)]) {
      if (other !== session && other.sessionId === session.sessionId) {
        other.abort("session_revoked");
      }
    }
  }
}
