/**
 * Everything of one account, over one session after the other: which part takes which frame, and
 * which part carries out which command. A client that changes its account makes a new one.
 *
 * Data flows one way: parts that are made first know nothing of those that are made later.
 */
import type { Clock } from "../protocol/clock.ts";
import type { ServerFrame, ServerFrames } from "../protocol/frame.ts";
import type { EventQueue } from "./event_queue.ts";
import type { Intent } from "./events.ts";
import { type FileOptions, Files } from "./files/files.ts";
import type { Log } from "./log.ts";
import { answerQuery } from "./messages/account_queries.ts";
import { Composer } from "./messages/composer.ts";
import { History } from "./messages/history.ts";
import { Inbox } from "./messages/inbox.ts";
import { MessageExchange } from "./messages/message_exchange.ts";
import { Offers } from "./messages/offers.ts";
import { Rooms } from "./messages/rooms.ts";
import { SealedMessages } from "./messages/sealed_messages.ts";
import { SecretMessages } from "./messages/secret_messages.ts";
import { SendQueue } from "./messages/send_queue.ts";
import { UserList } from "./messages/user_list.ts";
import type { Prompts } from "./session/prompts.ts";
import { UnansweredError } from "./session/refused_error.ts";
import { CurrentSession, type SignedInSession } from "./session/signed_in_session.ts";

interface AccountOptions {
  readonly events: EventQueue;
  readonly clock: Clock;
  /** Cryptographically random bytes. */
  readonly random: (length: number) => Uint8Array;
  /** From 0 up to, but not including, 1. */
  readonly fraction: () => number;
  /** Makes the ID of a message. */
  readonly ulid: () => string;
  /** Short numbers, which go on when the account changes. */
  readonly numbers: { readonly sealed: () => number; readonly files: () => number };
  readonly prompts: Prompts;
  readonly files: FileOptions;
  readonly log: Log | undefined;
}

/** What a user wants of the account; the rest is about the client. */
type AccountIntent = Exclude<Intent, { type: "sign_in" | "help" | "quit" }>;

interface Parts {
  readonly events: EventQueue;
  readonly exchange: MessageExchange;
  readonly rooms: Rooms;
  readonly users: UserList;
}

type FrameTable = {
  readonly [Type in ServerFrame["type"]]: (frame: ServerFrames[Type], parts: Parts) => void;
};

/** The session takes it: it answers a request, or is about the session itself. */
const forSession = () => {};
/** It comes on a stream of its own, and never here. */
const forTransfer = () => {};

/** Which part takes which frame. */
const FRAMES: FrameTable = {
  welcome: forSession,
  authenticated: forSession,
  pong: forSession,
  bye: forSession,
  done: forSession,
  resolved: forSession,
  listed: forSession,
  membership: forSession,
  invited: forSession,
  ready: forTransfer,
  stored: forTransfer,
  chunk: forTransfer,
  end: forTransfer,
  message: (frame, { exchange }) => exchange.arrived(frame),
  ack: (frame, { exchange }) => exchange.acknowledged(frame),
  marked: (frame, { exchange }) => exchange.marked(frame),
  resync(_, { exchange, rooms, users }) {
    rooms.restart();
    users.restart();
    exchange.resync();
  },
  conversations(frame, { exchange, rooms }) {
    rooms.listed(frame.conversations, frame.more);
    exchange.listed(frame);
  },
  conversation(frame, { exchange, rooms }) {
    rooms.joined(frame.conversation);
    exchange.joined(frame);
  },
  changed(frame, { exchange, rooms }) {
    if (rooms.changed(frame)) exchange.left(frame.conversation);
  },
  users: (frame, { users }) => users.listed(frame),
  presence: ({ user, number, status }, { events }) =>
    events.put({ event: "presence", user, number, status }),
  notice: ({ code, text }, { events }) => events.put({ event: "notice", code, text }),
  error: ({ code, message }, { events }) => events.put({ event: "error", code, message }),
};

export class Account {
  /** The account's name. */
  readonly name: string;
  readonly #session: CurrentSession;
  readonly #queue: SendQueue;
  readonly #composer: Composer;
  readonly #secrets: SecretMessages;
  readonly #files: Files;
  readonly #history: History;
  readonly #parts: Parts;

  constructor(signedIn: SignedInSession, options: AccountOptions) {
    const { events, clock, random, fraction, ulid, numbers, prompts, log } = options;
    const { account } = signedIn;
    this.name = account;
    const session = this.#session = new CurrentSession(signedIn);
    const sealed = new SealedMessages(account, numbers.sealed);
    const offers = new Offers(numbers.files);
    const inbox = new Inbox({ account, events, sealed, offers });
    const queue = this.#queue = new SendQueue(events);
    const rooms = new Rooms({ account, events, session });
    const users = new UserList(events);
    const secrets = this.#secrets = new SecretMessages({ account, sealed, prompts, random });
    this.#history = new History({ session, rooms, sealed, offers });
    const composer = this.#composer = new Composer(
      { account, queue, inbox, rooms, session, secrets, ulid, events },
    );
    const files = this.#files = new Files({
      ...options.files,
      ...{ account, session, offers, composer, queue, ulid, events, clock, random: fraction },
      nextNumber: numbers.files,
    });
    const exchange = new MessageExchange(
      { clock, random: fraction, events, session, queue, inbox, files, log },
    );
    this.#parts = { events, exchange, rooms, users };
    exchange.resume();
  }

  /** Messages that are not acknowledged. */
  get unsent(): number {
    return this.#queue.size;
  }

  /** Files that `stopFiles` has stopped. */
  get unfinished(): number {
    return this.#files.unfinished;
  }

  /** Bytes of files that were moved or read so far. */
  get movedBytes(): number {
    return this.#files.movedBytes;
  }

  /** The account has signed in again. */
  resume(signedIn: SignedInSession): void {
    this.#session.replace(signedIn);
    const { exchange, rooms, users } = this.#parts;
    rooms.restart();
    users.restart();
    exchange.resume();
  }

  /** The session has ended. */
  interrupt(): void {
    this.#session.clear();
    this.#parts.exchange.interrupt();
  }

  /** Takes a frame of the current session. */
  receive(frame: ServerFrame): void {
    receiveBy(FRAMES, frame, this.#parts);
    // The server may have dropped changes of presence, too.
    if (frame.type === "resync" && this.#session.allows("who")) {
      void this.#session.request({ type: "who" });
    }
  }

  /** Carries out a command. Throws `RefusedError`. */
  async do(intent: AccountIntent): Promise<void> {
    const { events, exchange, rooms } = this.#parts;
    switch (intent.type) {
      case "say":
      case "private":
      case "reply":
      case "secret":
        return await this.#composer.do(intent);
      case "send_file":
      case "accept":
      case "cancel":
      case "decline":
      case "files":
        return await this.#files.do(intent);
      case "open":
        return events.put(await this.#secrets.open(intent));
      case "keys":
        return events.put(await this.#secrets.remember(intent));
      case "names":
        return await this.#listUsers();
      case "list":
      case "members":
      case "join":
      case "leave":
      case "create":
      case "topic":
      case "add":
      case "remove":
      case "delete": {
        const left = await rooms.do(intent);
        return left === undefined ? undefined : exchange.left(left);
      }
      case "history":
      case "search":
        return events.put(await this.#history.answer(intent));
      case "status":
      case "invite":
        return events.put(await answerQuery(intent, this.name, this.#session));
    }
  }

  /** Resolves when there is room for one more message, or the account is not used any more. */
  room(): Promise<void> {
    return this.#queue.room();
  }

  /** Resolves when every message is acknowledged, or the session has ended. */
  async sent(): Promise<void> {
    await Promise.race([this.#queue.empty(), this.#session.connection?.closed]);
  }

  /** Whether there is a session. */
  get isConnected(): boolean {
    return this.#session.connection !== undefined;
  }

  /** Resolves when nothing is unanswered, unsent, missing or being transferred. */
  async settled(): Promise<void> {
    const { exchange, users } = this.#parts;
    await users.complete;
    await this.#session.connection?.answered();
    await exchange.settled();
    await this.#files.idle();
    await exchange.settled(); // A file that was uploaded becomes a message.
  }

  /** Tells the server at once what was shown. */
  flushMarks(): void {
    this.#parts.exchange.flushMarks();
  }

  /** Stops every transfer, and starts none. Idempotent. */
  stopFiles(): void {
    this.#files.stop();
  }

  /** Resolves when no file is open any more; call `stopFiles` first. */
  filesClosed(): Promise<void> {
    return this.#files.idle();
  }

  /** The account is not used any more. */
  close(): void {
    this.stopFiles();
    this.#parts.exchange.close();
  }

  /** The list comes as a frame, and is shown as one that came by itself. */
  async #listUsers(): Promise<void> {
    try {
      await this.#session.request({ type: "who" });
    } catch (refusal) {
      // After a break or `resync` the server sends a list by itself.
      if (!(refusal instanceof UnansweredError)) throw refusal;
    }
  }
}

function receiveBy<Type extends ServerFrame["type"]>(
  table: FrameTable,
  frame: ServerFrames[Type],
  parts: Parts,
): void {
  table[frame.type as Type](frame, parts);
}
