/** Rooms and groups, in the store: making, changing and deleting them, and who is in them. */
import type { ListedRoom } from "../../protocol/frame.ts";
import type { Database } from "./database.ts";
import {
  ACCOUNT_NUMBER,
  CONVERSATION_NUMBER,
  DELETED,
  integer,
  LAST_MESSAGE,
  optionalText,
  type Row,
  text,
} from "./sql.ts";
import type { SqliteSearch } from "./search.ts";

/** A room or a group. */
export interface Room {
  /** Its ID. */
  readonly conversation: string;
  readonly topic: string;
  /** `undefined` for the rooms that exist from the start. */
  readonly creator: string | undefined;
}

interface RoomCounts {
  readonly made: number;
  /** Rooms that it is in, with the groups that it has made. */
  readonly joined: number;
  /** Groups of others that it is in, and those of `creator`. */
  readonly added: number;
  readonly addedBy: number;
}

export interface RoomStore {
  /** Makes a room or group with these members; `false` if the ID is taken. */
  create(room: Room, members: readonly string[]): Promise<boolean>;
  get(conversation: string): Promise<Room | undefined>;
  setTopic(conversation: string, topic: string): Promise<void>;
  /** Removes its members, messages and files, and frees its ID. */
  delete(conversation: string): Promise<void>;
  /** Marks earlier messages as seen. Who is a member already stays one. */
  addMembers(conversation: string, accounts: readonly string[]): Promise<void>;
  removeMembers(conversation: string, accounts: readonly string[]): Promise<void>;
  /** All rooms, or the groups that the account is in, as it sees them, by name. */
  list(account: string, kind: "rooms" | "groups"): Promise<ListedRoom[]>;
  /** How many rooms there are; groups do not count. */
  countRooms(): Promise<number>;
  /** How many rooms and groups the account has made, and is in. */
  countOf(account: string, creator?: string): Promise<RoomCounts>;
  /** Frees at most `limit` messages of deleted groups; `false`: none are left. */
  freeDeleted(limit: number): Promise<boolean>;
}

const SELECT_ROOM = `
  SELECT c.id, c.topic, a.name AS creator
  FROM conversations c LEFT JOIN accounts a ON a.number = c.creator`;

const SELECT_LISTED = `
  SELECT c.id, c.topic, a.name AS creator,
    (SELECT count(*) FROM members WHERE conversation = c.number) AS people,
    EXISTS (
      SELECT 1 FROM members WHERE conversation = c.number AND account = ${ACCOUNT_NUMBER}
    ) AS member
  FROM conversations c LEFT JOIN accounts a ON a.number = c.creator`;

function prepare(database: Database) {
  const sql = (source: string) => database.prepare(source);
  return {
    create: sql(`
      INSERT INTO conversations (id, topic, creator)
      SELECT ?, ?, (SELECT number FROM accounts WHERE name = ?) WHERE TRUE
      ON CONFLICT (id) DO UPDATE SET topic = excluded.topic, creator = excluded.creator, is_free = 0
      WHERE is_free = 1`),
    get: sql(`${SELECT_ROOM} WHERE c.id = ? AND c.is_free = 0`),
    setTopic: sql("UPDATE conversations SET topic = ? WHERE id = ? AND is_free = 0"),

    addMember: sql(`
      INSERT INTO members (account, conversation, mark)
      SELECT a.number, c.number, c.seq FROM accounts a, conversations c
      WHERE a.name = ? AND c.id = ? AND c.is_free = 0
      ON CONFLICT DO NOTHING`),
    removeMember: sql(`
      DELETE FROM members
      WHERE account = ${ACCOUNT_NUMBER} AND conversation = ${CONVERSATION_NUMBER}`),

    markDeleted: sql(`
      UPDATE conversations SET id = 'deleted:' || number, creator = NULL
      WHERE id = ? AND is_free = 0 RETURNING number, seq`),
    removeAllMembers: sql("DELETE FROM members WHERE conversation = ?"),
    disownFiles: sql(`
      UPDATE files SET conversation = '', complete = 0, at = 0 WHERE conversation = ?`),
    freeId: sql("INSERT INTO conversations (id, seq, is_free) VALUES (?, ?, 1)"),
    deleted: sql(`SELECT 1 FROM conversations WHERE ${DELETED} LIMIT 1`),
    deletedMessages: sql(`
      SELECT m.number FROM conversations c JOIN messages m ON m.conversation = c.number
      WHERE ${DELETED} LIMIT ?`),
    noteFreed: sql(`UPDATE freed_messages SET number = ${LAST_MESSAGE}`),
    removeMessage: sql("DELETE FROM messages WHERE number = ?"),
    removeDeleted: sql(`
      DELETE FROM conversations
      WHERE ${DELETED} AND NOT EXISTS (SELECT 1 FROM messages WHERE conversation = conversations.number)`),

    rooms: sql(`
      ${SELECT_LISTED} WHERE c.id >= 'room:' AND c.id < 'room;' AND c.is_free = 0 ORDER BY c.id`),
    groups: sql(`
      ${SELECT_LISTED} JOIN members m ON m.conversation = c.number AND m.account = ${ACCOUNT_NUMBER}
      WHERE c.id >= 'group:' AND c.id < 'group;' ORDER BY c.id`),
    countRooms: sql(`
      SELECT count(*) AS count FROM conversations
      WHERE id >= 'room:' AND id < 'room;' AND is_free = 0`),
    made: sql(`SELECT count(*) AS count FROM conversations WHERE creator = ${ACCOUNT_NUMBER}`),
    memberships: sql(`
      SELECT
        count(*) FILTER (WHERE c.id >= 'room:' OR c.creator IS m.account) AS joined,
        count(*) FILTER (WHERE c.id < 'room:' AND c.creator IS NOT m.account) AS added,
        count(*) FILTER (WHERE c.id < 'room:' AND c.creator = ${ACCOUNT_NUMBER}) AS added_by
      FROM members m JOIN conversations c ON c.number = m.conversation
      WHERE m.account = ${ACCOUNT_NUMBER} AND NOT (c.id >= 'dm:' AND c.id < 'dm;')`),
  };
}

export class SqliteRooms implements RoomStore {
  readonly #database: Database;
  readonly #search: Pick<SqliteSearch, "remove">;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(database: Database, search: Pick<SqliteSearch, "remove">) {
    this.#database = database;
    this.#search = search;
    this.#sql = prepare(database);
  }

  create({ conversation, topic, creator }: Room, members: readonly string[]): Promise<boolean> {
    return this.#database.transaction(() => {
      const { changes } = this.#sql.create.run(conversation, topic, creator ?? null);
      if (changes === 0) return false;
      for (const member of members) this.#sql.addMember.run(member, conversation);
      return true;
    });
  }

  get(conversation: string): Promise<Room | undefined> {
    return this.#database.look(() => {
      const row = this.#sql.get.get(conversation);
      return row && roomOf(row);
    });
  }

  setTopic(conversation: string, topic: string): Promise<void> {
    return this.#database.write(() => void this.#sql.setTopic.run(topic, conversation));
  }

  /** A group may have very many messages: they are freed bit by bit (`freeDeleted`). */
  delete(conversation: string): Promise<void> {
    return this.#database.transaction(() => {
      const deleted = this.#sql.markDeleted.get(conversation);
      if (deleted === undefined) return;
      this.#sql.removeAllMembers.run(integer(deleted, "number"));
      this.#sql.disownFiles.run(conversation);
      this.#sql.freeId.run(conversation, integer(deleted, "seq"));
    });
  }

  addMembers(conversation: string, accounts: readonly string[]): Promise<void> {
    return this.#database.transaction(() => {
      for (const account of accounts) this.#sql.addMember.run(account, conversation);
    });
  }

  removeMembers(conversation: string, accounts: readonly string[]): Promise<void> {
    return this.#database.transaction(() => {
      for (const account of accounts) this.#sql.removeMember.run(account, conversation);
    });
  }

  list(account: string, kind: "rooms" | "groups"): Promise<ListedRoom[]> {
    return this.#database.read(() => {
      const rows = kind === "rooms"
        ? this.#sql.rooms.all(account)
        : this.#sql.groups.all(account, account);
      return rows.map(listedOf);
    });
  }

  countRooms(): Promise<number> {
    return this.#database.look(() => integer(this.#sql.countRooms.get(), "count"));
  }

  countOf(account: string, creator?: string): Promise<RoomCounts> {
    return this.#database.look(() => {
      const memberships = this.#sql.memberships.get(creator ?? null, account);
      return {
        made: integer(this.#sql.made.get(account), "count"),
        joined: integer(memberships, "joined"),
        added: integer(memberships, "added"),
        addedBy: integer(memberships, "added_by"),
      };
    });
  }

  async freeDeleted(limit: number): Promise<boolean> {
    // A power cut must not give back a group of which the words are gone.
    const numbers = await this.#database.read(() =>
      this.#sql.deleted.get() &&
      this.#sql.deletedMessages.all(limit).map((row) => integer(row, "number"))
    );
    if (numbers === undefined) return false;
    if (numbers.length > 0) await this.#search.remove(numbers);
    return await this.#database.change(() =>
      this.#database.atomically(() => {
        if (numbers.length > 0) this.#sql.noteFreed.run();
        for (const number of numbers) this.#sql.removeMessage.run(number);
        this.#sql.removeDeleted.run();
        return numbers.length === limit;
      })
    );
  }
}

function roomOf(row: Row): Room {
  return {
    conversation: text(row, "id"),
    topic: text(row, "topic"),
    creator: optionalText(row, "creator"),
  };
}

function listedOf(row: Row): ListedRoom {
  const { creator, ...room } = roomOf(row);
  return {
    ...room,
    people: integer(row, "people"),
    member: integer(row, "member") === 1,
    ...(creator === undefined ? {} : { creator }),
  };
}
