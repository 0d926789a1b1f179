/**
 * Who may come in, and who may let them in: invitations, accounts made with one, and admins. A part
 * of the store, under the same contract (`store.ts`), and one rule more:
 *
 * 7. An invitation makes as many accounts as it has uses, however many come at once: counting a use
 *    and making the account are one transaction.
 *
 * It sees hashes of codes, never a code.
 */
import type { Account } from "./store.ts";

export interface NewInvite {
  /** SHA-256 of the code. */
  readonly hash: Uint8Array;
  /** How many accounts it may make. */
  readonly uses: number;
  readonly madeAt: number;
  readonly expiresAt: number;
  /** The admin; `undefined`: somebody at the server's machine. */
  readonly by: string | undefined;
}

export interface Invite extends Omit<NewInvite, "hash"> {
  /** 1, 2, 3…; never used again. */
  readonly number: number;
  /** How many accounts it has made. */
  readonly used: number;
}

export interface AdmissionStore {
  /** Returns the invitation's number. */
  invite(invite: NewInvite): Promise<number>;
  /** Whether the code would make an account now. */
  isGood(hash: Uint8Array, now: number): Promise<boolean>;
  /** Those that would make an account now, by number. */
  invites(now: number): Promise<Invite[]>;
  /** The code makes no further account; `false`: no invitation has the number. */
  withdraw(number: number): Promise<boolean>;
  /** Forgets those that expired before `now`. */
  endExpiredInvites(now: number): Promise<void>;
  /** As `Store.createAccount`, and counts a use; what it refuses changes nothing. */
  createAccount(
    name: string,
    passwordHash: string,
    at: number,
    code: Uint8Array,
  ): Promise<Account | "name_taken" | "bad_code">;

  /** `false`: there is no such account. */
  setAdmin(name: string, isAdmin: boolean): Promise<boolean>;
  isAdmin(name: string): Promise<boolean>;
  /** By number. */
  admins(): Promise<string[]>;
}
