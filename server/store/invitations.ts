/** Invitations, in the store: hashes of codes, never a code, and the accounts that they make. */
import type { Account, SqliteAccounts } from "./accounts.ts";
import type { Database } from "./database.ts";
import { integer, optionalText, type Row } from "./sql.ts";

export interface NewInvitation {
  /** SHA-256 of the code. */
  readonly hash: Uint8Array;
  /** How many accounts it may make. */
  readonly uses: number;
  readonly madeAt: number;
  readonly expiresAt: number;
  /** The admin; `undefined`: it was made on the server's machine. */
  readonly by: string | undefined;
}

interface Invitation extends Omit<NewInvitation, "hash"> {
  /** 1, 2, 3…; never used again. */
  readonly number: number;
  /** How many accounts it has made. */
  readonly used: number;
}

export interface InvitationStore {
  /** Returns the invitation's number. */
  create(invitation: NewInvitation): Promise<number>;
  /** Whether the code would make an account now. */
  isValid(hash: Uint8Array, now: number): Promise<boolean>;
  /** Those that would make an account now, by number. */
  list(now: number): Promise<Invitation[]>;
  /** `false`: no invitation has the number. */
  withdraw(number: number): Promise<boolean>;
  /** Removes those that expired before `now`. */
  removeExpired(now: number): Promise<void>;
  /** As `AccountStore.create`, and counts a use (rule 7); what it refuses changes nothing. */
  createAccount(
    name: string,
    passwordHash: string,
    at: number,
    code: Uint8Array,
  ): Promise<Account | "name_taken" | "bad_code">;
}

/** A code that would make an account: `now` follows. */
const VALID = "used < uses AND expires_at > ?";

function prepare(database: Database) {
  return {
    create: database.prepare(`
      INSERT INTO invites (code_hash, uses, made_at, expires_at, creator)
      VALUES (?, ?, ?, ?, (SELECT number FROM accounts WHERE name = ?)) RETURNING number`),
    valid: database.prepare(`SELECT 1 FROM invites WHERE code_hash = ? AND ${VALID}`),
    use: database.prepare("UPDATE invites SET used = used + 1 WHERE code_hash = ?"),
    list: database.prepare(`
      SELECT i.number, i.uses, i.used, i.made_at, i.expires_at, a.name AS creator
      FROM invites i LEFT JOIN accounts a ON a.number = i.creator WHERE ${VALID} ORDER BY i.number`),
    withdraw: database.prepare("DELETE FROM invites WHERE number = ?"),
    removeExpired: database.prepare("DELETE FROM invites WHERE expires_at <= ?"),
  };
}

export class SqliteInvitations implements InvitationStore {
  readonly #database: Database;
  readonly #accounts: Pick<SqliteAccounts, "insert">;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(database: Database, accounts: Pick<SqliteAccounts, "insert">) {
    this.#database = database;
    this.#accounts = accounts;
    this.#sql = prepare(database);
  }

  create({ hash, uses, madeAt, expiresAt, by }: NewInvitation): Promise<number> {
    return this.#database.write(() => {
      const row = this.#sql.create.get(hash, uses, madeAt, expiresAt, by ?? null);
      return integer(row, "number");
    });
  }

  isValid(hash: Uint8Array, now: number): Promise<boolean> {
    return this.#database.look(() => this.#sql.valid.get(hash, now) !== undefined);
  }

  list(now: number): Promise<Invitation[]> {
    return this.#database.read(() => this.#sql.list.all(now).map(invitationOf));
  }

  withdraw(number: number): Promise<boolean> {
    return this.#database.write(() => this.#sql.withdraw.run(number).changes > 0);
  }

  removeExpired(now: number): Promise<void> {
    return this.#database.change(() => void this.#sql.removeExpired.run(now));
  }

  createAccount(
    name: string,
    passwordHash: string,
    at: number,
    code: Uint8Array,
  ): Promise<Account | "name_taken" | "bad_code"> {
    return this.#database.transaction(() => {
      if (this.#sql.valid.get(code, at) === undefined) return "bad_code";
      const account = this.#accounts.insert(name, passwordHash, at);
      if (account === undefined) return "name_taken";
      this.#sql.use.run(code);
      return account;
    });
  }
}

function invitationOf(row: Row): Invitation {
  return {
    number: integer(row, "number"),
    uses: integer(row, "uses"),
    used: integer(row, "used"),
    madeAt: integer(row, "made_at"),
    expiresAt: integer(row, "expires_at"),
    by: optionalText(row, "creator"),
  };
}
