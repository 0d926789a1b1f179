/**
 * The headless client: intents in, events out. It connects, signs in, comes back by itself when the
 * connection breaks, and ends once. Every interface and bot stands on it.
 *
 * It runs anywhere: disk, terminal, sockets, clock and randomness come in as arguments. Its events
 * MUST be read (`for await`): it reads from the network no faster than they are.
 */
import { randomBytes } from "@noble/hashes/utils.js";
import { type Clock, systemClock, within } from "../protocol/clock.ts";
import { Account } from "./account.ts";
import { helpText, parseLine } from "./commands/commands.ts";
import { countOf, type Ending, endingOf } from "./ending.ts";
import { EventQueue } from "./event_queue.ts";
import type { ChatEvent, Intent } from "./events.ts";
import type { FileOptions } from "./files/files.ts";
import type { Log } from "./log.ts";
import { counter, randomFractions, ulidGenerator } from "./messages/ids.ts";
import {
  ReconnectingSession,
  type ReconnectingSessionOptions,
  type SessionStep,
} from "./session/reconnecting_session.ts";
import { RefusedError } from "./session/refused_error.ts";
import type { SignedInSession } from "./session/signed_in_session.ts";
import { TokenMemory, type Tokens } from "./session/tokens.ts";

type ServerOptions = "engine" | "host" | "port" | "trust" | "prompts" | "code";

export interface ChatOptions extends Pick<ReconnectingSessionOptions, ServerOptions> {
  /** The account; `undefined`: `prompts` asks for it. */
  readonly user?: string | undefined;
  /** Default: tokens are kept in memory. */
  readonly tokens?: Tokens;
  /** Default: files can be neither sent nor received. */
  readonly files?: FileOptions;
  readonly clock?: Clock;
  /** Cryptographically random bytes. */
  readonly random?: (length: number) => Uint8Array;
  /** The software, as `hello` names it. */
  readonly client?: string;
  readonly log?: Log | undefined;
}

/** Milliseconds that leaving waits for acknowledgements. */
const LEAVE_TIMEOUT = 5000;
/** Milliseconds that leaving waits for files to be closed. */
const CLOSE_FILES_TIMEOUT = 1000;

export class Chat implements AsyncDisposable {
  /** What happens, for one reader. `closed` is the last event. */
  readonly events: AsyncIterable<ChatEvent>;
  /** Settles when everything is over. Never rejects. */
  readonly ended: Promise<Ending>;
  /** Settles at the first sign-in, or when everything is over. */
  readonly signedIn: Promise<void>;
  readonly #options: ChatOptions;
  readonly #clock: Clock;
  readonly #queue = new EventQueue();
  readonly #session: ReconnectingSession;
  readonly #makeAccount: (session: SignedInSession) => Account;
  readonly #firstSignIn = Promise.withResolvers<void>();
  /** Fires when everything is over. */
  readonly #over = new AbortController();
  #account: Account | undefined;
  #left: Promise<Ending> | undefined;
  /** Intents are carried out one after the other. */
  #lastIntent: Promise<void> = Promise.resolve();

  /** Connects at once. */
  constructor(options: ChatOptions) {
    const { clock = systemClock, random = randomBytes, tokens = new TokenMemory() } = options;
    const { log, prompts, user, client = "sotto", files = {} } = options;
    const events = this.#queue;
    const fraction = randomFractions(random);
    const ulid = ulidGenerator(clock, fraction);
    const numbers = { sealed: counter(), files: counter() };
    this.#options = options;
    this.#clock = clock;
    this.#makeAccount = (session) =>
      new Account(
        session,
        { events, clock, random, fraction, ulid, numbers, prompts, files, log },
      );
    this.#session = new ReconnectingSession(
      { ...options, user, tokens, clock, random: fraction, client, log, events },
    );
    this.events = events;
    this.ended = this.#run();
    this.signedIn = Promise.race([this.#firstSignIn.promise, this.ended.then(() => {})]);
  }

  /** The account that is signed in, or is to be. */
  get user(): string | undefined {
    return this.#account?.name ?? this.#options.user;
  }

  /** Carries out a line as a user types it. Resolves when it is done, not when it is stored. */
  async type(line: string): Promise<void> {
    const parsed = parseLine(line);
    if (parsed.type === "intent") return await this.do(parsed.intent);
    if (parsed.type === "error") this.#report(parsed);
  }

  /** Carries out an intent, after those before it, and not before the first sign-in. */
  do(intent: Intent): Promise<void> {
    const done = this.#lastIntent.then(async () => {
      await this.signedIn;
      try {
        await this.#do(intent);
      } catch (refusal) {
        if (!(refusal instanceof RefusedError)) throw refusal;
        this.#report(refusal);
      }
    });
    // The caller gets a failure; the next intent goes on.
    this.#lastIntent = done.catch(() => {});
    return done;
  }

  /** Resolves when there is room for one more message, or everything is over. */
  async room(): Promise<void> {
    await this.signedIn;
    await this.#account?.room();
  }

  /** Resolves when every event so far was read. */
  shown(): Promise<void> {
    return this.#queue.empty();
  }

  /**
   * Resolves when every message is acknowledged, everything that was missed is shown, and every
   * file is transferred, or after `ms` milliseconds in which no file moved.
   */
  async drain(ms: number): Promise<void> {
    const settled = this.signedIn
      .then(() => this.#lastIntent)
      .then(() => this.#account?.settled())
      .then(() => this.#queue.empty());
    for (let before = -1; before < this.#movedBytes;) {
      before = this.#movedBytes;
      if (await within(this.#clock, ms, Promise.race([settled, this.ended]))) return;
    }
  }

  /** Leaves, once every message is acknowledged or that takes too long. Idempotent. */
  leave(): Promise<Ending> {
    return this.#left ??= this.#leave();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#queue.end();
    await this.leave();
  }

  get #movedBytes(): number {
    return this.#account?.movedBytes ?? 0;
  }

  async #leave(): Promise<Ending> {
    this.#account?.stopFiles();
    await this.#sent();
    this.#account?.flushMarks();
    // The reader may have gone; what is left of the session is short.
    this.#queue.release();
    this.#session.leave();
    return await this.ended;
  }

  async #run(): Promise<Ending> {
    try {
      return await this.#finish(await this.#runSession());
    } catch (failure) {
      const message = failure instanceof Error ? failure.message : String(failure);
      return await this.#finish({ code: "failed", message });
    }
  }

  /** Takes step after step of the session. The next frame is read when the events have room. */
  async #runSession(): Promise<Ending> {
    const steps = this.#session.run();
    try {
      while (true) {
        const { done, value: step } = await steps.next();
        if (done) return step;
        this.#take(step);
        await this.#queue.room();
      }
    } finally {
      // After a failure here, this closes the connection.
      await steps.return({ code: "failed", message: "" });
    }
  }

  #take(step: SessionStep): void {
    switch (step.type) {
      case "signed_in":
        return this.#signedIn(step.session);
      case "frame":
        return this.#account?.receive(step.frame);
      case "lost":
        return this.#account?.interrupt();
      case "reported":
        return;
    }
  }

  #signedIn(session: SignedInSession): void {
    if (this.#account?.name === session.account) {
      this.#account.resume(session);
    } else {
      this.#account?.close();
      this.#account = this.#makeAccount(session);
    }
    this.#firstSignIn.resolve();
  }

  async #do(intent: Intent): Promise<void> {
    const account = this.#account;
    if (this.#left !== undefined || account === undefined) {
      throw new RefusedError("leaving", "Not done: this client is leaving.");
    }
    switch (intent.type) {
      case "sign_in":
        return await this.#signInAs(intent, account);
      case "help":
        return this.#queue.put({ event: "notice", code: "help", text: helpText() });
      case "quit":
        if (intent.signOut) await this.#signOut(account);
        // Not awaited: leaving waits for this intent.
        return void this.leave();
      default:
        return await account.do(intent);
    }
  }

  /** Signs out, and in as another account on a new connection. */
  async #signInAs(
    { user, intent }: Extract<Intent, { type: "sign_in" }>,
    account: Account,
  ): Promise<void> {
    const request = { user, attempt: 0, signal: this.#over.signal, intent };
    const given = await this.#options.prompts.credentials(request);
    if (given === undefined) {
      const message = "Nothing was changed: a password is asked for on a terminal only.";
      throw new RefusedError("no_password", message);
    }
    await this.#sent();
    if (account.unsent > 0 || !this.#session.canSignOut) {
      throw new RefusedError("not_connected", "Nothing was changed: not connected right now.");
    }
    account.flushMarks();
    const changed = this.#session.changeAccount({ user, password: given.password, intent });
    await Promise.race([changed, this.ended]);
  }

  /** Makes the token void: the next start asks for the password. */
  async #signOut(account: Account): Promise<void> {
    await this.#sent();
    account.flushMarks();
    await this.#session.signOut();
  }

  /** Waits until every message is acknowledged, while there is a connection. */
  async #sent(): Promise<void> {
    const account = this.#account;
    if (account === undefined || account.unsent === 0 || !account.isConnected) return;
    const text = `Waiting for ${countOf(account.unsent)} to be stored.`;
    this.#queue.put({ event: "notice", code: "leaving", text });
    await within(this.#clock, LEAVE_TIMEOUT, Promise.race([account.sent(), this.ended]));
  }

  #report({ code, message }: { readonly code: string; readonly message: string }): void {
    this.#queue.put({ event: "error", code, message });
  }

  async #finish(ended: Ending): Promise<Ending> {
    const account = this.#account;
    account?.stopFiles();
    if (account !== undefined) {
      await within(this.#clock, CLOSE_FILES_TIMEOUT, account.filesClosed());
    }
    const { unsent, unfinished } = account ?? { unsent: 0, unfinished: 0 };
    const ending = ended.code === "left" ? endingOf({ unsent, unfinished }) : ended;
    account?.close();
    this.#over.abort();
    this.#queue.put({ event: "closed", code: ending.code, message: ending.message });
    this.#queue.end();
    return ending;
  }
}
