/**
 * The store that ships: one SQLite file through `node:sqlite`, in WAL mode. Calls run where they are
 * made and take some ten microseconds; what they wrote is on the disk when their promise resolves,
 * and waiting for the disk holds nobody up (`wal_sync.ts`).
 *
 * Statements are prepared once and kept. It checks no permissions.
 */
import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { SQLOutputValue, StatementSync } from "node:sqlite";
import type { ConversationState, Message } from "../../protocol/frame.ts";
import { GENERAL, parseConversation } from "../../protocol/names.ts";
import { StoreError } from "./error.ts";
import { lockDatabase } from "./lock.ts";
import { migrate } from "./migrations.ts";
import type { Migration } from "./migrations.ts";
import type { Account, Appended, NewMessage, SessionRow, Store } from "./store.ts";
import { WalSync } from "./wal_sync.ts";

export interface SqliteOptions {
  /** For tests of migrations. */
  readonly migrations?: readonly Migration[];
}

/** Opens (or makes) the database, locks it, and brings it to the newest schema. */
export function openSqliteStore(file: string, options: SqliteOptions = {}): Store {
  const lock = lockDatabase(file);
  try {
    const database = openDatabase(file, options.migrations);
    return new SqliteStore(database, new WalSync(`${file}-wal`), lock);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

function openDatabase(file: string, migrations?: readonly Migration[]): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 5_000, enableForeignKeyConstraints: true });
  try {
    chmodSync(file, 0o600);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    migrate(database, file, migrations);
    return database;
  } catch (error) {
    database.close();
    if (error instanceof StoreError) throw error;
    throw new StoreError(
      "unreadable",
      `Cannot read ${file}: it is no database, or is damaged. Put a copy in its place, or use ` +
        "another folder.",
      { cause: error },
    );
  }
}

class SqliteStore implements Store {
  readonly #database: DatabaseSync;
  readonly #disk: WalSync;
  readonly #lock: Disposable;
  readonly #sql: Statements;
  #open = true;

  constructor(database: DatabaseSync, disk: WalSync, lock: Disposable) {
    this.#database = database;
    this.#disk = disk;
    this.#lock = lock;
    this.#sql = prepare(database);
  }

  createAccount(name: string, passwordHash: string, at: number): Promise<Account | undefined> {
    return this.#transaction(() => {
      // Asked first: an insert that is refused would use up a number.
      if (this.#sql.account.get(name) !== undefined) return undefined;
      const row = this.#sql.createAccount.get(name, passwordHash, at);
      if (row === undefined) throw new Error("Cannot create an account");
      this.#sql.joinAtNewest.run(name, GENERAL);
      return accountOf(row);
    });
  }

  account(name: string): Promise<Account | undefined> {
    return this.#call(() => {
      const row = this.#sql.account.get(name);
      return row === undefined ? undefined : accountOf(row);
    });
  }

  setPasswordHash(name: string, passwordHash: string): Promise<void> {
    return this.#write(() => void this.#sql.setPasswordHash.run(passwordHash, name));
  }

  createSession(row: SessionRow): Promise<void> {
    return this.#write(() => {
      const { changes } = this.#sql.createSession.run(
        row.id,
        row.createdAt,
        row.expiresAt,
        row.account,
      );
      if (changes === 0) throw new Error(`Cannot create a session: no account ${row.account}`);
    });
  }

  session(id: string): Promise<SessionRow | undefined> {
    return this.#call(() => {
      const row = this.#sql.session.get(id);
      return row === undefined ? undefined : {
        id: text(row["id"]),
        account: text(row["account"]),
        createdAt: integer(row["created_at"]),
        expiresAt: integer(row["expires_at"]),
      };
    });
  }

  endSession(id: string): Promise<void> {
    return this.#write(() => void this.#sql.endSession.run(id));
  }

  endExpiredSessions(now: number): Promise<void> {
    return this.#call(() => void this.#sql.endExpiredSessions.run(now));
  }

  append(batch: readonly NewMessage[]): Promise<readonly Appended[]> {
    return this.#transaction(() => batch.map((message) => this.#appendOne(message)));
  }

  #appendOne(message: NewMessage): Appended {
    const before = this.#sql.find.get(message.from, message.ulid);
    if (before !== undefined) {
      return {
        conversation: text(before["conversation"]),
        seq: integer(before["seq"]),
        at: integer(before["at"]),
        stored: false,
      };
    }
    const { body } = message.content;
    const next = this.#sql.nextSeq.get(message.conversation) ?? this.#openDm(message.conversation);
    const seq = integer(next["seq"]);
    const { changes } = this.#sql.insert.run(
      integer(next["number"]),
      seq,
      message.ulid,
      message.at,
      message.content.kind,
      typeof body === "string" ? encoder.encode(body) : body,
      typeof body === "string" ? 1 : 0,
      message.from,
    );
    if (changes === 0) throw new Error(`Cannot append a message: no account ${message.from}`);
    return { conversation: message.conversation, seq, at: message.at, stored: true };
  }

  /** Makes the conversation of two people with both as its members; takes its first number. */
  #openDm(conversation: string): Row {
    const parsed = parseConversation(conversation);
    if (parsed?.type !== "dm") {
      throw new Error(`Cannot append a message: no conversation ${conversation}`);
    }
    this.#sql.createConversation.run(conversation);
    for (const user of parsed.users) {
      const { changes } = this.#sql.joinAtNewest.run(user, conversation);
      if (changes === 0) throw new Error(`Cannot open ${conversation}: no account ${user}`);
    }
    const next = this.#sql.nextSeq.get(conversation);
    if (next === undefined) throw new Error(`Cannot open ${conversation}`);
    return next;
  }

  history(conversation: string, after: number, limit: number): Promise<Message[]> {
    return this.#call(() =>
      this.#sql.history.all(conversation, after, limit).map((row) => ({
        type: "message",
        conversation,
        seq: integer(row["seq"]),
        ulid: text(row["ulid"]),
        from: text(row["sender"]),
        at: integer(row["at"]),
        content: { kind: text(row["kind"]), body: bodyOf(row) },
      }))
    );
  }

  conversations(account: string): Promise<ConversationState[]> {
    return this.#call(() =>
      this.#sql.conversations.all(account).map((row) => ({
        conversation: text(row["id"]),
        seq: integer(row["seq"]),
        mark: integer(row["mark"]),
      }))
    );
  }

  members(conversation: string): Promise<string[]> {
    return this.#call(() => this.#sql.members.all(conversation).map((row) => text(row["name"])));
  }

  isMember(conversation: string, account: string): Promise<boolean> {
    return this.#call(() => this.#sql.isMember.get(conversation, account) !== undefined);
  }

  mark(account: string, conversation: string, seq: number): Promise<void> {
    return this.#call(() => void this.#sql.mark.run(seq, account, conversation));
  }

  /** Closing moves what is in the write-ahead log into the database file. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#disk.close();
    this.#database.close();
    this.#lock[Symbol.dispose]();
  }

  /** A synchronous call as the promise that `Store` asks for: what it throws becomes a rejection. */
  #call<T>(work: () => T): Promise<T> {
    try {
      return Promise.resolve(work());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Resolves when what `work` wrote is on the disk. */
  async #write<T>(work: () => T): Promise<T> {
    const result = work();
    await this.#disk.synced();
    return result;
  }

  #transaction<T>(work: () => T): Promise<T> {
    return this.#write(() => {
      this.#sql.begin.run();
      try {
        const result = work();
        this.#sql.commit.run();
        return result;
      } catch (error) {
        // Some errors (a full disk) have rolled back already.
        if (this.#database.isTransaction) this.#sql.rollback.run();
        throw error;
      }
    });
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

type Row = Record<string, SQLOutputValue>;
type Statements = ReturnType<typeof prepare>;

function prepare(database: DatabaseSync) {
  const sql = (source: string): StatementSync => database.prepare(source);
  return {
    begin: sql("BEGIN IMMEDIATE"),
    commit: sql("COMMIT"),
    rollback: sql("ROLLBACK"),

    createAccount: sql(`
      INSERT INTO accounts (name, password_hash, created_at) VALUES (?, ?, ?) RETURNING *`),
    account: sql("SELECT * FROM accounts WHERE name = ?"),
    setPasswordHash: sql("UPDATE accounts SET password_hash = ? WHERE name = ?"),

    createSession: sql(`
      INSERT INTO sessions (id, account, created_at, expires_at)
      SELECT ?, number, ?, ? FROM accounts WHERE name = ?`),
    session: sql(`
      SELECT s.id, a.name AS account, s.created_at, s.expires_at
      FROM sessions s JOIN accounts a ON a.number = s.account WHERE s.id = ?`),
    endSession: sql("DELETE FROM sessions WHERE id = ?"),
    endExpiredSessions: sql("DELETE FROM sessions WHERE expires_at <= ?"),

    find: sql(`
      SELECT c.id AS conversation, m.seq, m.at
      FROM messages m JOIN conversations c ON c.number = m.conversation
      WHERE m.sender = (SELECT number FROM accounts WHERE name = ?) AND m.ulid = ?`),
    nextSeq: sql("UPDATE conversations SET seq = seq + 1 WHERE id = ? RETURNING number, seq"),
    createConversation: sql("INSERT INTO conversations (id) VALUES (?)"),
    joinAtNewest: sql(`
      INSERT INTO members (account, conversation, mark)
      SELECT a.number, c.number, c.seq FROM accounts a, conversations c
      WHERE a.name = ? AND c.id = ?`),
    insert: sql(`
      INSERT INTO messages (conversation, seq, sender, ulid, at, kind, body, is_text)
      SELECT ?, ?, number, ?, ?, ?, ?, ? FROM accounts WHERE name = ?`),
    history: sql(`
      SELECT m.seq, m.ulid, a.name AS sender, m.at, m.kind, m.body, m.is_text
      FROM messages m JOIN accounts a ON a.number = m.sender
      WHERE m.conversation = (SELECT number FROM conversations WHERE id = ?) AND m.seq > ?
      ORDER BY m.seq LIMIT ?`),

    conversations: sql(`
      SELECT c.id, c.seq, m.mark
      FROM members m JOIN conversations c ON c.number = m.conversation
      WHERE m.account = (SELECT number FROM accounts WHERE name = ?) ORDER BY c.number`),
    members: sql(`
      SELECT a.name FROM members m JOIN accounts a ON a.number = m.account
      WHERE m.conversation = (SELECT number FROM conversations WHERE id = ?) ORDER BY a.number`),
    isMember: sql(`
      SELECT 1 FROM members
      WHERE conversation = (SELECT number FROM conversations WHERE id = ?)
        AND account = (SELECT number FROM accounts WHERE name = ?)`),
    mark: sql(`
      UPDATE members SET mark = max(mark, min(?, c.seq)) FROM conversations c, accounts a
      WHERE a.name = ? AND c.id = ?
        AND members.account = a.number AND members.conversation = c.number`),
  };
}

function accountOf(row: Row): Account {
  return {
    number: integer(row["number"]),
    name: text(row["name"]),
    passwordHash: text(row["password_hash"]),
    createdAt: integer(row["created_at"]),
  };
}

function integer(value: SQLOutputValue | undefined): number {
  if (typeof value !== "number") throw new TypeError("The database holds no number here");
  return value;
}

function text(value: SQLOutputValue | undefined): string {
  if (typeof value !== "string") throw new TypeError("The database holds no text here");
  return value;
}

function bodyOf(row: Row): string | Uint8Array<ArrayBuffer> {
  const bytes = row["body"];
  if (!(bytes instanceof Uint8Array)) throw new TypeError("The database holds no bytes here");
  return integer(row["is_text"]) === 1 ? decoder.decode(bytes) : new Uint8Array(bytes);
}
