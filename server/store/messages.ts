/** Messages, in the store: appended in batches, read in the order of their numbers. */
import type { Content, Message } from "../../protocol/frame.ts";
import { parseConversation } from "../../protocol/names.ts";
import type { Database } from "./database.ts";
import {
  ACCOUNT_NUMBER,
  bytes,
  CONVERSATION_NUMBER,
  integer,
  LAST_MESSAGE,
  type Row,
  text,
} from "./sql.ts";

export interface NewMessage {
  readonly conversation: string;
  readonly ulid: string;
  readonly from: string;
  readonly at: number;
  readonly content: Content;
}

/** What became of one message of a batch, in the batch's order. */
export interface Appended {
  /** Where it is: the first one's, if the ULID was stored already (rule 4). */
  readonly conversation: string;
  readonly seq: number;
  readonly at: number;
  /** `false`: it was stored already (rule 4). */
  readonly stored: boolean;
}

export interface MessageStore {
  /**
   * Stores a batch. The first message of a `dm:` conversation makes it, with both users as its
   * members. A message for a room or group that does not exist is `undefined` in the result.
   */
  append(batch: readonly NewMessage[]): Promise<readonly (Appended | undefined)[]>;
  /** Messages with a greater `seq`, the oldest first, at most `limit`. */
  history(conversation: string, after: number, limit: number): Promise<Message[]>;
}

/** Selects what `messageOf` reads. */
export const SELECT_MESSAGE = `
  SELECT c.id AS conversation, m.seq, m.ulid, a.name AS sender, m.at, m.kind, m.body, m.is_text
  FROM messages m JOIN accounts a ON a.number = m.sender
    JOIN conversations c ON c.number = m.conversation`;

function prepare(database: Database) {
  return {
    find: database.prepare(`
      SELECT c.id AS conversation, m.seq, m.at
      FROM messages m JOIN conversations c ON c.number = m.conversation
      WHERE m.sender = ${ACCOUNT_NUMBER} AND m.ulid = ?`),
    nextSeq: database.prepare(`
      UPDATE conversations SET seq = seq + 1 WHERE id = ? AND is_free = 0 RETURNING number, seq`),
    createConversation: database.prepare("INSERT INTO conversations (id) VALUES (?)"),
    addToDm: database.prepare(`
      INSERT INTO members (account, conversation, mark, held)
      SELECT a.number, c.number, c.seq, CASE a.status WHEN 'dnd' THEN c.seq END
      FROM accounts a, conversations c WHERE a.name = ? AND c.id = ?`),
    insert: database.prepare(`
      INSERT INTO messages (number, conversation, seq, sender, ulid, at, kind, body, is_text)
      SELECT ${LAST_MESSAGE} + 1, ?, ?, number, ?, ?, ?, ?, ? FROM accounts WHERE name = ?`),
    history: database.prepare(`
      ${SELECT_MESSAGE} WHERE m.conversation = ${CONVERSATION_NUMBER} AND m.seq > ?
      ORDER BY m.seq LIMIT ?`),
  };
}

export class SqliteMessages implements MessageStore {
  readonly #database: Database;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(database: Database) {
    this.#database = database;
    this.#sql = prepare(database);
  }

  append(batch: readonly NewMessage[]): Promise<readonly (Appended | undefined)[]> {
    return this.#database.transaction(() => batch.map((message) => this.#appendOne(message)));
  }

  history(conversation: string, after: number, limit: number): Promise<Message[]> {
    return this.#database.read(() =>
      this.#sql.history.all(conversation, after, limit).map(messageOf)
    );
  }

  #appendOne(message: NewMessage): Appended | undefined {
    const stored = this.#sql.find.get(message.from, message.ulid);
    if (stored !== undefined) {
      const conversation = text(stored, "conversation");
      return {
        // The group that it was sent to may have been deleted since: its row has another name then.
        conversation: parseConversation(conversation) ? conversation : message.conversation,
        seq: integer(stored, "seq"),
        at: integer(stored, "at"),
        stored: false,
      };
    }
    const { conversation, content: { kind, body } } = message;
    const next = this.#sql.nextSeq.get(conversation) ?? this.#createDm(conversation);
    if (next === undefined) return undefined;
    const seq = integer(next, "seq");
    const isText = typeof body === "string";
    const { changes } = this.#sql.insert.run(
      integer(next, "number"),
      seq,
      message.ulid,
      message.at,
      kind,
      isText ? encoder.encode(body) : body,
      isText ? 1 : 0,
      message.from,
    );
    if (changes === 0) throw new Error(`Cannot append a message: no account ${message.from}`);
    return { conversation, seq, at: message.at, stored: true };
  }

  /** Makes the conversation of two users with both as its members; takes its first `seq`. */
  #createDm(conversation: string): Row | undefined {
    const parsed = parseConversation(conversation);
    if (parsed?.type !== "dm") return undefined;
    this.#sql.createConversation.run(conversation);
    for (const user of parsed.users) {
      const { changes } = this.#sql.addToDm.run(user, conversation);
      if (changes === 0) throw new Error(`Cannot create ${conversation}: no account ${user}`);
    }
    const next = this.#sql.nextSeq.get(conversation);
    if (next === undefined) throw new Error(`Cannot create ${conversation}`);
    return next;
  }
}

export function messageOf(row: Row): Message {
  return {
    type: "message",
    conversation: text(row, "conversation"),
    seq: integer(row, "seq"),
    ulid: text(row, "ulid"),
    from: text(row, "sender"),
    at: integer(row, "at"),
    content: { kind: text(row, "kind"), body: bodyOf(row) },
  };
}

/** Text is stored as UTF-8 bytes. */
export function bodyOf(row: Row): string | Uint8Array<ArrayBuffer> {
  const body = bytes(row, "body");
  return integer(row, "is_text") === 1 ? decoder.decode(body) : body;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
