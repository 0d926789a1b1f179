/**
 * Reads messages for the search and its index, over a connection of its own that cannot write: it may
 * be used in another thread than the store's. Each call reads a bounded number of rows, and leaves no
 * transaction open.
 */
import { DatabaseSync } from "node:sqlite";
import { bodyOf } from "./messages.ts";
import { ACCOUNT_NUMBER, DELETED, integer, LAST_MESSAGE, type Row, text } from "./sql.ts";
import type { IndexedText, Progress } from "./word_index.ts";
import { wordsOf } from "./words.ts";

/** A conversation, as far as one of its members may read it. */
export interface Readable {
  readonly conversation: number;
  /** The newest message that the account may read: its `seq`, and its number. */
  readonly seq: number;
  readonly number: number;
}

interface StoredText {
  readonly number: number;
  readonly seq: number;
  /** `undefined`: it is no text. */
  readonly body: string | undefined;
}

/** What the index is to take in next. */
interface Batch {
  readonly texts: readonly IndexedText[];
  /** The last message that was looked at. `undefined`: there is none. */
  readonly last: Progress | undefined;
}

const TEXT = "m.number, m.seq, m.kind, m.body, m.is_text";

function prepare(database: DatabaseSync) {
  return {
    readable: database.prepare(`
      SELECT r.conversation, m.seq, m.number
      FROM members r JOIN conversations c ON c.number = r.conversation
        JOIN messages m ON m.conversation = c.number AND m.seq = coalesce(r.held, c.seq)
      WHERE r.account = ${ACCOUNT_NUMBER} AND r.conversation > ?
      ORDER BY r.conversation LIMIT ?`),
    text: database.prepare(`SELECT ${TEXT} FROM messages m WHERE m.number = ?`),
    newest: database.prepare(`
      SELECT ${TEXT} FROM messages m WHERE m.conversation = ? AND m.seq <= ?
      ORDER BY m.seq DESC LIMIT 1`),
    // What a deleted group has left is removed soon.
    range: database.prepare(`
      SELECT ${TEXT}, m.ulid, m.conversation, ${DELETED} AS is_deleted
      FROM messages m JOIN conversations c ON c.number = m.conversation
      WHERE m.number > ? AND m.number <= ? ORDER BY m.number`),
    ulid: database.prepare("SELECT ulid FROM messages WHERE number = ?"),
    last: database.prepare(`SELECT ${LAST_MESSAGE} AS number`),
  };
}

export class MessageReader implements Disposable {
  readonly #database: DatabaseSync;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(file: string) {
    this.#database = new DatabaseSync(file, { readOnly: true });
    this.#sql = prepare(this.#database);
  }

  /** Conversations that the account is in: at most `limit`, after the one with this number. */
  readable(account: string, after: number, limit: number): Readable[] {
    return this.#sql.readable.all(account, after, limit).map((row) => ({
      conversation: integer(row, "conversation"),
      seq: integer(row, "seq"),
      number: integer(row, "number"),
    }));
  }

  text(number: number): string | undefined {
    const row = this.#sql.text.get(number);
    return row && bodyIfText(row);
  }

  /** The newest message of the conversation up to `seq`. */
  newest(conversation: number, seq: number): StoredText | undefined {
    const row = this.#sql.newest.get(conversation, seq);
    if (row === undefined) return undefined;
    return { number: integer(row, "number"), seq: integer(row, "seq"), body: bodyIfText(row) };
  }

  /** Messages after `from` and up to `to`, with about so many bytes of text at most. */
  batch(from: number, to: number, size: number): Batch {
    const texts: IndexedText[] = [];
    let last: Progress | undefined;
    let left = size;
    for (const row of this.#sql.range.iterate(from, to)) {
      const number = integer(row, "number");
      last = { number, ulid: text(row, "ulid") };
      const body = integer(row, "is_deleted") === 1 ? undefined : bodyIfText(row);
      const words = wordsOf(body ?? "");
      if (words.length > 0) {
        const conversation = integer(row, "conversation");
        texts.push({ number, conversation, seq: integer(row, "seq"), words });
      }
      left -= ROW + (body?.length ?? 0);
      if (left <= 0) break;
    }
    return { texts, last };
  }

  /** Whether this database is the one that an index was made of. */
  has({ number, ulid }: Progress): boolean {
    const row = this.#sql.ulid.get(number);
    // A message that was freed is no longer there; one that is to come has no such number.
    return row === undefined ? number <= this.#last() : text(row, "ulid") === ulid;
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #last(): number {
    return integer(this.#sql.last.get(), "number");
  }
}

/** What a message counts for besides its text, in characters. */
const ROW = 100;

function bodyIfText(row: Row): string | undefined {
  const body = text(row, "kind") === "text" ? bodyOf(row) : undefined;
  return typeof body === "string" ? body : undefined;
}
