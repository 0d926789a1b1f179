/**
 * The database's schema, as ordered steps from nothing to the newest; `PRAGMA user_version` says
 * how many of them a file has had. A step that has been released is never changed: add another.
 *
 * It will not go backwards: a file of a newer schema is refused untouched.
 */
import { chmodSync, existsSync, renameSync, rmSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { GENERAL } from "../../protocol/names.ts";
import { StoreError } from "./error.ts";

/** One step is run inside a transaction of its own, together with the new version. */
export type Migration = (database: DatabaseSync) => void;

export const MIGRATIONS: readonly Migration[] = [
  /** 1: accounts, their sessions, conversations, members and messages. */
  (database) =>
    database.exec(`
      CREATE TABLE accounts (
        number INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again
        name TEXT NOT NULL UNIQUE,
        password_hash TEXT NOT NULL,
        created_at INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE sessions (
        id TEXT PRIMARY KEY,
        account INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
        created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX sessions_by_expiry ON sessions (expires_at);
      CREATE INDEX sessions_by_account ON sessions (account);

      CREATE TABLE conversations (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        seq INTEGER NOT NULL DEFAULT 0 -- the newest message's
      ) STRICT;

      CREATE TABLE members (
        account INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
        conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
        mark INTEGER NOT NULL DEFAULT 0, -- the newest message that was shown
        PRIMARY KEY (account, conversation)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX members_by_conversation ON members (conversation);

      CREATE TABLE messages (
        number INTEGER PRIMARY KEY,
        conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        sender INTEGER NOT NULL REFERENCES accounts,
        ulid TEXT NOT NULL,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        -- Text is kept as UTF-8 bytes: read as TEXT, it would end at a NUL character.
        body BLOB NOT NULL,
        is_text INTEGER NOT NULL CHECK (is_text IN (0, 1)),
        UNIQUE (conversation, seq),
        UNIQUE (sender, ulid)
      ) STRICT;

      INSERT INTO conversations (id) VALUES ('${GENERAL}');
    `),

  /** 2: more rooms, topics and creators, statuses, an index of words. */
  (database) =>
    database.exec(`
      ALTER TABLE accounts ADD COLUMN status TEXT NOT NULL DEFAULT 'normal'
        CHECK (status IN ('normal', 'dnd', 'away'));

      ALTER TABLE conversations ADD COLUMN topic TEXT NOT NULL DEFAULT '';
      ALTER TABLE conversations ADD COLUMN creator INTEGER REFERENCES accounts;
      -- Its ID may be taken again, and goes on counting where it was.
      ALTER TABLE conversations ADD COLUMN is_free INTEGER NOT NULL DEFAULT 0
        CHECK (is_free IN (0, 1));
      CREATE INDEX conversations_by_creator ON conversations (creator);

      -- Messages after this one are held until the account's status is no longer dnd.
      ALTER TABLE members ADD COLUMN held INTEGER;

      -- How many messages after a mark are one's own.
      CREATE INDEX messages_by_sender ON messages (sender, conversation, seq);

      INSERT OR IGNORE INTO conversations (id) VALUES ('room:tech'), ('room:random');
      UPDATE conversations SET topic = 'Everybody is here' WHERE id = '${GENERAL}';
      UPDATE conversations SET topic = 'Machines, and how to make them work' WHERE id = 'room:tech';
      UPDATE conversations SET topic = 'Anything else' WHERE id = 'room:random';

      -- Words of texts, by the number of the message; the texts themselves stay where they are.
      CREATE VIRTUAL TABLE words USING fts5 (
        body, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
      );
      -- One row: messages up to this number are in the index.
      CREATE TABLE word_progress (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        indexed INTEGER NOT NULL
      ) STRICT;
      INSERT INTO word_progress VALUES (1, 0);
    `),

  /** 3: files. Their bytes are beside the database, each blob in a file of its own. */
  (database) =>
    database.exec(`
      CREATE TABLE files (
        ulid TEXT PRIMARY KEY,
        account INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
        -- Its ID: a private one may begin only after the file. Empty when the group was deleted.
        conversation TEXT NOT NULL,
        size INTEGER NOT NULL,
        hash BLOB NOT NULL,
        blob TEXT NOT NULL, -- shared by files of one account with the same bytes
        complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
        at INTEGER NOT NULL -- completed; until then, when its upload last began
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX files_by_account ON files (account, hash);
      CREATE INDEX files_by_conversation ON files (conversation);
      CREATE INDEX files_by_blob ON files (blob);
      CREATE INDEX files_by_time ON files (complete, at);
    `),

  /** 4: invitations, and admins, who make them. */
  (database) =>
    database.exec(`
      CREATE TABLE invites (
        number INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again
        code_hash BLOB NOT NULL UNIQUE, -- SHA-256
        uses INTEGER NOT NULL,
        used INTEGER NOT NULL DEFAULT 0 CHECK (used <= uses),
        made_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        creator INTEGER REFERENCES accounts ON DELETE CASCADE -- NULL: at the server's machine
      ) STRICT;
      CREATE INDEX invites_by_expiry ON invites (expires_at);

      ALTER TABLE accounts ADD COLUMN is_admin INTEGER NOT NULL DEFAULT 0
        CHECK (is_admin IN (0, 1));
    `),

  /**
   * 5: kinds of messages that no client can read: servers took any string, and stopped the catching up
   * of everyone who was away. SQLite's functions for text stop at a NUL.
   */
  (database) =>
    database.exec(`
      UPDATE messages SET kind = 'unreadable'
      WHERE kind GLOB '*[^a-z0-9_-]*' OR length(kind) NOT BETWEEN 1 AND 16
        OR instr(CAST(kind AS BLOB), x'00') > 0;
    `),

  /**
   * 6: no blob is shared by files that may not share it. Blobs had the names of their first files, so
   * that an upload under the name of a removed one took the blob which that had left to others. The
   * file that was complete first keeps the blob, with those that are like it.
   */
  (database) =>
    database.exec(`
      DELETE FROM files WHERE EXISTS (
        SELECT 1 FROM files AS other
        WHERE other.blob = files.blob AND other.ulid <> files.ulid AND other.complete = 1
          AND (
            (files.complete = 0 AND files.conversation <> '')
            OR (
              (other.at, other.ulid) < (files.at, files.ulid)
              AND (other.account, other.size, other.hash)
                <> (files.account, files.size, files.hash)
            )
          )
      );
    `),

  /** 7: the index of words goes into a file of its own (`word_index.ts`), which is made anew. */
  (database) =>
    database.exec(`
      DROP TABLE words;
      DROP TABLE word_progress;

      -- One row: messages up to this number were freed. A number is never another message's.
      CREATE TABLE freed_messages (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        number INTEGER NOT NULL
      ) STRICT;
      INSERT INTO freed_messages VALUES (1, 0);
    `),
];

/**
 * Brings a database to the newest schema. Before the first step that changes an existing file, a
 * copy of it is put beside it (`<file>.schema-<version>`).
 */
export function migrate(
  database: DatabaseSync,
  file: string,
  migrations: readonly Migration[] = MIGRATIONS,
): void {
  const version = schemaVersion(database);
  if (version > migrations.length) {
    throw new StoreError(
      "newer_schema",
      `Cannot open ${file}: its schema is version ${version}, and this program knows versions up ` +
        `to ${migrations.length}. Use the newer program that wrote it, or another folder.`,
    );
  }
  if (version > 0 && version < migrations.length) copyAside(database, `${file}.schema-${version}`);
  for (const [index, step] of migrations.entries()) {
    if (index < version) continue;
    database.exec("BEGIN IMMEDIATE");
    try {
      step(database);
      database.exec(`PRAGMA user_version = ${index + 1}`);
      database.exec("COMMIT");
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw new StoreError(
        "migration_failed",
        `Cannot bring ${file} from schema version ${index} to ${index + 1}: nothing was changed.`,
        { cause: error },
      );
    }
  }
}

/** Throws `StoreError` where the schema is not the newest. */
export function checkSchema(database: DatabaseSync, file: string): void {
  const version = schemaVersion(database);
  if (version === MIGRATIONS.length) return;
  throw new StoreError(
    version > MIGRATIONS.length ? "newer_schema" : "older_schema",
    `Cannot open ${file}: its schema is version ${version}, and this program's is ` +
      `${MIGRATIONS.length}. Use the program that the server runs on, or restart the server on this one.`,
  );
}

export function schemaVersion(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
}

/** A copy is whole or not there: it is written under another name first. */
function copyAside(database: DatabaseSync, copy: string): void {
  if (existsSync(copy)) return;
  const partial = `${copy}.partial`;
  rmSync(partial, { force: true });
  database.prepare("VACUUM INTO ?").run(partial);
  chmodSync(partial, 0o600);
  renameSync(partial, copy);
}
