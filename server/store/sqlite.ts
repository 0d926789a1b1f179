/**
 * The store that is used: one SQLite file through `node:sqlite`, in WAL mode. It opens the file,
 * either as the one server that owns it or beside that server, and puts the parts together: each has
 * its interface, its SQL and the reading of its rows in a file of its own.
 */
import { DatabaseSync } from "node:sqlite";
import { describeSystemError } from "../../protocol/system_error.ts";
import { SqliteAccounts } from "./accounts.ts";
import { SqliteConversations } from "./conversations.ts";
import { Database } from "./database.ts";
import { isDamaged, sqliteReason, StoreError } from "./error.ts";
import { SqliteFiles } from "./files.ts";
import { SqliteInvitations } from "./invitations.ts";
import { lockDatabase } from "./lock.ts";
import { SqliteLogins } from "./logins.ts";
import { SqliteMessages } from "./messages.ts";
import { checkSchema, migrate, type Migration } from "./migrations.ts";
import { makeOwnerOnly } from "./owner_only.ts";
import { SqliteRooms } from "./rooms.ts";
import { SqliteSearch } from "./search.ts";
import type { Searcher } from "./search_runner.ts";
import { searchInThread } from "./search_thread.ts";
import type { Store } from "./store.ts";
import type { SyncFile } from "./wal_sync.ts";

interface SqliteOptions {
  /** For tests of migrations. */
  readonly migrations?: readonly Migration[];
  /** For tests without a disk. */
  readonly syncFile?: SyncFile;
  /** For tests: is given the connection that writes, to make it fail. */
  readonly onOpen?: (database: DatabaseSync) => void;
  /** For tests: searches elsewhere than in a thread of its own. It must not open the files yet. */
  readonly searcher?: MakeSearcher;
}

type MakeSearcher = (file: string, indexFile: string) => Searcher;

/** Milliseconds that a write waits for another process's. */
const WRITE_TIMEOUT = 5_000;

/** Opens (or makes) the database, locks it, and brings it to the newest schema. */
export function openSqliteStore(file: string, options: SqliteOptions = {}): Store {
  const lock = lockDatabase(file);
  try {
    return makeStore(openOwned(file, options), searcherOf(file, options), lock);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

/**
 * Opens a database while a server has it open (`sotto invite`): SQLite lets both write, one after
 * the other. It takes no lock and changes no schema. It MUST NOT append messages: the server would
 * not deliver them.
 */
export function openBesideServer(file: string): Store {
  const database = open(file);
  try {
    checkSchema(database, file);
    return makeStore(new Database(database, file), searcherOf(file));
  } catch (error) {
    database.close();
    throw error;
  }
}

/** It opens its files when it is first used. */
function searcherOf(file: string, { searcher = searchInThread }: SqliteOptions = {}): Searcher {
  return searcher(file, `${file}.words`);
}

function makeStore(database: Database, searcher: Searcher, lock?: Disposable): Store {
  const accounts = new SqliteAccounts(database);
  const search = new SqliteSearch(database, searcher);
  return {
    accounts,
    logins: new SqliteLogins(database),
    conversations: new SqliteConversations(database),
    messages: new SqliteMessages(database),
    rooms: new SqliteRooms(database, search),
    files: new SqliteFiles(database),
    invitations: new SqliteInvitations(database, accounts),
    search,
    async [Symbol.asyncDispose]() {
      // Before the database, which moves its log into its file when it is the last to close.
      await searcher[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      lock?.[Symbol.dispose]();
    },
  };
}

function openOwned(file: string, { migrations, syncFile, onOpen }: SqliteOptions): Database {
  const database = openPrivate(file);
  try {
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    migrate(database, file, migrations);
    onOpen?.(database);
    return new Database(database, file, syncFile);
  } catch (error) {
    database.close();
    throw error instanceof StoreError ? error : unreadable(file, error);
  }
}

function openPrivate(file: string): DatabaseSync {
  try {
    makeOwnerOnly(file);
  } catch (error) {
    throw unreadable(file, error);
  }
  return open(file);
}

function open(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { timeout: WRITE_TIMEOUT, enableForeignKeyConstraints: true });
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, cause: unknown): StoreError {
  const reason = sqliteReason(cause) ?? describeSystemError(cause);
  const advice = isDamaged(cause)
    ? "Put a copy in its place, or use another folder."
    : "Check the folder and the disk, or use another folder.";
  return new StoreError("unreadable", `Cannot open ${file}: ${reason}. ${advice}`, { cause });
}
