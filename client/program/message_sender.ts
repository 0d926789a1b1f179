/**
 * One text to one place, or to a few people, and out: what `sotto send` stands on. It reads nothing
 * of what others wrote and marks nothing as seen, so that a script which speaks for a person does
 * not read for them.
 *
 * The contract:
 * 1. A message is stored once, however often the connection breaks: it keeps its ULID.
 * 2. It is over when each message is stored or refused, or `PATIENCE` after the first signing in.
 * 3. A room that the account is not in is joined: anybody may join a room.
 */
import { type Clock, systemClock } from "../../protocol/clock.ts";
import type { ServerFrame } from "../../protocol/frame.ts";
import { dmOf } from "../../protocol/names.ts";
import { randomBytes } from "../../protocol/random.ts";
import type { Request } from "../../protocol/session/client.ts";
import type { Access } from "./access.ts";
import { randomFractions, ulidGenerator } from "../messages/ids.ts";
import type { SessionConnection } from "../session/session_connection.ts";
import type { AckEvent, ErrorEvent, NoticeEvent } from "../events.ts";
import { type Ending, ReconnectingSession } from "../session/reconnecting_session.ts";
import { RETRY_DELAY, TEMPORARY_REFUSALS } from "../session/temporary_refusals.ts";
import { isoTime } from "../messages/history.ts";

/** Where a text is to go. */
export type Destination =
  | { readonly conversation: string }
  /** By name, each by themselves. */
  | { readonly people: readonly string[] };

export interface MessageSenderOptions extends Access {
  readonly to: Destination;
  readonly text: string;
  /** Told what becomes of each message, and why nobody could sign in. */
  readonly tell: (event: AckEvent | ErrorEvent | NoticeEvent) => void;
  readonly clock?: Clock;
  /** From 0 up to, but not including, 1; nobody can guess the next. */
  readonly random?: () => number;
}

/** How long a server that let somebody in may take to store what they say. */
export const PATIENCE = 30_000;

interface PendingMessage {
  readonly ulid: string;
  readonly conversation: string;
  /** `asked`: the room was asked to let this account in. */
  state: "waiting" | "asked" | "stored" | "refused";
}

export class MessageSender {
  readonly #options: MessageSenderOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #line: ReconnectingSession;
  #link: SessionConnection | undefined;
  #letters: PendingMessage[] | undefined;
  #late = false;
  readonly #timers = new Set<() => void>();

  constructor(options: MessageSenderOptions) {
    const { clock = systemClock, random = randomFractions(randomBytes) } = options;
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#line = new ReconnectingSession({ ...options, clock, random }, {
      receive: (frame, request) => this.#receive(frame, request),
      signedIn: (link) => void (this.#link = link),
      lost: () => void (this.#link = undefined),
      refused: (code, message) => this.#error({ code, message }),
      reconnecting: () => {},
    });
  }

  /** Connects, says it, and leaves. Never rejects for what a server or the network does. */
  async run(): Promise<Ending> {
    const ending = await this.#line.run();
    for (const cancel of this.#timers) cancel();
    if (ending.code !== "left") return ending;
    const states = this.#letters?.map(({ state }) => state) ?? ["waiting"];
    if (states.every((state) => state === "stored")) return ending;
    if (states.every((state) => state === "stored" || state === "refused")) {
      return { code: "failed", message: "Not everything was sent." };
    }
    const why = this.#late ? `within ${PATIENCE / 1000} s` : "before this ended";
    const message = `The server did not say ${why} that the message is stored. It may be.`;
    return { code: "unsent", message };
  }

  /** Gives up. */
  leave(): void {
    this.#line.leave();
  }

  async #receive(frame: ServerFrame, request: Request | undefined): Promise<void> {
    if (frame.type === "authenticated") return await this.#authenticated(frame);
    if (frame.type === "notice") {
      return this.#options.tell({ event: "notice", code: frame.code, text: frame.text });
    }
    if (frame.type === "resync") return this.#sendAll();
    if (request?.type === "send") {
      const letter = this.#letters?.find(({ ulid }) => ulid === request.ulid);
      if (letter === undefined) return;
      if (frame.type === "ack") this.#stored(letter, frame);
      else if (frame.type === "error") this.#refused(letter, frame);
    } else if (request?.type === "join") {
      const letter = this.#letters?.find(({ state }) => state === "asked");
      if (letter === undefined) return;
      if (frame.type === "error") this.#refused(letter, frame);
      else this.#send(letter);
    }
  }

  async #authenticated(frame: Extract<ServerFrame, { type: "authenticated" }>): Promise<void> {
    const { user, token, expires } = frame;
    this.#letters ??= this.#write(user);
    this.#sendAll();
    await this.#options.tokens.save(this.#line.pin, user, { token, expires }).catch((failure) => {
      this.#options.tell({ event: "notice", code: "token_not_saved", text: failure.message });
    });
  }

  #write(user: string): PendingMessage[] {
    const ulid = ulidGenerator(this.#clock, this.#random);
    const { to } = this.#options;
    const conversations = "people" in to
      ? to.people.map((person) => dmOf(user, person))
      : [to.conversation];
    this.#after(PATIENCE, () => {
      this.#late = true;
      this.leave();
    });
    return conversations.map((conversation) => ({
      ulid: ulid(),
      conversation,
      state: "waiting",
    }));
  }

  #sendAll(): void {
    for (const letter of this.#letters ?? []) if (!isSettled(letter)) this.#send(letter);
  }

  #send({ ulid, conversation }: PendingMessage): void {
    if (!this.#link?.allows("send")) return;
    const content = { kind: "text", body: this.#options.text };
    this.#link.request({ type: "send", ulid, conversation, content });
  }

  #stored(
    letter: PendingMessage,
    { seq, at, conversation }: Extract<ServerFrame, { type: "ack" }>,
  ): void {
    letter.state = "stored";
    const { ulid: id } = letter;
    this.#options.tell({ event: "ack", id, conversation, seq, at: isoTime(at) });
    this.#leaveWhenDone();
  }

  #refused(
    letter: PendingMessage,
    { code, message }: Extract<ServerFrame, { type: "error" }>,
  ): void {
    if (isSettled(letter)) return;
    const { conversation, ulid: id } = letter;
    if (TEMPORARY_REFUSALS.has(code)) return this.#after(RETRY_DELAY, () => this.#send(letter));
    if (code === "not_a_member" && letter.state === "waiting" && this.#link?.allows("join")) {
      letter.state = "asked";
      this.#link.request({ type: "join", conversation });
      return;
    }
    letter.state = "refused";
    this.#error({ code, id, message: `Not sent to ${conversation}: ${message}` });
    this.#leaveWhenDone();
  }

  #leaveWhenDone(): void {
    if (this.#letters?.every(isSettled)) this.leave();
  }

  #error(error: Omit<ErrorEvent, "event">): void {
    this.#options.tell({ event: "error", ...error });
  }

  #after(ms: number, callback: () => void): void {
    const cancel = this.#clock.after(ms, () => {
      this.#timers.delete(cancel);
      callback();
    });
    this.#timers.add(cancel);
  }
}

function isSettled({ state }: PendingMessage): boolean {
  return state === "stored" || state === "refused";
}
