/** Invitations and admins in the SQLite store (`admission_store.ts`). */
import type { DatabaseSync } from "node:sqlite";
import type { AdmissionStore, Invite, NewInvite } from "./admission_store.ts";
import { integer, type Row, text } from "./statements.ts";
import type { Account } from "./store.ts";

/** What it shares with the rest of the store. */
export interface Surroundings {
  /** All of `work` or nothing; resolves when it is on the disk. */
  readonly transaction: <T>(work: () => T) => Promise<T>;
  /** Within a transaction; `undefined` when the name is taken. */
  readonly makeAccount: (name: string, passwordHash: string, at: number) => Account | undefined;
}

export class SqliteAdmission implements AdmissionStore {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #surroundings: Surroundings;

  constructor(database: DatabaseSync, surroundings: Surroundings) {
    this.#sql = prepare(database);
    this.#surroundings = surroundings;
  }

  invite({ hash, uses, madeAt, expiresAt, by }: NewInvite): Promise<number> {
    return this.#surroundings.transaction(() => {
      const row = this.#sql.invite.get(hash, uses, madeAt, expiresAt, by ?? null);
      return integer(row?.["number"]);
    });
  }

  // deno-lint-ignore require-await -- what it throws is to be a rejection
  async isGood(hash: Uint8Array, now: number): Promise<boolean> {
    return this.#sql.good.get(hash, now) !== undefined;
  }

  // deno-lint-ignore require-await -- the same
  async invites(now: number): Promise<Invite[]> {
    return this.#sql.invites.all(now).map(inviteOf);
  }

  withdraw(number: number): Promise<boolean> {
    return this.#surroundings.transaction(() => this.#sql.withdraw.run(number).changes > 0);
  }

  // deno-lint-ignore require-await -- the same
  async endExpiredInvites(now: number): Promise<void> {
    this.#sql.endExpired.run(now);
  }

  createAccount(
    name: string,
    passwordHash: string,
    at: number,
    code: Uint8Array,
  ): Promise<Account | "name_taken" | "bad_code"> {
    return this.#surroundings.transaction(() => {
      if (this.#sql.good.get(code, at) === undefined) return "bad_code";
      const account = this.#surroundings.makeAccount(name, passwordHash, at);
      if (account === undefined) return "name_taken";
      this.#sql.use.run(code);
      return account;
    });
  }

  setAdmin(name: string, isAdmin: boolean): Promise<boolean> {
    return this.#surroundings.transaction(() =>
      this.#sql.setAdmin.run(isAdmin ? 1 : 0, name).changes > 0
    );
  }

  // deno-lint-ignore require-await -- the same
  async isAdmin(name: string): Promise<boolean> {
    return this.#sql.isAdmin.get(name) !== undefined;
  }

  // deno-lint-ignore require-await -- the same
  async admins(): Promise<string[]> {
    return this.#sql.admins.all().map((row) => text(row["name"]));
  }
}

/** A code that would make an account: `now` follows. */
const GOOD = "used < uses AND expires_at > ?";

function prepare(database: DatabaseSync) {
  return {
    invite: database.prepare(`
      INSERT INTO invites (code_hash, uses, made_at, expires_at, creator)
      VALUES (?, ?, ?, ?, (SELECT number FROM accounts WHERE name = ?)) RETURNING number`),
    good: database.prepare(`SELECT 1 FROM invites WHERE code_hash = ? AND ${GOOD}`),
    use: database.prepare("UPDATE invites SET used = used + 1 WHERE code_hash = ?"),
    invites: database.prepare(`
      SELECT i.number, i.uses, i.used, i.made_at, i.expires_at, a.name AS creator
      FROM invites i LEFT JOIN accounts a ON a.number = i.creator WHERE ${GOOD} ORDER BY i.number`),
    withdraw: database.prepare("DELETE FROM invites WHERE number = ?"),
    endExpired: database.prepare("DELETE FROM invites WHERE expires_at <= ?"),
    setAdmin: database.prepare("UPDATE accounts SET is_admin = ? WHERE name = ?"),
    isAdmin: database.prepare("SELECT 1 FROM accounts WHERE name = ? AND is_admin = 1"),
    admins: database.prepare("SELECT name FROM accounts WHERE is_admin = 1 ORDER BY number"),
  };
}

function inviteOf(row: Row): Invite {
  const by = row["creator"];
  return {
    number: integer(row["number"]),
    uses: integer(row["uses"]),
    used: integer(row["used"]),
    madeAt: integer(row["made_at"]),
    expiresAt: integer(row["expires_at"]),
    by: by === null ? undefined : text(by),
  };
}
