/**
 * Adds signed-in sessions to the services that keep lists of them, and removes them from all: so
 * nothing is kept for a session that has ended. Logins are the business of `accounts.ts`.
 */
import type { OwnStatus } from "../../protocol/frame.ts";
import type { Audience } from "./audience.ts";
import type { Presence } from "./presence.ts";
import type { SignedInSession } from "./signed_in_session.ts";

interface SessionsOptions {
  readonly presence: Pick<Presence, "add" | "remove" | "sessionsOf">;
  readonly audience: Pick<Audience, "addSession" | "removeSession">;
  /** Sessions of one account at once. */
  readonly limit: number;
}

export class Sessions {
  readonly #options: SessionsOptions;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Whether the account may have one more session. */
  hasRoom(account: string): boolean {
    return this.#options.presence.sessionsOf(account).length < this.#options.limit;
  }

  /**
   * From now on the session is sent what concerns it. Its list of conversations MUST be read after
   * that, so that no message falls between the list and what is delivered. `status` is the account's
   * as stored.
   */
  async add(session: SignedInSession, status: OwnStatus): Promise<void> {
    this.#options.presence.add(session, status);
    await this.#options.audience.addSession(session);
  }

  /** The session has ended. It MUST NOT be being added. */
  remove(session: SignedInSession): void {
    this.#options.presence.remove(session);
    this.#options.audience.removeSession(session);
  }

  /** The session's login was ended: ends its other sessions too. */
  revokeLogin(session: SignedInSession): void {
    const { account, loginId } = session;
    for (const other of [...this.#options.presence.sessionsOf(account.name)]) {
      if (other !== session && other.loginId === loginId) other.abort("session_revoked");
    }
  }
}
