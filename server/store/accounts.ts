/** Accounts, in the store: names, password hashes, statuses, and who is an admin. */
import type { OwnStatus } from "../../protocol/frame.ts";
import { GENERAL } from "../../protocol/names.ts";
import type { Database } from "./database.ts";
import { ACCOUNT_NUMBER, integer, type Row, text } from "./sql.ts";

export interface Account {
  /** 1, 2, 3…; never used again. */
  readonly number: number;
  readonly name: string;
  /** A PHC string (see `services/passwords.ts`). */
  readonly passwordHash: string;
  readonly createdAt: number;
  /** What its user has set; `normal` at first. */
  readonly status: OwnStatus;
}

export interface AccountStore {
  /** Makes an account and adds it to `room:general`; `undefined` if the name is taken. */
  create(name: string, passwordHash: string, at: number): Promise<Account | undefined>;
  byName(name: string): Promise<Account | undefined>;
  byNumber(number: number): Promise<Account | undefined>;
  setPasswordHash(name: string, passwordHash: string): Promise<void>;
  /** Holds private messages while the status is `dnd` (rule 5). */
  setStatus(name: string, status: OwnStatus): Promise<void>;
  /** `false`: there is no such account. */
  setAdmin(name: string, isAdmin: boolean): Promise<boolean>;
  isAdmin(name: string): Promise<boolean>;
  /** The names of all admins, by number. */
  admins(): Promise<string[]>;
}

function prepare(database: Database) {
  const sql = (source: string) => database.prepare(source);
  return {
    create: sql(`
      INSERT INTO accounts (name, password_hash, created_at) VALUES (?, ?, ?) RETURNING *`),
    joinGeneral: sql(`
      INSERT INTO members (account, conversation, mark)
      SELECT ?, number, seq FROM conversations WHERE id = '${GENERAL}'`),
    byName: sql("SELECT * FROM accounts WHERE name = ?"),
    byNumber: sql("SELECT * FROM accounts WHERE number = ?"),
    setPasswordHash: sql("UPDATE accounts SET password_hash = ? WHERE name = ?"),
    setStatus: sql("UPDATE accounts SET status = ? WHERE name = ?"),
    hold: sql(`
      UPDATE members SET held = c.seq FROM conversations c
      WHERE members.account = ${ACCOUNT_NUMBER} AND members.conversation = c.number
        AND held IS NULL AND c.id >= 'dm:' AND c.id < 'dm;'`),
    release: sql(`
      UPDATE members SET held = NULL WHERE account = ${ACCOUNT_NUMBER} AND held IS NOT NULL`),
    setAdmin: sql("UPDATE accounts SET is_admin = ? WHERE name = ?"),
    isAdmin: sql("SELECT 1 FROM accounts WHERE name = ? AND is_admin = 1"),
    admins: sql("SELECT name FROM accounts WHERE is_admin = 1 ORDER BY number"),
  };
}

export class SqliteAccounts implements AccountStore {
  readonly #database: Database;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(database: Database) {
    this.#database = database;
    this.#sql = prepare(database);
  }

  create(name: string, passwordHash: string, at: number): Promise<Account | undefined> {
    return this.#database.transaction(() => this.insert(name, passwordHash, at));
  }

  /** As `create`, inside a transaction of the caller's. */
  insert(name: string, passwordHash: string, at: number): Account | undefined {
    // Asked first: an insert that is refused would use up a number.
    if (this.#sql.byName.get(name) !== undefined) return undefined;
    const account = accountOf(this.#sql.create.get(name, passwordHash, at));
    if (account === undefined) throw new Error("Cannot create an account");
    this.#sql.joinGeneral.run(account.number);
    return account;
  }

  byName(name: string): Promise<Account | undefined> {
    return this.#database.look(() => accountOf(this.#sql.byName.get(name)));
  }

  byNumber(number: number): Promise<Account | undefined> {
    return this.#database.look(() => accountOf(this.#sql.byNumber.get(number)));
  }

  setPasswordHash(name: string, passwordHash: string): Promise<void> {
    return this.#database.write(() => void this.#sql.setPasswordHash.run(passwordHash, name));
  }

  setStatus(name: string, status: OwnStatus): Promise<void> {
    return this.#database.transaction(() => {
      this.#sql.setStatus.run(status, name);
      if (status === "dnd") this.#sql.hold.run(name);
      else this.#sql.release.run(name);
    });
  }

  setAdmin(name: string, isAdmin: boolean): Promise<boolean> {
    return this.#database.write(() => this.#sql.setAdmin.run(isAdmin ? 1 : 0, name).changes > 0);
  }

  isAdmin(name: string): Promise<boolean> {
    return this.#database.look(() => this.#sql.isAdmin.get(name) !== undefined);
  }

  admins(): Promise<string[]> {
    return this.#database.look(() => this.#sql.admins.all().map((row) => text(row, "name")));
  }
}

function accountOf(row: Row | undefined): Account | undefined {
  return row && {
    number: integer(row, "number"),
    name: text(row, "name"),
    passwordHash: text(row, "password_hash"),
    createdAt: integer(row, "created_at"),
    status: statusOf(row),
  };
}

function statusOf(row: Row): OwnStatus {
  const status = text(row, "status");
  if (status === "normal" || status === "dnd" || status === "away") return status;
  throw new TypeError("The column status holds no status");
}
