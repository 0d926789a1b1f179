/**
 * What the server keeps, and nothing about how. Services see this interface only; `sqlite.ts` is the
 * one that ships, and any other store is held to the same suite
 * (`tests/server/store/contract.ts`).
 *
 * Every store MUST keep this contract:
 *
 * 1. When a promise has resolved, what it wrote survives the death of the process.
 * 2. `append` is one transaction: all of the batch is stored, or none of it.
 * 3. Within a conversation `seq` runs 1, 2, 3… in the order of `append`, without gaps, for ever.
 * 4. A ULID is stored once for each sender: appending it again, later or in the same batch, yields
 *    the first one's conversation, `seq` and `at`, and stores nothing.
 * 5. Nothing here checks permissions; services do.
 */
import type { Content, ConversationState, Message } from "../../protocol/frame.ts";

export interface Account {
  /** 1, 2, 3…; never used again. */
  readonly number: number;
  readonly name: string;
  /** A PHC string (see `services/passwords.ts`). */
  readonly passwordHash: string;
  readonly createdAt: number;
}

/** One signed-in device; its row is what makes revoking a token immediate. */
export interface SessionRow {
  /** The token's `jti`. */
  readonly id: string;
  readonly account: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface NewMessage {
  readonly conversation: string;
  readonly ulid: string;
  readonly from: string;
  readonly at: number;
  readonly content: Content;
}

/** What became of one message of a batch, in the batch's order. */
export interface Appended {
  /** Where it is: the first one's, when the ULID was there already (rule 4). */
  readonly conversation: string;
  readonly seq: number;
  readonly at: number;
  /** `false`: it was there already (rule 4). */
  readonly stored: boolean;
}

export interface Store extends AsyncDisposable {
  /** Makes an account and puts it into `room:general`; `undefined` when the name is taken. */
  createAccount(name: string, passwordHash: string, at: number): Promise<Account | undefined>;
  account(name: string): Promise<Account | undefined>;
  setPasswordHash(name: string, passwordHash: string): Promise<void>;

  createSession(row: SessionRow): Promise<void>;
  /** `undefined` when it was ended, or never was. */
  session(id: string): Promise<SessionRow | undefined>;
  endSession(id: string): Promise<void>;
  /** Forgets the rows that expired before `now`. */
  endExpiredSessions(now: number): Promise<void>;

  /**
   * Stores a batch. A `dm:` conversation comes into being with its first message, and both people
   * are its members; rooms and groups must exist.
   */
  append(batch: readonly NewMessage[]): Promise<readonly Appended[]>;
  /** Messages with a greater `seq`, the oldest first, at most `limit`. */
  history(conversation: string, after: number, limit: number): Promise<Message[]>;

  /** The conversations that the account is a member of, each with its newest `seq` and the mark. */
  conversations(account: string): Promise<ConversationState[]>;
  /** The names of a conversation's members. */
  members(conversation: string): Promise<string[]>;
  isMember(conversation: string, account: string): Promise<boolean>;
  /**
   * Raises the account's mark; a lower one changes nothing, and none goes past the newest message.
   */
  mark(account: string, conversation: string, seq: number): Promise<void>;
}
