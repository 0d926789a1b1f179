/**
 * Logins, in the store: each begins with a password and is continued with its token, until it is
 * ended or expires. Its row makes ending it immediate. (The table is called `sessions`.)
 */
import type { Database } from "./database.ts";
import { integer, type Row, text } from "./sql.ts";

interface Login {
  /** The claim `jti` of its token. */
  readonly id: string;
  readonly account: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface LoginStore {
  create(login: Login): Promise<void>;
  /** `undefined` if it was ended, or never existed. */
  get(id: string): Promise<Login | undefined>;
  end(id: string): Promise<void>;
  /** Removes those that expired before `now`. */
  removeExpired(now: number): Promise<void>;
}

function prepare(database: Database) {
  return {
    create: database.prepare(`
      INSERT INTO sessions (id, account, created_at, expires_at)
      SELECT ?, number, ?, ? FROM accounts WHERE name = ?`),
    get: database.prepare(`
      SELECT s.id, a.name AS account, s.created_at, s.expires_at
      FROM sessions s JOIN accounts a ON a.number = s.account WHERE s.id = ?`),
    end: database.prepare("DELETE FROM sessions WHERE id = ?"),
    removeExpired: database.prepare("DELETE FROM sessions WHERE expires_at <= ?"),
  };
}

export class SqliteLogins implements LoginStore {
  readonly #database: Database;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(database: Database) {
    this.#database = database;
    this.#sql = prepare(database);
  }

  create({ id, account, createdAt, expiresAt }: Login): Promise<void> {
    return this.#database.write(() => {
      const { changes } = this.#sql.create.run(id, createdAt, expiresAt, account);
      if (changes === 0) throw new Error(`Cannot create a login: no account ${account}`);
    });
  }

  get(id: string): Promise<Login | undefined> {
    return this.#database.look(() => loginOf(this.#sql.get.get(id)));
  }

  end(id: string): Promise<void> {
    return this.#database.write(() => void this.#sql.end.run(id));
  }

  removeExpired(now: number): Promise<void> {
    return this.#database.change(() => void this.#sql.removeExpired.run(now));
  }
}

function loginOf(row: Row | undefined): Login | undefined {
  return row && {
    id: text(row, "id"),
    account: text(row, "account"),
    createdAt: integer(row, "created_at"),
    expiresAt: integer(row, "expires_at"),
  };
}
