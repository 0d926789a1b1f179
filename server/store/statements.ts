/**
 * The statements of the SQLite store, prepared once, and how their rows are read. When to run which
 * is `sqlite.ts`'s business.
 */
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import type { ListedPlace, Message, OwnStatus } from "../../protocol/frame.ts";
import type { Account, MemberState, Place } from "./store.ts";

export type Row = Record<string, SQLOutputValue>;
export type Statements = ReturnType<typeof prepare>;

/** The number of an account, a conversation: `?` is its name, its ID. */
const ACCOUNT = "(SELECT number FROM accounts WHERE name = ?)";
const CONVERSATION = "(SELECT number FROM conversations WHERE id = ?)";

const MESSAGE = `
  SELECT c.id AS conversation, m.seq, m.ulid, a.name AS sender, m.at, m.kind, m.body, m.is_text
  FROM messages m JOIN accounts a ON a.number = m.sender
    JOIN conversations c ON c.number = m.conversation`;

/**
 * `seq` without gaps: what is unread is what follows the mark, but for one's own. It counts one's
 * own up to a bound; whoever writes so much without reading gets a number that is too great.
 */
const STATE = `
  SELECT id, visible AS seq, mark, newest > visible AS held,
    max(0, visible - mark - (SELECT count(*) FROM (
      SELECT 1 FROM messages o
      WHERE o.sender = account AND o.conversation = conversation_number
        AND o.seq > mark AND o.seq <= visible LIMIT 10000
    ))) AS unread
  FROM (
    SELECT c.id, c.number AS conversation_number, m.account, m.mark, c.seq AS newest,
      coalesce(m.held, c.seq) AS visible, m.held AS limit_seq
    FROM members m JOIN conversations c ON c.number = m.conversation
    WHERE m.account = ${ACCOUNT}`;

const PLACE = `
  SELECT c.id, c.topic, a.name AS creator
  FROM conversations c LEFT JOIN accounts a ON a.number = c.creator`;

const LISTED = `
  SELECT c.id, c.topic, a.name AS creator,
    (SELECT count(*) FROM members WHERE conversation = c.number) AS people,
    EXISTS (SELECT 1 FROM members WHERE conversation = c.number AND account = ${ACCOUNT}) AS member
  FROM conversations c LEFT JOIN accounts a ON a.number = c.creator`;

/** What a deleted group leaves behind has an ID that nobody can say. */
const SWEPT = "id >= 'deleted:' AND id < 'deleted;'";

export function prepare(database: DatabaseSync) {
  const sql = (source: string): StatementSync => database.prepare(source);
  return {
    begin: sql("BEGIN IMMEDIATE"),
    commit: sql("COMMIT"),
    rollback: sql("ROLLBACK"),

    createAccount: sql(`
      INSERT INTO accounts (name, password_hash, created_at) VALUES (?, ?, ?) RETURNING *`),
    account: sql("SELECT * FROM accounts WHERE name = ?"),
    accountByNumber: sql("SELECT * FROM accounts WHERE number = ?"),
    setPasswordHash: sql("UPDATE accounts SET password_hash = ? WHERE name = ?"),
    setStatus: sql("UPDATE accounts SET status = ? WHERE name = ?"),
    hold: sql(`
      UPDATE members SET held = c.seq FROM conversations c
      WHERE members.account = ${ACCOUNT} AND members.conversation = c.number
        AND held IS NULL AND c.id >= 'dm:' AND c.id < 'dm;'`),
    letGo: sql(`UPDATE members SET held = NULL WHERE account = ${ACCOUNT} AND held IS NOT NULL`),

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
      WHERE m.sender = ${ACCOUNT} AND m.ulid = ?`),
    nextSeq: sql(`
      UPDATE conversations SET seq = seq + 1 WHERE id = ? AND is_free = 0 RETURNING number, seq`),
    createConversation: sql("INSERT INTO conversations (id) VALUES (?)"),
    openTo: sql(`
      INSERT INTO members (account, conversation, mark, held)
      SELECT a.number, c.number, c.seq, CASE a.status WHEN 'dnd' THEN c.seq END
      FROM accounts a, conversations c WHERE a.name = ? AND c.id = ?`),
    insert: sql(`
      INSERT INTO messages (conversation, seq, sender, ulid, at, kind, body, is_text)
      SELECT ?, ?, number, ?, ?, ?, ?, ? FROM accounts WHERE name = ?`),
    history: sql(`
      ${MESSAGE} WHERE m.conversation = ${CONVERSATION} AND m.seq > ? ORDER BY m.seq LIMIT ?`),

    states: sql(`${STATE}) WHERE limit_seq IS NOT 0 ORDER BY conversation_number`),
    state: sql(`${STATE} AND m.conversation = ${CONVERSATION})`),
    members: sql(`
      SELECT a.name, a.number FROM members m JOIN accounts a ON a.number = m.account
      WHERE m.conversation = ${CONVERSATION} ORDER BY a.number`),
    isMember: sql(`
      SELECT 1 FROM members WHERE conversation = ${CONVERSATION} AND account = ${ACCOUNT}`),
    mark: sql(`
      UPDATE members SET mark = min(?1, c.seq) FROM conversations c, accounts a
      WHERE a.name = ?2 AND c.id = ?3
        AND members.account = a.number AND members.conversation = c.number
        AND mark < min(?1, c.seq)`),

    createPlace: sql(`
      INSERT INTO conversations (id, topic, creator)
      SELECT ?, ?, (SELECT number FROM accounts WHERE name = ?) WHERE TRUE
      ON CONFLICT (id) DO UPDATE SET topic = excluded.topic, creator = excluded.creator, is_free = 0
      WHERE is_free = 1`),
    place: sql(`${PLACE} WHERE c.id = ? AND c.is_free = 0`),
    setTopic: sql("UPDATE conversations SET topic = ? WHERE id = ? AND is_free = 0"),
    join: sql(`
      INSERT INTO members (account, conversation, mark)
      SELECT a.number, c.number, c.seq FROM accounts a, conversations c
      WHERE a.name = ? AND c.id = ? AND c.is_free = 0
      ON CONFLICT DO NOTHING`),
    leave: sql(`DELETE FROM members WHERE account = ${ACCOUNT} AND conversation = ${CONVERSATION}`),
    leaveAll: sql("DELETE FROM members WHERE conversation = ?"),
    bury: sql(`
      UPDATE conversations SET id = 'deleted:' || number, creator = NULL
      WHERE id = ? AND is_free = 0 RETURNING number, seq`),
    dropFiles: sql(`
      UPDATE files SET conversation = '', complete = 0, at = 0 WHERE conversation = ?`),
    free: sql("INSERT INTO conversations (id, seq, is_free) VALUES (?, ?, 1)"),
    rooms: sql(`
      ${LISTED} WHERE c.id >= 'room:' AND c.id < 'room;' AND c.is_free = 0 ORDER BY c.id`),
    groups: sql(`
      ${LISTED} JOIN members m ON m.conversation = c.number AND m.account = ${ACCOUNT}
      WHERE c.id >= 'group:' AND c.id < 'group;' ORDER BY c.id`),
    countRooms: sql(`
      SELECT count(*) AS count FROM conversations
      WHERE id >= 'room:' AND id < 'room;' AND is_free = 0`),
    made: sql(`SELECT count(*) AS count FROM conversations WHERE creator = ${ACCOUNT}`),
    joined: sql(`
      SELECT count(*) AS count FROM members m JOIN conversations c ON c.number = m.conversation
      WHERE m.account = ${ACCOUNT} AND NOT (c.id >= 'dm:' AND c.id < 'dm;')`),

    indexed: sql("SELECT indexed FROM word_progress"),
    setIndexed: sql("UPDATE word_progress SET indexed = ?"),
    lowerIndexed: sql(`
      UPDATE word_progress
      SET indexed = min(indexed, (SELECT coalesce(max(number), 0) FROM messages))`),
    unindexed: sql(`
      SELECT number, kind, body, is_text FROM messages WHERE number > ? ORDER BY number LIMIT ?`),
    addWords: sql("INSERT INTO words (rowid, body) VALUES (?, ?)"),
    dropWords: sql("DELETE FROM words WHERE rowid = ?"),
    candidates: sql(`
      SELECT rowid AS number FROM words WHERE words MATCH ? AND rowid < ?
      ORDER BY rowid DESC LIMIT ?`),
    found: sql(`
      ${MESSAGE} JOIN members r ON r.conversation = m.conversation
      WHERE m.number = ? AND r.account = ${ACCOUNT} AND m.seq <= coalesce(r.held, m.seq)`),

    swept: sql(`
      SELECT m.number FROM conversations c JOIN messages m ON m.conversation = c.number
      WHERE ${SWEPT} LIMIT ?`),
    dropMessage: sql("DELETE FROM messages WHERE number = ?"),
    dropSwept: sql(`DELETE FROM conversations WHERE ${SWEPT}`),
  };
}

export function accountOf(row: Row): Account {
  return {
    number: integer(row["number"]),
    name: text(row["name"]),
    passwordHash: text(row["password_hash"]),
    createdAt: integer(row["created_at"]),
    status: statusOf(row),
  };
}

export function messageOf(row: Row): Message {
  return {
    type: "message",
    conversation: text(row["conversation"]),
    seq: integer(row["seq"]),
    ulid: text(row["ulid"]),
    from: text(row["sender"]),
    at: integer(row["at"]),
    content: { kind: text(row["kind"]), body: bodyOf(row) },
  };
}

export function stateOf(row: Row): MemberState {
  return {
    conversation: text(row["id"]),
    seq: integer(row["seq"]),
    mark: integer(row["mark"]),
    unread: integer(row["unread"]),
    held: integer(row["held"]) === 1,
  };
}

export function placeOf(row: Row): Place {
  const creator = row["creator"];
  return {
    conversation: text(row["id"]),
    topic: text(row["topic"]),
    creator: creator === null ? undefined : text(creator),
  };
}

export function listedOf(row: Row): ListedPlace {
  const { creator, ...place } = placeOf(row);
  return {
    ...place,
    people: integer(row["people"]),
    member: integer(row["member"]) === 1,
    ...(creator === undefined ? {} : { creator }),
  };
}

export function integer(value: SQLOutputValue | undefined): number {
  if (typeof value !== "number") throw new TypeError("The database holds no number here");
  return value;
}

export function text(value: SQLOutputValue | undefined): string {
  if (typeof value !== "string") throw new TypeError("The database holds no text here");
  return value;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export function bodyOf(row: Row): string | Uint8Array<ArrayBuffer> {
  const bytes = row["body"];
  if (!(bytes instanceof Uint8Array)) throw new TypeError("The database holds no bytes here");
  return integer(row["is_text"]) === 1 ? decoder.decode(bytes) : new Uint8Array(bytes);
}

function statusOf(row: Row): OwnStatus {
  const status = text(row["status"]);
  if (status === "normal" || status === "dnd" || status === "away") return status;
  throw new TypeError("The database holds no status here");
}
