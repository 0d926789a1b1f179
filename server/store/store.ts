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
 *    A name of a group that is used again goes on counting.
 * 4. A ULID is stored once for each sender: appending it again, later or in the same batch, yields
 *    the first one's conversation, `seq` and `at`, and stores nothing.
 * 5. What came into a private conversation since one of the two set the status `dnd` is held: until
 *    that account sets another one, neither its states nor its searches show it.
 * 6. Nothing here checks permissions, nor the limits of how many; services do.
 */
import type { AdmissionStore } from "./admission_store.ts";
import type {
  Content,
  ConversationState,
  ListedPlace,
  Message,
  OwnStatus,
} from "../../protocol/frame.ts";
import type { FileStore } from "./file_store.ts";

export interface Account {
  /** 1, 2, 3…; never used again. */
  readonly number: number;
  readonly name: string;
  /** A PHC string (see `services/passwords.ts`). */
  readonly passwordHash: string;
  readonly createdAt: number;
  /** What it has set; `normal` at first. */
  readonly status: OwnStatus;
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

/** A room or a group. */
export interface Place {
  readonly conversation: string;
  readonly topic: string;
  /** Who made it; nobody made the rooms that are there from the start. */
  readonly creator: string | undefined;
}

/** A conversation as one of its members sees it. */
export interface MemberState extends ConversationState {
  /** Whether there are messages after `seq` that are held (rule 5). */
  readonly held: boolean;
}

/** A part of what a search finds, the newest first. */
export interface Found {
  readonly messages: readonly Message[];
  /** Where to go on; `undefined` when everything has been looked at. */
  readonly next: number | undefined;
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
  /** Invitations and admins. */
  readonly admission: AdmissionStore;
  /** What is kept about files. */
  readonly files: FileStore;

  /** Makes an account and puts it into `room:general`; `undefined` when the name is taken. */
  createAccount(name: string, passwordHash: string, at: number): Promise<Account | undefined>;
  account(name: string): Promise<Account | undefined>;
  accountByNumber(number: number): Promise<Account | undefined>;
  setStatus(name: string, status: OwnStatus): Promise<void>;
  setPasswordHash(name: string, passwordHash: string): Promise<void>;

  createSession(row: SessionRow): Promise<void>;
  /** `undefined` when it was ended, or never was. */
  session(id: string): Promise<SessionRow | undefined>;
  endSession(id: string): Promise<void>;
  /** Forgets the rows that expired before `now`. */
  endExpiredSessions(now: number): Promise<void>;

  /**
   * Stores a batch. A `dm:` conversation comes into being with its first message, and both people
   * are its members. A message for a room or group that is not there is `undefined` in the result.
   */
  append(batch: readonly NewMessage[]): Promise<readonly (Appended | undefined)[]>;
  /** Messages with a greater `seq`, the oldest first, at most `limit`. */
  history(conversation: string, after: number, limit: number): Promise<Message[]>;

  /** The conversations that the account is a member of, but for private ones wholly held. */
  conversations(account: string): Promise<ConversationState[]>;
  /** One of them; `undefined` where the account is no member. */
  state(account: string, conversation: string): Promise<MemberState | undefined>;
  /** A conversation's members, by number. */
  members(conversation: string): Promise<Pick<Account, "name" | "number">[]>;
  isMember(conversation: string, account: string): Promise<boolean>;
  /**
   * Raises the account's mark; a lower one changes nothing, and none goes past the newest message.
   * Returns whether it was raised.
   */
  mark(account: string, conversation: string, seq: number): Promise<boolean>;

  /** Makes a room or group with these members; `false` when the ID is taken. */
  createPlace(place: Place, members: readonly string[]): Promise<boolean>;
  place(conversation: string): Promise<Place | undefined>;
  setTopic(conversation: string, topic: string): Promise<void>;
  /** Its members are none any more, its messages and files are gone, and its ID is free. */
  deletePlace(conversation: string): Promise<void>;
  /** Marks what was said before as seen. Whoever is a member stays one. */
  addMembers(conversation: string, accounts: readonly string[]): Promise<void>;
  removeMembers(conversation: string, accounts: readonly string[]): Promise<void>;
  /** All rooms, or the groups that the account is in, as it sees them, by name. */
  places(account: string, kind: "rooms" | "groups"): Promise<ListedPlace[]>;
  countRooms(): Promise<number>;
  /** How many rooms and groups the account has made, and how many it is in. */
  countPlaces(account: string): Promise<{ readonly made: number; readonly joined: number }>;

  /**
   * The newest texts that have all of the words, in conversations that the account is a member of.
   * It looks at a bounded number of texts at a time, those before `from`, and finds nothing that
   * has not been put into the index.
   */
  search(
    account: string,
    words: readonly string[],
    from: number | undefined,
    limit: number,
  ): Promise<Found>;
  /** Puts at most `limit` further messages into the index of words; `false`: none are left. */
  index(limit: number): Promise<boolean>;
  /** Frees at most `limit` messages of deleted groups; `false`: none are left. */
  sweep(limit: number): Promise<boolean>;
}
