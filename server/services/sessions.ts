/**
 * The sessions that have signed in: the one place where they come and go, so that nothing is kept
 * for somebody who has left. Their tokens and rows are the business of `accounts.ts`.
 */
import type { OwnStatus } from "../../protocol/frame.ts";
import type { Conversations } from "./conversations.ts";
import type { Presence } from "./presence.ts";
import type { SignedInSession } from "./signed_in_session.ts";

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
  async add(session: SignedInSession, status: OwnStatus): Promise<void> {
    this.#presence.add(session, status);
    await this.#conversations.addSession(session);
  }

  /** The session's connection has gone. It MUST NOT be entering any more. */
  remove(session: SignedInSession): void {
    this.#presence.remove(session);
    this.#conversations.removeSession(session);
  }

  /** Ends the other connections of a session whose row has been ended. */
  revokeLogin(session: SignedInSession): void {
    for (const other of [...this.#presence.sessionsOf(session.account.name)]) {
      if (other !== session && other.loginId === session.loginId) {
        other.abort("session_revoked");
      }
    }
  }
}
