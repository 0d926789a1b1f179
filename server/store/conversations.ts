/** Conversations as their members see them, in the store: members, marks, how many are unread. */
import type { ConversationState } from "../../protocol/frame.ts";
import type { Account } from "./accounts.ts";
import type { Database } from "./database.ts";
import { OwnMessages } from "./own_messages.ts";
import { ACCOUNT_NUMBER, CONVERSATION_NUMBER, integer, type Row, text } from "./sql.ts";

type Member = Pick<Account, "name" | "number">;

/** A conversation as one of its members sees it. */
export interface MemberState extends ConversationState {
  /** Whether there are messages after `seq` that are held (rule 5). */
  readonly held: boolean;
}

export interface ConversationStore {
  /** The IDs of those that the account is a member of. It serves to decide, and is not sent. */
  of(account: string): Promise<string[]>;
  /** Those that the account is a member of, except private ones of which all is held. */
  states(account: string): Promise<ConversationState[]>;
  /** One of them; `undefined` if the account is no member. */
  state(account: string, conversation: string): Promise<MemberState | undefined>;
  /** By number. */
  members(conversation: string): Promise<Member[]>;
  isMember(conversation: string, account: string): Promise<boolean>;
  /**
   * Raises the account's mark; a lower one changes nothing, and none goes past the newest message.
   * Returns whether it was raised.
   */
  mark(account: string, conversation: string, seq: number): Promise<boolean>;
}

/** `seq` has no gaps: what is unread is what follows the mark, without the account's own messages. */
const STATE = `
  SELECT c.id, c.number, m.account, m.mark, c.seq AS newest, coalesce(m.held, c.seq) AS visible
  FROM members m JOIN conversations c ON c.number = m.conversation
  WHERE m.account = ${ACCOUNT_NUMBER}`;

function prepare(database: Database) {
  return {
    of: database.prepare(`
      SELECT c.id FROM members m JOIN conversations c ON c.number = m.conversation
      WHERE m.account = ${ACCOUNT_NUMBER} ORDER BY c.number`),
    states: database.prepare(`${STATE} AND m.held IS NOT 0 ORDER BY c.number`),
    state: database.prepare(`${STATE} AND m.conversation = ${CONVERSATION_NUMBER}`),
    members: database.prepare(`
      SELECT a.name, a.number FROM members m JOIN accounts a ON a.number = m.account
      WHERE m.conversation = ${CONVERSATION_NUMBER} ORDER BY a.number`),
    isMember: database.prepare(`
      SELECT 1 FROM members
      WHERE conversation = ${CONVERSATION_NUMBER} AND account = ${ACCOUNT_NUMBER}`),
    mark: database.prepare(`
      UPDATE members SET mark = min(?1, c.seq) FROM conversations c, accounts a
      WHERE a.name = ?2 AND c.id = ?3
        AND members.account = a.number AND members.conversation = c.number
        AND mark < min(?1, c.seq)`),
  };
}

export class SqliteConversations implements ConversationStore {
  readonly #database: Database;
  readonly #sql: ReturnType<typeof prepare>;
  readonly #own: OwnMessages;

  constructor(database: Database) {
    this.#database = database;
    this.#sql = prepare(database);
    this.#own = new OwnMessages(database);
  }

  of(account: string): Promise<string[]> {
    return this.#database.look(() => this.#sql.of.all(account).map((row) => text(row, "id")));
  }

  async states(account: string): Promise<ConversationState[]> {
    const counted = await this.#own.countAll(this.#sql.states.all(account));
    // The list is read at once: messages that come later are sent after it.
    return await this.#database.read(() =>
      this.#sql.states.all(account).map((row) => {
        const { held: _, ...state } = stateOf(row, this.#own.unreadIn(row, counted));
        return state;
      })
    );
  }

  state(account: string, conversation: string): Promise<MemberState | undefined> {
    return this.#database.read(() => {
      const row = this.#sql.state.get(account, conversation);
      return row && stateOf(row, this.#own.unreadIn(row));
    });
  }

  members(conversation: string): Promise<Member[]> {
    return this.#database.read(() =>
      this.#sql.members.all(conversation).map((row) => ({
        name: text(row, "name"),
        number: integer(row, "number"),
      }))
    );
  }

  isMember(conversation: string, account: string): Promise<boolean> {
    return this.#database.look(() => this.#sql.isMember.get(conversation, account) !== undefined);
  }

  mark(account: string, conversation: string, seq: number): Promise<boolean> {
    return this.#database.change(() => this.#sql.mark.run(seq, account, conversation).changes > 0);
  }
}

function stateOf(row: Row, unread: number): MemberState {
  const seq = integer(row, "visible");
  return {
    conversation: text(row, "id"),
    seq,
    mark: integer(row, "mark"),
    unread,
    held: integer(row, "newest") > seq,
  };
}
