/**
 * Sends one text to one conversation, or to a few people, and leaves: for `sotto send`. It reads
 * nothing of what others wrote and marks nothing as shown: a script that speaks for a person must
 * not read for them.
 *
 * The contract:
 * 1. A message is stored once, however often the connection breaks: it keeps its ULID.
 * 2. It is over when each message is stored or refused, or `TIMEOUT` after the first sign-in.
 * 3. It joins a room that the account is not in: every account may join a room.
 */
import { randomBytes } from "@noble/hashes/utils.js";
import { type Clock, systemClock } from "../../protocol/clock.ts";
import type { Destination } from "../../protocol/destination.ts";
import type { ServerFrame } from "../../protocol/frame.ts";
import { dmOf } from "../../protocol/names.ts";
import type { Ending } from "../ending.ts";
import type { AckEvent, ChatEvent, ErrorEvent, NoticeEvent } from "../events.ts";
import { isoTime } from "../messages/content.ts";
import { randomFractions, ulidGenerator } from "../messages/ids.ts";
import { selfError } from "../messages/rooms.ts";
import { ReconnectingSession } from "../session/reconnecting_session.ts";
import {
  RefusedError,
  RETRY_DELAY,
  TEMPORARY_REFUSALS,
  UnansweredError,
} from "../session/refused_error.ts";
import type { Requester } from "../session/requests.ts";
import type { SignedInSession } from "../session/signed_in_session.ts";
import type { SessionOptions } from "./session_options.ts";

type SendEvent = AckEvent | ErrorEvent | NoticeEvent;

export interface MessageSenderOptions extends SessionOptions {
  /** A conversation, or people by name. */
  readonly to: Destination<string>;
  readonly text: string;
  /** Takes what happens to each message, and why a sign-in failed. */
  readonly tell: (event: SendEvent) => void;
  readonly clock?: Clock;
  /** From 0 up to, but not including, 1; unpredictable. */
  readonly random?: () => number;
}

/** Milliseconds that a server may take, after the sign-in, to store every message. */
export const TIMEOUT = 30_000;

interface Message {
  readonly ulid: string;
  readonly conversation: string;
  state: "waiting" | "stored" | "refused";
  /** The room was asked once to let this account in. */
  joined: boolean;
}

export class MessageSender {
  readonly #options: MessageSenderOptions;
  readonly #clock: Clock;
  readonly #session: ReconnectingSession;
  readonly #nextUlid: () => string;
  #connection: Requester | undefined;
  #messages: Message[] | undefined;
  #late = false;
  readonly #timers = new Set<() => void>();

  constructor(options: MessageSenderOptions) {
    const { clock = systemClock, random = randomFractions(randomBytes) } = options;
    this.#options = options;
    this.#clock = clock;
    this.#nextUlid = ulidGenerator(clock, random);
    const events = { put: (event: ChatEvent | undefined) => this.#tell(event) };
    this.#session = new ReconnectingSession({ ...options, clock, random, events });
  }

  /** Connects, sends, and leaves. Never rejects for what a server or the network does. */
  async run(): Promise<Ending> {
    const ending = await this.#runSession();
    for (const cancel of this.#timers) cancel();
    if (ending.code !== "left") return ending;
    const states = this.#messages?.map(({ state }) => state) ?? ["waiting"];
    if (states.every((state) => state === "stored")) return ending;
    if (!states.includes("waiting")) return { code: "failed", message: "Not everything was sent." };
    const when = this.#late ? `within ${TIMEOUT / 1000} s` : "before this ended";
    const message = `The server did not say ${when} that the message is stored. It may be.`;
    return { code: "unsent", message };
  }

  /** Gives up. */
  leave(): void {
    this.#session.leave();
  }

  async #runSession(): Promise<Ending> {
    const steps = this.#session.run();
    while (true) {
      const { done, value: step } = await steps.next();
      if (done) return step;
      if (step.type === "signed_in") this.#signedIn(step.session);
      else if (step.type === "lost") this.#connection = undefined;
      else if (step.type === "frame") this.#receive(step.frame);
    }
  }

  #signedIn({ connection, account }: SignedInSession): void {
    this.#connection = connection;
    this.#messages ??= this.#makeMessages(account);
    this.#refuseSelf(account, connection);
    this.#sendAll();
  }

  #receive(frame: ServerFrame): void {
    if (frame.type === "notice") {
      this.#tell({ event: "notice", code: frame.code, text: frame.text });
    } else if (frame.type === "resync") this.#sendAll();
  }

  #makeMessages(account: string): Message[] {
    const { to } = this.#options;
    const conversations = "people" in to
      ? to.people.map((person) => dmOf(account, person))
      : [to.conversation];
    this.#after(TIMEOUT, () => {
      this.#late = true;
      this.leave();
    });
    return conversations.map((conversation) => ({
      ulid: this.#nextUlid(),
      conversation,
      state: "waiting",
      joined: false,
    }));
  }

  /** The server has no conversation of an account with itself. */
  #refuseSelf(account: string, connection: Requester): void {
    const self = dmOf(account, account);
    const message = this.#messages?.find(({ conversation }) => conversation === self);
    if (message !== undefined) this.#refused(message, connection, selfError());
  }

  #sendAll(): void {
    for (const message of this.#messages ?? []) void this.#send(message);
  }

  /** Sends a message that is not stored yet, if there is a session. */
  async #send(message: Message): Promise<void> {
    const connection = this.#connection;
    if (message.state !== "waiting" || connection?.allows("send") !== true) return;
    const { ulid, conversation } = message;
    const content = { kind: "text", body: this.#options.text };
    try {
      const [ack] = await connection.request({ type: "send", ulid, conversation, content });
      if (ack === undefined || message.state !== "waiting") return;
      message.state = "stored";
      const at = isoTime(ack.at);
      this.#tell({ event: "ack", id: ulid, conversation: ack.conversation, seq: ack.seq, at });
      this.#leaveWhenDone();
    } catch (refusal) {
      this.#refused(message, connection, refusal);
    }
  }

  #refused(message: Message, connection: Requester, refusal: unknown): void {
    if (!(refusal instanceof RefusedError)) throw refusal;
    // A new session, or `resync`, sends it again.
    if (refusal instanceof UnansweredError || message.state !== "waiting") return;
    const { code } = refusal;
    if (TEMPORARY_REFUSALS.has(code)) {
      return this.#after(RETRY_DELAY, () => void this.#send(message));
    }
    if (code === "not_a_member" && !message.joined && connection.allows("join")) {
      return void this.#join(message, connection);
    }
    message.state = "refused";
    const { ulid: id, conversation } = message;
    const text = `Not sent to ${conversation}: ${refusal.message}`;
    this.#tell({ event: "error", code, id, message: text });
    this.#leaveWhenDone();
  }

  async #join(message: Message, connection: Requester): Promise<void> {
    try {
      await connection.request({ type: "join", conversation: message.conversation });
    } catch (refusal) {
      // Joining again would be refused again. After a break or `busy` it may not be.
      message.joined = refusal instanceof RefusedError && refusal.code === "not_a_member";
      return this.#refused(message, connection, refusal);
    }
    message.joined = true;
    await this.#send(message);
  }

  #leaveWhenDone(): void {
    if (this.#messages?.every(({ state }) => state !== "waiting")) this.leave();
  }

  #tell(event: ChatEvent | undefined): void {
    switch (event?.event) {
      case "ack":
      case "error":
        return this.#options.tell(event);
      case "notice":
        if (event.code !== "reconnecting") this.#options.tell(event);
    }
  }

  #after(ms: number, callback: () => void): void {
    const cancel = this.#clock.after(ms, () => {
      this.#timers.delete(cancel);
      callback();
    });
    this.#timers.add(cancel);
  }
}
