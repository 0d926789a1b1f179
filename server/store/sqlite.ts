/**
 * The store that ships: one SQLite file through `node:sqlite`, in WAL mode. Calls run where they are
 * made and take some ten microseconds; what they wrote is on the disk when their promise resolves,
 * and waiting for the disk holds nobody up (`wal_sync.ts`).
 *
 * Statements are prepared once and kept. It checks no permissions.
 */
import type { DatabaseSync } from "node:sqlite";
import type { ConversationState, ListedPlace, Message, OwnStatus } from "../../protocol/frame.ts";
import { GENERAL, parseConversation } from "../../protocol/names.ts";
import { openDatabase, openShared } from "./database.ts";
import type { FileStore } from "./file_store.ts";
import { lockDatabase } from "./lock.ts";
import type { Migration } from "./migrations.ts";
import type { AdmissionStore } from "./admission_store.ts";
import { SqliteAdmission } from "./sqlite_admission.ts";
import { SqliteFiles } from "./sqlite_files.ts";
import {
  accountOf,
  integer,
  listedOf,
  messageOf,
  placeOf,
  prepare,
  type Row,
  type Statements,
  stateOf,
  text,
} from "./statements.ts";
import type {
  Account,
  Appended,
  Found,
  MemberState,
  NewMessage,
  Place,
  SessionRow,
  Store,
} from "./store.ts";
import { WalSync } from "./wal_sync.ts";
import { index, search, sweep } from "./words.ts";

export interface SqliteOptions {
  /** For tests of migrations. */
  readonly migrations?: readonly Migration[];
}

/**
 * Opens a database that a running server holds, for a word to it (`sotto invite`): SQLite lets both
 * write, one after the other. It takes no lock, changes no schema, and MUST NOT append messages,
 * whose delivery the server would not know of.
 */
export function openBesideServer(file: string): Store {
  const database = openShared(file);
  return new SqliteStore(database, new WalSync(`${file}-wal`), { [Symbol.dispose]() {} });
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

class SqliteStore implements Store {
  readonly admission: AdmissionStore;
  readonly files: FileStore;
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
    this.files = new SqliteFiles(database, () => disk.synced());
    this.admission = new SqliteAdmission(database, {
      transaction: (work) => this.#transaction(work),
      makeAccount: (...account) => this.#makeAccount(...account),
    });
  }

  createAccount(name: string, passwordHash: string, at: number): Promise<Account | undefined> {
    return this.#transaction(() => this.#makeAccount(name, passwordHash, at));
  }

  #makeAccount(name: string, passwordHash: string, at: number): Account | undefined {
    // Asked first: an insert that is refused would use up a number.
    if (this.#sql.account.get(name) !== undefined) return undefined;
    const row = this.#sql.createAccount.get(name, passwordHash, at);
    if (row === undefined) throw new Error("Cannot create an account");
    this.#sql.join.run(name, GENERAL);
    return accountOf(row);
  }

  account(name: string): Promise<Account | undefined> {
    return this.#call(() => {
      const row = this.#sql.account.get(name);
      return row === undefined ? undefined : accountOf(row);
    });
  }

  accountByNumber(number: number): Promise<Account | undefined> {
    return this.#call(() => {
      const row = this.#sql.accountByNumber.get(number);
      return row === undefined ? undefined : accountOf(row);
    });
  }

  setStatus(name: string, status: OwnStatus): Promise<void> {
    return this.#transaction(() => {
      this.#sql.setStatus.run(status, name);
      if (status === "dnd") this.#sql.hold.run(name);
      else this.#sql.letGo.run(name);
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

  append(batch: readonly NewMessage[]): Promise<readonly (Appended | undefined)[]> {
    return this.#transaction(() => batch.map((message) => this.#appendOne(message)));
  }

  #appendOne(message: NewMessage): Appended | undefined {
    const before = this.#sql.find.get(message.from, message.ulid);
    if (before !== undefined) {
      const conversation = text(before["conversation"]);
      return {
        // One that was in a group which has been deleted since is in no conversation any more.
        conversation: parseConversation(conversation) ? conversation : message.conversation,
        seq: integer(before["seq"]),
        at: integer(before["at"]),
        stored: false,
      };
    }
    const { body } = message.content;
    const next = this.#sql.nextSeq.get(message.conversation) ?? this.#openDm(message.conversation);
    if (next === undefined) return undefined;
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
  #openDm(conversation: string): Row | undefined {
    const parsed = parseConversation(conversation);
    if (parsed?.type !== "dm") return undefined;
    this.#sql.createConversation.run(conversation);
    for (const user of parsed.users) {
      const { changes } = this.#sql.openTo.run(user, conversation);
      if (changes === 0) throw new Error(`Cannot open ${conversation}: no account ${user}`);
    }
    const next = this.#sql.nextSeq.get(conversation);
    if (next === undefined) throw new Error(`Cannot open ${conversation}`);
    return next;
  }

  history(conversation: string, after: number, limit: number): Promise<Message[]> {
    return this.#call(() => this.#sql.history.all(conversation, after, limit).map(messageOf));
  }

  conversations(account: string): Promise<ConversationState[]> {
    return this.#call(() =>
      this.#sql.states.all(account).map((row) => {
        const { held: _, ...state } = stateOf(row);
        return state;
      })
    );
  }

  state(account: string, conversation: string): Promise<MemberState | undefined> {
    return this.#call(() => {
      const row = this.#sql.state.get(account, conversation);
      return row === undefined ? undefined : stateOf(row);
    });
  }

  members(conversation: string): Promise<Pick<Account, "name" | "number">[]> {
    return this.#call(() =>
      this.#sql.members.all(conversation).map((row) => ({
        name: text(row["name"]),
        number: integer(row["number"]),
      }))
    );
  }

  isMember(conversation: string, account: string): Promise<boolean> {
    return this.#call(() => this.#sql.isMember.get(conversation, account) !== undefined);
  }

  mark(account: string, conversation: string, seq: number): Promise<boolean> {
    return this.#call(() => this.#sql.mark.run(seq, account, conversation).changes > 0);
  }

  createPlace(place: Place, members: readonly string[]): Promise<boolean> {
    const { conversation, topic, creator } = place;
    return this.#transaction(() => {
      const { changes } = this.#sql.createPlace.run(conversation, topic, creator ?? null);
      if (changes === 0) return false;
      for (const member of members) this.#sql.join.run(member, conversation);
      return true;
    });
  }

  place(conversation: string): Promise<Place | undefined> {
    return this.#call(() => {
      const row = this.#sql.place.get(conversation);
      return row === undefined ? undefined : placeOf(row);
    });
  }

  setTopic(conversation: string, topic: string): Promise<void> {
    return this.#write(() => void this.#sql.setTopic.run(topic, conversation));
  }

  /** What is left of it is freed bit by bit (`sweep`): there may be very many messages. */
  deletePlace(conversation: string): Promise<void> {
    return this.#transaction(() => {
      const buried = this.#sql.bury.get(conversation);
      if (buried === undefined) return;
      this.#sql.leaveAll.run(integer(buried["number"]));
      this.#sql.dropFiles.run(conversation);
      this.#sql.free.run(conversation, integer(buried["seq"]));
    });
  }

  addMembers(conversation: string, accounts: readonly string[]): Promise<void> {
    return this.#transaction(() => {
      for (const account of accounts) this.#sql.join.run(account, conversation);
    });
  }

  removeMembers(conversation: string, accounts: readonly string[]): Promise<void> {
    return this.#transaction(() => {
      for (const account of accounts) this.#sql.leave.run(account, conversation);
    });
  }

  places(account: string, kind: "rooms" | "groups"): Promise<ListedPlace[]> {
    return this.#call(() => {
      const rows = kind === "rooms"
        ? this.#sql.rooms.all(account)
        : this.#sql.groups.all(account, account);
      return rows.map(listedOf);
    });
  }

  countRooms(): Promise<number> {
    return this.#call(() => integer(this.#sql.countRooms.get()?.["count"]));
  }

  countPlaces(account: string): Promise<{ made: number; joined: number }> {
    return this.#call(() => ({
      made: integer(this.#sql.made.get(account)?.["count"]),
      joined: integer(this.#sql.joined.get(account)?.["count"]),
    }));
  }

  search(
    account: string,
    words: readonly string[],
    from: number | undefined,
    limit: number,
  ): Promise<Found> {
    return this.#call(() => search(this.#sql, account, words, from, limit));
  }

  index(limit: number): Promise<boolean> {
    return this.#call(() => this.#atomically(() => index(this.#sql, limit)));
  }

  sweep(limit: number): Promise<boolean> {
    return this.#call(() => this.#atomically(() => sweep(this.#sql, limit)));
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
    return this.#write(() => this.#atomically(work));
  }

  #atomically<T>(work: () => T): T {
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
  }
}

const encoder = new TextEncoder();
