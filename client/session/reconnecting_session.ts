/**
 * The line to the server: one connection after the other, each signed in, until one of them was the
 * last. What comes over it is for whoever made it; it says nothing itself but `hello` and who it is.
 */
import { type Clock, pause } from "../../protocol/clock.ts";
import type { ServerFrame } from "../../protocol/frame.ts";
import { formatHostPort } from "../../protocol/host_port.ts";
import { formatInviteLine } from "../../protocol/invite_line.ts";
import type { Request } from "../../protocol/session/client.ts";
import { type Engine, TransportError } from "../../protocol/transport/transport.ts";
import { backoff } from "./backoff.ts";
import { SessionConnection, type SessionEnd } from "./session_connection.ts";
import { type Dialled, dialServer } from "./dial.ts";
import type { Log } from "../log.ts";
import type { Credentials, Prompts } from "./prompts.ts";
import { type Outcome, SignIn } from "./sign_in.ts";
import type { Tokens } from "./tokens.ts";
import { KeyChangedError, type Trust, UntrustedError } from "./trust.ts";

/** How it ended. */
export type EndCode =
  | "left" // as was wished
  | "unsent" // left, but something that was said could not be sent
  | "unfinished" // left, but a file was not across
  | "no_connection" // there is no server, or it does not speak our protocol
  | "not_let_in"
  | "key_changed"
  | "untrusted" // never met, and nobody said to trust it
  | "failed";

export interface Ending {
  readonly code: EndCode;
  /** May repeat what the server said: not trusted. */
  readonly message: string;
}

export interface ReconnectingSessionOptions {
  readonly engine: Engine;
  readonly host: string;
  readonly port: number;
  readonly trust: Trust;
  readonly prompts: Prompts;
  /** The account; `undefined`: `prompts` knows. */
  readonly user: string | undefined;
  /** Of an invitation, which lets a new name in. */
  readonly code?: string | undefined;
  readonly tokens: Tokens;
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  /** The software, as `hello` tells it. */
  readonly client: string;
  readonly log: Log | undefined;
}

/** Who is told what happens on the line. */
export interface ReconnectingSessionHandler {
  /** A frame came. The next one is read when this is done. */
  receive(frame: ServerFrame, request: Request | undefined): void | Promise<void>;
  /** Somebody has signed in; comes before every other frame of the session. */
  signedIn(link: SessionConnection): void;
  /** The session is over; there may be another. */
  lost(): void;
  /** A sign-in was refused, or nobody could sign in. */
  refused(code: string, message: string): void;
  /** There will be another attempt, after `wait` milliseconds. */
  reconnecting(reason: string, wait: number): void;
  /** A round trip to the server took so long. */
  measured?(milliseconds: number): void;
}

/** Ends of sessions after which coming back with the same would end the same. */
const FINAL: ReadonlyMap<string, EndCode> = new Map([
  ["no_common_version", "no_connection"],
  ["too_many_attempts", "not_let_in"],
  ["login_timeout", "not_let_in"],
  ["session_revoked", "not_let_in"],
]);

/** What to do about some of them. */
const THEN: ReadonlyMap<string, string> = new Map([
  ["session_revoked", "It was signed out there; connect again to sign in here."],
]);

const ADVICE = "Check the address, that a server runs there, and that UDP gets through.";

/** A session that lasted this long was a good one: the next attempt follows at once. */
const LASTED = 10_000;

type ConnectionEnd =
  | { readonly type: "over"; readonly ending: Ending }
  | ({ readonly type: "broken"; readonly wasIn: boolean } & Pick<SessionEnd, "code" | "message">);

export class ReconnectingSession {
  readonly #options: ReconnectingSessionOptions;
  readonly #handler: ReconnectingSessionHandler;
  readonly #leaving = new AbortController();
  #user: string | undefined;
  #pin = "";
  #transport: "quic" | "tls" = "quic";
  #link: SessionConnection | undefined;
  #signIn: SignIn | undefined;
  /** Who is to be signed in on the next connection, instead of who was before. */
  #next: Credentials | undefined;
  #changed: PromiseWithResolvers<void> | undefined;
  /** Somebody has been signed in: from now on breaks are repaired. */
  #established = false;

  constructor(options: ReconnectingSessionOptions, handler: ReconnectingSessionHandler) {
    this.#options = options;
    this.#handler = handler;
    this.#user = options.user;
  }

  /** The session, while there is one. */
  get link(): SessionConnection | undefined {
    return this.#link;
  }

  /** The way to the server that was dialled last. */
  get transport(): "quic" | "tls" {
    return this.#transport;
  }

  /** The pin of the server that was dialled last. */
  get pin(): string {
    return this.#pin;
  }

  /** The line that invites somebody to the server that was dialled last. */
  inviteLine(code: string): string {
    const { host, port } = this.#options;
    return formatInviteLine({ host, port, pin: this.#pin, code });
  }

  /** Whether this is a way back. */
  get resumed(): boolean {
    return this.#established && !this.changing;
  }

  /** Whether the next to sign in is somebody else. */
  get changing(): boolean {
    return this.#next !== undefined;
  }

  /** One connection after the other. Resolves once it is over for good. */
  async run(): Promise<Ending> {
    const { clock, random } = this.#options;
    const { signal } = this.#leaving;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const began = clock.now();
      const end = await this.#connection();
      if (end.type === "over") return end.ending;
      if (signal.aborted) break;
      if (this.changing && end.wasIn) continue;
      const { code, message, wasIn } = end;
      const final = FINAL.get(code);
      if (final !== undefined) {
        const then = THEN.get(code);
        return { code: final, message: then === undefined ? message : `${message} ${then}` };
      }
      if (!this.#established) {
        return { code: "no_connection", message: `${sentence(message)} ${ADVICE}` };
      }
      if (wasIn && clock.now() - began > LASTED) attempt = 0;
      const wait = backoff(attempt, random);
      this.#handler.reconnecting(sentence(message), wait);
      await pause(clock, wait, signal);
    }
    return { code: "left", message: "Left." };
  }

  /** Ends the session in good order, and does not come back. */
  leave(): void {
    this.#leaving.abort();
    void this.#link?.leave();
  }

  /** Ends the session, and signs in as somebody else. Resolves when that is done. */
  become(credentials: Credentials): Promise<void> {
    this.#next = credentials;
    this.#user = credentials.user;
    this.#changed = Promise.withResolvers();
    void this.#link?.leave();
    return this.#changed.promise;
  }

  /** One connection, from dialling to its end. */
  async #connection(): Promise<ConnectionEnd> {
    let dialled: Dialled;
    try {
      dialled = await dialServer({ ...this.#options, signal: this.#leaving.signal });
    } catch (failure) {
      return endOfDialling(failure);
    }
    await using connection = dialled.connection;
    this.#pin = dialled.pin;
    this.#transport = dialled.connection.engine === "tls" ? "tls" : "quic";
    const { client, clock, log } = this.#options;
    const welcomed = Promise.withResolvers<void>();
    const link = await SessionConnection.open({
      connection,
      client,
      clock,
      log,
      receive: (frame, request) => {
        if (frame.type === "welcome") welcomed.resolve();
        return this.#receive(link, frame, request);
      },
      measured: (milliseconds) => this.#handler.measured?.(milliseconds),
    });
    this.#link = link;
    if (this.#leaving.signal.aborted) void link.leave();
    await Promise.race([welcomed.promise, link.closed]);
    const outcome = await this.#enter(link);
    if (outcome.type !== "signed_in") void link.leave();
    const { by, code, message } = await link.closed;
    this.#link = undefined;
    this.#handler.lost();
    log?.("closed", { by, code });
    if (outcome.type === "refused") {
      const { host, port } = this.#options;
      const message = `Not signed in to ${formatHostPort(host, port)}.`;
      return { type: "over", ending: { code: "not_let_in", message } };
    }
    return { type: "broken", wasIn: outcome.type === "signed_in", code, message };
  }

  async #enter(link: SessionConnection): Promise<Outcome> {
    const { prompts, tokens, clock, code } = this.#options;
    const given = this.#next;
    this.#next = undefined;
    this.#signIn = new SignIn({
      link,
      given,
      code,
      pin: this.#pin,
      user: this.#user,
      tokens,
      prompts,
      clock,
      onRefusal: (code, message) => this.#handler.refused(code, message),
    });
    try {
      return await this.#signIn.run();
    } finally {
      this.#signIn = undefined;
    }
  }

  #receive(
    link: SessionConnection,
    frame: ServerFrame,
    request: Request | undefined,
  ): void | Promise<void> {
    if (frame.type === "authenticated") {
      this.#user = frame.user;
      this.#established = true;
      this.#handler.signedIn(link);
      this.#changed?.resolve();
      this.#signIn?.receive(frame);
    } else if (request?.type === "login" || request?.type === "resume") {
      return this.#signIn?.receive(frame);
    }
    return this.#handler.receive(frame, request);
  }
}

/** Whether a failure to connect is worth another attempt. */
function endOfDialling(failure: unknown): ConnectionEnd {
  if (failure instanceof KeyChangedError) {
    return { type: "over", ending: { code: "key_changed", message: failure.message } };
  }
  if (failure instanceof UntrustedError) {
    return { type: "over", ending: { code: "untrusted", message: failure.message } };
  }
  if (failure instanceof TransportError) {
    return { type: "broken", wasIn: false, code: failure.code, message: failure.message };
  }
  throw failure;
}

/** Engines say what happened without a full stop; servers' messages have one. */
function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}
