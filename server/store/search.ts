/**
 * The index of words, in the store: SQLite's FTS5. Each call does a bounded piece of work. Storing a
 * message does not wait for the index: new messages are added later, by `index`.
 */
import type { Message } from "../../protocol/frame.ts";
import type { Database } from "./database.ts";
import { bodyOf, messageOf, SELECT_MESSAGE } from "./messages.ts";
import { ACCOUNT_NUMBER, integer, type Row, text } from "./sql.ts";

/** A part of what a search finds, the newest first. */
interface Found {
  readonly messages: readonly Message[];
  /** Where to go on; `undefined` when all messages have been looked at. */
  readonly next: number | undefined;
}

export interface SearchStore {
  /**
   * The newest texts that have all of the words, in conversations that the account is a member of.
   * It looks at a bounded number of texts at a time, those before `from`, and finds only what is in
   * the index.
   */
  find(
    account: string,
    words: readonly string[],
    from: number | undefined,
    limit: number,
  ): Promise<Found>;
  /** Adds at most `limit` further messages to the index; `false`: none are left. */
  index(limit: number): Promise<boolean>;
}

/** Texts that one call of `find` looks at. */
const LOOKED_AT = 250;

function prepare(database: Database) {
  return {
    indexed: database.prepare("SELECT indexed FROM word_progress"),
    setIndexed: database.prepare("UPDATE word_progress SET indexed = ?"),
    lowerIndexed: database.prepare(`
      UPDATE word_progress
      SET indexed = min(indexed, (SELECT coalesce(max(number), 0) FROM messages))`),
    unindexed: database.prepare(`
      SELECT number, kind, body, is_text FROM messages WHERE number > ? ORDER BY number LIMIT ?`),
    addWords: database.prepare("INSERT INTO words (rowid, body) VALUES (?, ?)"),
    removeWords: database.prepare("DELETE FROM words WHERE rowid = ?"),
    candidates: database.prepare(`
      SELECT rowid AS number FROM words WHERE words MATCH ? AND rowid < ?
      ORDER BY rowid DESC LIMIT ?`),
    visible: database.prepare(`
      ${SELECT_MESSAGE} JOIN members r ON r.conversation = m.conversation
      WHERE m.number = ? AND r.account = ${ACCOUNT_NUMBER} AND m.seq <= coalesce(r.held, m.seq)`),
  };
}

export class SqliteSearch implements SearchStore {
  readonly #database: Database;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(database: Database) {
    this.#database = database;
    this.#sql = prepare(database);
  }

  find(
    account: string,
    words: readonly string[],
    from = Number.MAX_SAFE_INTEGER,
    limit: number,
  ): Promise<Found> {
    return this.#database.read(() => {
      const candidates = this.#sql.candidates.all(queryOf(words), from, LOOKED_AT).map(numberOf);
      const messages: Message[] = [];
      for (const number of candidates) {
        const row = this.#sql.visible.get(number, account);
        if (row !== undefined && messages.push(messageOf(row)) === limit) {
          return { messages, next: number };
        }
      }
      return { messages, next: candidates.length < LOOKED_AT ? undefined : candidates.at(-1) };
    });
  }

  index(limit: number): Promise<boolean> {
    return this.#database.change(() =>
      this.#database.atomically(() => {
        const rows = this.#sql.unindexed.all(integer(this.#sql.indexed.get(), "indexed"), limit);
        for (const row of rows) {
          const body = text(row, "kind") === "text" ? bodyOf(row) : undefined;
          if (typeof body === "string") this.#sql.addWords.run(numberOf(row), body);
        }
        const last = rows.at(-1);
        if (last !== undefined) this.#sql.setIndexed.run(numberOf(last));
        return rows.length === limit;
      })
    );
  }

  /** Inside a transaction that has removed these messages. */
  removeMessages(numbers: readonly number[]): void {
    for (const number of numbers) this.#sql.removeWords.run(number);
    // The number of a removed message may be given to a new one, which has to be indexed too.
    if (numbers.length > 0) this.#sql.lowerIndexed.run();
  }
}

/** Quoted, a word is a phrase and nothing else, whatever it contains (sqlite.org/fts5.html, 3.1). */
function queryOf(words: readonly string[]): string {
  return words.map((word) => `"${word.replaceAll('"', '""')}"`).join(" ");
}

function numberOf(row: Row): number {
  return integer(row, "number");
}
