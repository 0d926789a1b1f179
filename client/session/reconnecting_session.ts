/**
 * A session that survives its connections: it dials, signs in, and does both again after a break,
 * until the user leaves or coming back is pointless.
 *
 * `run()` brings what happens, in order: `signed_in`, the frames of that session, `lost`, and so
 * on. It is read one step at a time; a slow reader slows the server down.
 */
import { onAbort } from "../../protocol/abort.ts";
import { type Clock, sleep, within } from "../../protocol/clock.ts";
import { CLOSE_DONE } from "../../protocol/errors.ts";
import type { ServerFrame, ServerFrames } from "../../protocol/frame.ts";
import { formatHostPort } from "../../protocol/host_port.ts";
import { SerialQueue } from "../../protocol/serial_queue.ts";
import {
  type Connection,
  type Engine,
  TransportError,
} from "../../protocol/transport/transport.ts";
import type { EndCode, Ending } from "../ending.ts";
import type { EventSink } from "../event_queue.ts";
import type { Log } from "../log.ts";
import { backoff } from "./backoff.ts";
import { type DialledServer, dialServer } from "./dial.ts";
import type { Credentials, Prompts } from "./prompts.ts";
import { TEMPORARY_REFUSALS } from "./refused_error.ts";
import type { Reach, Spare } from "./liveness.ts";
import { SessionConnection, type SessionEnd } from "./session_connection.ts";
import { SignIn, type SignInOutcome } from "./sign_in.ts";
import type { SignedInSession } from "./signed_in_session.ts";
import type { Token, Tokens } from "./tokens.ts";
import { KeyChangedError, PinConflictError, type Trust, UntrustedError } from "./trust.ts";

export interface ReconnectingSessionOptions {
  readonly engine: Engine;
  readonly host: string;
  readonly port: number;
  readonly trust: Trust;
  readonly prompts: Prompts;
  /** The account; `undefined`: `prompts` asks for it. */
  readonly user: string | undefined;
  /** The code of an invitation, which lets a new account in. */
  readonly code?: string | undefined;
  readonly tokens: Tokens;
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  /** The software, as `hello` names it. */
  readonly client: string;
  readonly log: Log | undefined;
  /** Takes the events about connecting and signing in. */
  readonly events: EventSink;
}

export type SessionStep =
  /** Comes before every frame of the session. */
  | { readonly type: "signed_in"; readonly session: SignedInSession }
  | { readonly type: "frame"; readonly frame: ServerFrame }
  /** Before the sign-in the server said something, which is among the events. */
  | { readonly type: "reported" }
  /** The session is over; another may follow. */
  | { readonly type: "lost" };

/** Ends of a session after which the same attempt would end the same way. */
const FINAL: ReadonlyMap<string, EndCode> = new Map([
  ["no_common_version", "no_connection"],
  ["too_many_attempts", "not_let_in"],
  ["login_timeout", "not_let_in"],
  ["session_revoked", "not_let_in"],
]);

/** What to do about some of them. */
const FINAL_ADVICE: ReadonlyMap<string, string> = new Map([
  ["session_revoked", "It was signed out there; connect again to sign in here."],
]);

const DIAL_ADVICE = "Check the address, that a server runs there, and that UDP gets through.";

/** After a session of this many milliseconds, the first retry is a quick one again. */
const GOOD_SESSION = 10_000;
/**
 * Milliseconds for another connection to a server that is silent. The dial begins anew after that:
 * a server that has just come back is then found sooner than by what QUIC sends again.
 */
const REACH_TIMEOUT = 1_000;
/** Milliseconds that the end of a session waits for its token to be saved. */
const SAVE_TIMEOUT = 1000;

type AttemptEnd =
  | { readonly type: "final"; readonly ending: Ending }
  | (
    & { readonly type: "broken"; readonly signedIn: boolean }
    & Pick<SessionEnd, "code" | "message">
  );

export class ReconnectingSession {
  readonly #options: ReconnectingSessionOptions;
  readonly #leaving = new AbortController();
  #user: string | undefined;
  #connection: SessionConnection | undefined;
  /** Another connection, which was dialled while that one was silent. */
  #spare: DialledServer | undefined;
  /** The session of the latest sign-in. */
  #signedIn: SignedInSession | undefined;
  /** The credentials for the next connection, when the user changes the account. */
  #nextAccount: Credentials | undefined;
  #accountChanged: PromiseWithResolvers<void> | undefined;
  /** Tokens are saved and forgotten one after the other: the last word counts. */
  readonly #tokenWork = new SerialQueue();

  constructor(options: ReconnectingSessionOptions) {
    this.#options = options;
    this.#user = options.user;
  }

  /** Connects and signs in, again and again. Returns how it ended. It has one reader. */
  async *run(): AsyncGenerator<SessionStep, Ending, undefined> {
    try {
      return yield* this.#attempts();
    } finally {
      this.#takeSpare()?.connection.close(CLOSE_DONE);
    }
  }

  async *#attempts(): AsyncGenerator<SessionStep, Ending, undefined> {
    const { clock, random } = this.#options;
    const { signal } = this.#leaving;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const start = clock.now();
      const end = yield* this.#attempt();
      if (end.type === "final") return end.ending;
      if (signal.aborted) break;
      if (this.#nextAccount !== undefined && end.signedIn) continue;
      // There is a server, if it is reached already.
      const ending = this.#spare === undefined ? this.#finalEnding(end) : undefined;
      if (ending !== undefined) return ending;
      if (end.signedIn && clock.now() - start > GOOD_SESSION) attempt = 0;
      const wait = this.#spare === undefined ? backoff(attempt, random) : 0;
      this.#reportRetry(sentence(end.message), wait);
      await sleep(clock, wait, signal);
    }
    return { code: "left", message: "Left." };
  }

  /** Ends the session in good order, and does not come back. */
  leave(): void {
    this.#leaving.abort();
    void this.#connection?.leave();
  }

  /** Whether the account can be signed out now. */
  get canSignOut(): boolean {
    return this.#signedIn?.connection.allows("logout") === true;
  }

  /** Makes the account's token void, here and on the server. */
  async signOut(): Promise<void> {
    const session = this.#signedIn;
    if (session === undefined) return;
    if (this.canSignOut) void session.connection.request({ type: "logout" });
    const { account, server: { pin } } = session;
    await this.#tokenWork.run(() => this.#options.tokens.forget(pin, account));
  }

  /** Signs out, and in with these credentials. Resolves when that is done. */
  async changeAccount(credentials: Credentials): Promise<void> {
    const changed = this.#accountChanged = Promise.withResolvers<void>();
    this.#nextAccount = credentials;
    this.#user = credentials.user;
    const signedOut = this.signOut();
    void this.#connection?.leave();
    await signedOut;
    await changed.promise;
  }

  /** One connection, from dialling to its end. */
  async *#attempt(): AsyncGenerator<SessionStep, AttemptEnd, undefined> {
    let dialled: DialledServer;
    try {
      dialled = this.#takeSpare() ??
        await dialServer({ ...this.#options, signal: this.#leaving.signal });
    } catch (failure) {
      return endOfDialling(failure);
    }
    await using transport = dialled.connection;
    let connection: SessionConnection;
    try {
      connection = await this.#open(transport);
    } catch (failure) {
      return endOfDialling(failure);
    }
    this.#connection = connection;
    if (this.#leaving.signal.aborted) void connection.leave();
    const outcome = yield* this.#session(connection, dialled);
    const { by, code, message } = await connection.closed;
    this.#connection = undefined;
    yield { type: "lost" };
    this.#options.log?.("closed", { by, code });
    await within(this.#options.clock, SAVE_TIMEOUT, this.#tokenWork.idle());
    return this.#endOfSession(outcome, { code, message });
  }

  /** Opens a session; leaving ends the connection. Throws `TransportError`. */
  async #open(transport: Connection): Promise<SessionConnection> {
    using _ = onAbort(this.#leaving.signal, () => transport.close(CLOSE_DONE));
    const reach: Reach = (signal) => this.#reach(signal);
    return await SessionConnection.open({ ...this.#options, connection: transport, reach });
  }

  /** Dials beside a connection that is silent. What comes of it is for the next attempt. */
  async #reach(silent: AbortSignal): Promise<Spare | undefined> {
    const { clock } = this.#options;
    const late = new AbortController();
    const cancel = clock.after(REACH_TIMEOUT, () => late.abort());
    const signal = AbortSignal.any([silent, late.signal, this.#leaving.signal]);
    try {
      const dialled = await dialServer({ ...this.#options, signal });
      return {
        use: () => this.#spare = dialled,
        discard: () => dialled.connection.close(CLOSE_DONE),
      };
    } catch {
      return undefined; // The next attempt fails likewise, and says why.
    } finally {
      cancel();
    }
  }

  #takeSpare(): DialledServer | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare;
  }

  #endOfSession(
    outcome: SignInOutcome,
    end: Pick<SessionEnd, "code" | "message">,
  ): AttemptEnd {
    if (outcome.type === "refused") {
      const { host, port } = this.#options;
      const message = `Not signed in to ${formatHostPort(host, port).toLowerCase()}.`;
      return { type: "final", ending: { code: "not_let_in", message } };
    }
    const refusal = outcome.type === "later" ? outcome.refusal : undefined;
    const { code, message } = refusal ?? end;
    return { type: "broken", signedIn: outcome.type === "signed_in", code, message };
  }

  /** The frames of one connection, with the sign-in beside them. */
  async *#session(
    connection: SessionConnection,
    dialled: DialledServer,
  ): AsyncGenerator<SessionStep, SignInOutcome, undefined> {
    let signIn: Promise<SignInOutcome> = Promise.resolve({ type: "later" });
    for await (const output of connection.frames()) {
      if (output.type === "round_trip") {
        this.#reportRoundTrip(output.milliseconds);
      } else if (output.frame.type === "welcome") {
        this.#reportConnected(output.frame, dialled);
        signIn = this.#signIn(connection, dialled.pin);
        signIn.catch(() => {}); // Thrown below.
      } else if (output.frame.type === "authenticated") {
        yield* this.#authenticated(output.frame, connection, dialled.pin);
      } else if (this.#signedIn?.connection === connection) {
        yield { type: "frame", frame: output.frame };
      } else {
        this.#reportEarly(output.frame);
        yield { type: "reported" };
      }
    }
    return await signIn;
  }

  async #signIn(connection: SessionConnection, pin: string): Promise<SignInOutcome> {
    const given = this.#nextAccount;
    this.#nextAccount = undefined;
    const options = { ...this.#options, connection, pin, given, user: this.#user };
    try {
      const outcome = await new SignIn(options).run();
      if (outcome.type !== "signed_in") void connection.leave();
      return outcome;
    } catch (failure) {
      void connection.leave();
      throw failure;
    }
  }

  async *#authenticated(
    { user, number, created, token, expires }: ServerFrames["authenticated"],
    connection: SessionConnection,
    pin: string,
  ): AsyncGenerator<SessionStep, void, undefined> {
    const { host, port, events } = this.#options;
    this.#user = user;
    this.#signedIn = { connection, account: user, server: { host, port, pin } };
    events.put({ event: "authenticated", user, number, created });
    void this.#tokenWork.run(() => this.#saveToken(pin, user, { token, expires }));
    yield { type: "signed_in", session: this.#signedIn };
    this.#accountChanged?.resolve();
  }

  async #saveToken(pin: string, user: string, token: Token): Promise<void> {
    const { tokens, events } = this.#options;
    try {
      await tokens.save(pin, user, token);
    } catch (failure) {
      // The session is good without it; only the next start will ask for the password.
      events.put({ event: "notice", code: "token_not_saved", text: messageOf(failure) });
    }
  }

  /** The ending, if another attempt would end the same way. */
  #finalEnding({ code, message }: Pick<SessionEnd, "code" | "message">): Ending | undefined {
    const final = FINAL.get(code);
    if (final !== undefined) {
      const advice = FINAL_ADVICE.get(code);
      return { code: final, message: advice === undefined ? message : `${message} ${advice}` };
    }
    if (this.#signedIn !== undefined) return undefined;
    if (TEMPORARY_REFUSALS.has(code)) return { code: "not_let_in", message: sentence(message) };
    return { code: "no_connection", message: `${sentence(message)} ${DIAL_ADVICE}` };
  }

  #reportConnected({ version }: ServerFrames["welcome"], { connection, pin }: DialledServer): void {
    const { host, port, events } = this.#options;
    const transport = connection.engine === "tls" ? "tls" : "quic";
    const address = formatHostPort(host, port).toLowerCase();
    const resumed = this.#signedIn !== undefined && this.#nextAccount === undefined;
    events.put({ event: "connected", transport, address, pin, version, resumed });
  }

  /** Before the sign-in a server has little to say. */
  #reportEarly(frame: ServerFrame): void {
    const { events } = this.#options;
    if (frame.type === "notice") {
      events.put({ event: "notice", code: frame.code, text: frame.text });
    } else if (frame.type === "error") {
      events.put({ event: "error", code: frame.code, message: frame.message });
    }
  }

  #reportRoundTrip(milliseconds: number): void {
    const rounded = Number(milliseconds.toFixed(2));
    this.#options.events.put({ event: "round_trip", milliseconds: rounded });
  }

  #reportRetry(reason: string, wait: number): void {
    const seconds = Number((wait / 1000).toFixed(1));
    const text = `${reason} Trying again in ${seconds} s.`;
    this.#options.events.put({ event: "notice", code: "reconnecting", text, in: seconds });
  }
}

/** Whether a failure to connect is worth another attempt. */
function endOfDialling(failure: unknown): AttemptEnd {
  if (failure instanceof KeyChangedError || failure instanceof PinConflictError) {
    return { type: "final", ending: { code: "key_changed", message: failure.message } };
  }
  if (failure instanceof UntrustedError) {
    return { type: "final", ending: { code: "untrusted", message: failure.message } };
  }
  if (failure instanceof TransportError) {
    return { type: "broken", signedIn: false, code: failure.code, message: failure.message };
  }
  throw failure;
}

/** Engines report without a full stop; servers' messages have one. */
function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
