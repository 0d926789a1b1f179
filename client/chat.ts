/**
 * The headless client: intents in, events out. It connects, signs in, comes back by itself when the
 * connection breaks, and ends once. Interfaces and bots stand on it alike.
 *
 * It has no terminal and no disk of its own: engine, trust, tokens, prompts, clock and randomness
 * come in as arguments. Whoever makes one MUST read its events (`for await`): it reads from the
 * network no faster than they are read.
 */
import { monotonicFactory } from "ulid";
import type { Content, ServerFrame, User } from "../protocol/frame.ts";
import { LIMITS } from "../protocol/limits.ts";
import { dmOf, GENERAL } from "../protocol/names.ts";
import type { Request } from "../protocol/session/client.ts";
import { type Engine, TransportError } from "../protocol/transport/transport.ts";
import { backoff } from "./backoff.ts";
import { type Clock, pause, systemClock } from "./clock.ts";
import { helpText, parseLine } from "./commands.ts";
import { Link, type LinkEnd } from "./connection.ts";
import { type Dialled, dialServer } from "./dial.ts";
import type { ChatEvent, Intent } from "./events.ts";
import { formatAddress } from "./known_hosts.ts";
import type { Log } from "./log.ts";
import type { Prompts } from "./prompts.ts";
import { EventQueue } from "./queue.ts";
import { SealedMessages, sealText } from "./secrets.ts";
import { type Outcome, SignIn } from "./sign_in.ts";
import { Talk } from "./talk.ts";
import { TokenMemory, type Tokens } from "./tokens.ts";
import { KeyChangedError, type Trust, UntrustedError } from "./trust.ts";

export interface ChatOptions {
  readonly engine: Engine;
  readonly host: string;
  readonly port: number;
  readonly trust: Trust;
  readonly prompts: Prompts;
  /** The account; `undefined`: `prompts` knows. */
  readonly user?: string | undefined;
  /** Default: forgotten with the process. */
  readonly tokens?: Tokens;
  readonly clock?: Clock;
  /** Bytes that nobody can guess. */
  readonly random?: (length: number) => Uint8Array;
  /** The software, as the server is told. */
  readonly client?: string;
  readonly log?: Log | undefined;
}

/** How it ended. `left`: as was wished. */
export type EndCode =
  | "left"
  | "unsent" // left, but something that was said could not be sent
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

/** Close codes after which coming back with the same would end the same. */
const FINAL: Readonly<Record<string, EndCode>> = {
  no_common_version: "no_connection",
  too_many_attempts: "not_let_in",
  login_timeout: "not_let_in",
  session_revoked: "not_let_in",
};

/** How long leaving waits for what was said to be acknowledged. */
const LEAVE = 5000;
/** A session that lasted this long was a good one: the next attempt follows at once. */
const LASTED = 10_000;

export class Chat implements AsyncDisposable {
  /** What happens; to be read by one reader. `closed` is the last. */
  readonly events: AsyncIterable<ChatEvent>;
  /** Settles when everything is over. Never rejects. */
  readonly ended: Promise<Ending>;
  /** Settles when somebody has signed in for the first time, or everything is over. */
  readonly signedIn: Promise<void>;
  readonly #options: ChatOptions;
  readonly #clock: Clock;
  readonly #random: (length: number) => Uint8Array;
  readonly #log: Log;
  readonly #tokens: Tokens;
  readonly #queue = new EventQueue();
  readonly #sealed: SealedMessages;
  readonly #talk: Talk;
  readonly #ulid: () => string;
  /** Fires when there is no coming back any more. */
  readonly #leaving = new AbortController();
  #haveSignedIn = () => {};
  #user: string | undefined;
  #pin = "";
  #link: Link | undefined;
  #signIn: SignIn | undefined;
  #welcomed: (() => void) | undefined;
  #users: User[] = [];
  /** Intents are carried out one after the other. */
  #doing: Promise<void> = Promise.resolve();

  /** Starts at once. */
  constructor(options: ChatOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? ((length) => crypto.getRandomValues(new Uint8Array(length)));
    this.#log = options.log ?? (() => {});
    this.#tokens = options.tokens ?? new TokenMemory();
    this.#user = options.user;
    this.#sealed = new SealedMessages(() => this.#user ?? "");
    const fraction = () => new DataView(this.#random(4).buffer).getUint32(0) / 2 ** 32;
    const ulid = monotonicFactory(fraction);
    this.#ulid = () => ulid(this.#clock.now());
    this.#talk = new Talk({
      clock: this.#clock,
      random: fraction,
      events: this.#queue,
      sealed: this.#sealed,
      log: this.#log,
    });
    this.events = this.#queue;
    this.signedIn = new Promise((resolve) => this.#haveSignedIn = resolve);
    this.ended = this.#run(fraction).catch((failure): Ending => {
      return { code: "failed", message: String(failure) };
    }).then((ending) => this.#finish(ending));
  }

  /** The account that is signed in. */
  get user(): string | undefined {
    return this.#user;
  }

  /** Carries out a line as a person types it. Resolves when it is done, not when it is stored. */
  async type(line: string): Promise<void> {
    const parsed = parseLine(line);
    if (parsed.type === "intent") return await this.do(parsed.intent);
    if (parsed.type === "error") this.#error(parsed.code, parsed.message);
  }

  /** Carries out an intent, after those before it, and once somebody has signed in. */
  do(intent: Intent): Promise<void> {
    this.#doing = this.#doing.then(async () => {
      await this.signedIn;
      await this.#do(intent);
    });
    return this.#doing;
  }

  /** Resolves when there is room for a further message: for those who have many. */
  async room(): Promise<void> {
    await Promise.race([this.#talk.room(), this.ended]);
  }

  /**
   * Resolves when what was said is acknowledged and what was missed is shown, or after `ms`: for
   * those who leave at the end of their input.
   */
  async drain(ms: number): Promise<void> {
    const settled = this.signedIn.then(() => this.#doing)
      .then(() => this.#talk.settled())
      .then(() => this.#queue.empty());
    await this.#atMost(ms, Promise.race([settled, this.ended]));
  }

  /** Leaves, once what was said is acknowledged or that takes too long. Idempotent. */
  async leave(): Promise<Ending> {
    if (this.#link !== undefined && this.#talk.unsent > 0) {
      await this.#atMost(LEAVE, Promise.race([this.#talk.sent(), this.#link.closed, this.ended]));
    }
    this.#talk.flushMarks();
    this.#leaving.abort();
    void this.#link?.leave();
    return await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#queue.end();
    await this.leave();
  }

  /** One connection after the other, until one of them was the last. */
  async #run(fraction: () => number): Promise<Ending> {
    let wasIn = false;
    for (let attempt = 0; !this.#leaving.signal.aborted; attempt++) {
      const began = this.#clock.now();
      const end = await this.#connection(wasIn);
      if (end.type === "over") return end.ending;
      wasIn ||= end.signedIn;
      if (this.#leaving.signal.aborted) break;
      const final = Object.hasOwn(FINAL, end.code) ? FINAL[end.code] : undefined;
      if (final !== undefined) return { code: final, message: end.message };
      if (!wasIn) return { code: "no_connection", message: end.message };
      if (end.signedIn && this.#clock.now() - began > LASTED) attempt = 0;
      const wait = backoff(attempt, fraction);
      const text = `${end.message} Trying again in ${(wait / 1000).toFixed(1)} s.`;
      this.#emit({ event: "notice", code: "reconnecting", text });
      await pause(this.#clock, wait, this.#leaving.signal);
    }
    const { unsent } = this.#talk;
    if (unsent === 0) return { code: "left", message: "Left." };
    const messages = unsent === 1 ? "1 message" : `${unsent} messages`;
    return { code: "unsent", message: `Left; ${messages} could not be sent.` };
  }

  /** One connection, from dialling to its end. */
  async #connection(resumed: boolean): Promise<ConnectionEnd> {
    let dialled: Dialled;
    try {
      dialled = await dialServer({
        ...this.#options,
        signal: this.#leaving.signal,
        log: this.#options.log,
      });
    } catch (failure) {
      return endOfDialling(failure);
    }
    const { connection, pin } = dialled;
    this.#pin = pin;
    const welcomed = new Promise<void>((resolve) => this.#welcomed = resolve);
    const link = await Link.open({
      connection,
      client: this.#options.client ?? "sotto",
      clock: this.#clock,
      receive: (frame, request) => this.#receive(frame, request, resumed),
      log: this.#options.log,
    });
    this.#link = link;
    let outcome: Outcome | undefined;
    await Promise.race([welcomed, link.closed]);
    if (!this.#leaving.signal.aborted) outcome = await this.#enter(link);
    if (outcome?.type !== "signed_in") void link.leave();
    const end = await link.closed;
    this.#link = undefined;
    this.#talk.detach();
    this.#log("closed", { by: end.by, code: end.code });
    if (outcome?.type === "refused") {
      this.#error(outcome.code, outcome.message);
      return { type: "over", ending: { code: "not_let_in", message: outcome.message } };
    }
    return { type: "broken", signedIn: outcome?.type === "signed_in", ...end };
  }

  async #enter(link: Link): Promise<Outcome> {
    this.#signIn = new SignIn({
      link,
      pin: this.#pin,
      user: this.#user,
      tokens: this.#tokens,
      prompts: this.#options.prompts,
      clock: this.#clock,
      onRefusal: (code, message) => this.#error(code, message),
    });
    try {
      return await this.#signIn.run();
    } finally {
      this.#signIn = undefined;
    }
  }

  async #receive(
    frame: ServerFrame,
    request: Request | undefined,
    resumed: boolean,
  ): Promise<void> {
    if (!this.#talk.receive(frame, request)) await this.#hear(frame, request, resumed);
    await this.#queue.room();
  }

  async #hear(frame: ServerFrame, request: Request | undefined, resumed: boolean): Promise<void> {
    switch (frame.type) {
      case "welcome": {
        const { host, port } = this.#options;
        const address = formatAddress(host, port);
        const { version } = frame;
        const pin = this.#pin;
        this.#emit({ event: "connected", transport: "quic", address, pin, version, resumed });
        this.#welcomed?.();
        return;
      }
      case "authenticated":
        return await this.#authenticated(frame);
      case "users":
        this.#users.push(...frame.users);
        if (frame.more) return;
        this.#emit({ event: "users", users: this.#users });
        this.#users = [];
        return;
      case "presence":
        return this.#emit({ event: "presence", user: frame.user, status: frame.status });
      case "notice":
        return this.#emit({ event: "notice", code: frame.code, text: frame.text });
      case "error":
        if (request?.type === "login" || request?.type === "resume") {
          return this.#signIn?.receive(frame);
        }
        return this.#error(frame.code, frame.message);
    }
  }

  async #authenticated(frame: Extract<ServerFrame, { type: "authenticated" }>): Promise<void> {
    const { user, number, created, token, expires } = frame;
    this.#user = user;
    this.#users = [];
    this.#emit({ event: "authenticated", user, number, created });
    if (this.#link !== undefined) this.#talk.attach(this.#link);
    this.#signIn?.receive(frame);
    this.#haveSignedIn();
    try {
      await this.#tokens.save(this.#pin, user, { token, expires });
    } catch (failure) {
      // The session is good without; only the next start will ask for the password.
      this.#emit({ event: "notice", code: "token_not_saved", text: String(failure) });
    }
  }

  async #do(intent: Intent): Promise<void> {
    switch (intent.type) {
      case "say":
        return this.#say(GENERAL, intent.text);
      case "private":
        for (const to of intent.to) {
          const conversation = this.#conversationWith(to);
          if (conversation !== undefined) this.#say(conversation, intent.text);
        }
        return;
      case "secret":
        return await this.#saySecret(intent);
      case "open":
        return await this.#open(intent);
      case "names":
        if (this.#link?.allows("who")) return this.#link.request({ type: "who" });
        return this.#error("not_connected", "Not connected right now; try again in a moment.");
      case "help":
        return this.#emit({ event: "notice", code: "help", text: helpText() });
      case "quit":
        // What is being left is not waited for: that would wait for this.
        return void this.leave();
    }
  }

  #say(conversation: string, text: string): void {
    if (!this.#fits(text)) return;
    this.#put(this.#ulid(), conversation, { kind: "text", body: text });
  }

  async #saySecret(intent: Extract<Intent, { type: "secret" }>): Promise<void> {
    const { to } = intent;
    const { prompts } = this.#options;
    const conversation = this.#conversationWith(to);
    if (conversation === undefined) return;
    const passphrase = intent.passphrase || await prompts.passphrase("seal", to);
    const text = intent.text ?? (passphrase ? await prompts.secretText(to) : undefined);
    if (!passphrase || text === undefined || text.trim() === "") {
      const message = "Nothing was sent: a secret message takes a key and a text. " +
        "Where nothing can be asked: @secret USER KEY TEXT.";
      return this.#error("no_passphrase", message);
    }
    if (!this.#fits(text)) return;
    const ulid = this.#ulid();
    const from = this.#user ?? "";
    const body = await sealText({ text, passphrase, from, to, ulid }, this.#random);
    this.#put(ulid, conversation, { kind: "sealed", body });
  }

  async #open({ id, passphrase }: Extract<Intent, { type: "open" }>): Promise<void> {
    const sealed = this.#sealed.find(id);
    if (sealed === undefined) {
      const message = id === undefined
        ? "No sealed message has come since this client was started."
        : "No sealed message here has that number or ID.";
      return this.#error("unknown_message", message);
    }
    const key = passphrase || await this.#options.prompts.passphrase("open", sealed.from);
    if (!key) {
      const message = "It stays sealed: opening takes a key. Where nothing can be asked: " +
        "/open ID KEY.";
      return this.#error("no_passphrase", message);
    }
    const opened = await this.#sealed.open(sealed, key);
    if (opened.type === "failed") return this.#error(opened.code, opened.message);
    this.#emit({ event: "opened", id: sealed.ulid, from: sealed.from, text: opened.text });
  }

  #put(ulid: string, conversation: string, content: Content): void {
    if (this.#talk.say(ulid, conversation, content)) return;
    const message = `Not sent: ${this.#talk.unsent} messages wait to be sent already. ` +
      "Say it again when they have gone.";
    this.#error("queue_full", message);
  }

  #conversationWith(other: string): string | undefined {
    if (other !== this.#user) return dmOf(this.#user ?? "", other);
    this.#error("to_self", "That is you. Name somebody else.");
    return undefined;
  }

  #fits(text: string): boolean {
    const { length } = new TextEncoder().encode(text);
    if (length <= LIMITS.text) return true;
    const message = `Not sent: the text has ${length} bytes, and ${LIMITS.text} are the most.`;
    this.#error("message_too_large", message);
    return false;
  }

  #error(code: string, message: string): void {
    this.#emit({ event: "error", code, message });
  }

  #emit(event: ChatEvent): void {
    this.#queue.put(event);
  }

  #finish(ending: Ending): Ending {
    this.#leaving.abort();
    this.#talk.close();
    this.#haveSignedIn();
    this.#emit({ event: "closed", code: ending.code, message: ending.message });
    this.#queue.end();
    return ending;
  }

  async #atMost(ms: number, promise: Promise<unknown>): Promise<void> {
    const done = new AbortController();
    await Promise.race([promise, pause(this.#clock, ms, done.signal)]);
    done.abort();
  }
}

type ConnectionEnd =
  | { readonly type: "over"; readonly ending: Ending }
  | ({ readonly type: "broken"; readonly signedIn: boolean } & LinkEnd);

/** Whether a failure to connect is worth another attempt. */
function endOfDialling(failure: unknown): ConnectionEnd {
  if (failure instanceof KeyChangedError) {
    return { type: "over", ending: { code: "key_changed", message: failure.message } };
  }
  if (failure instanceof UntrustedError) {
    return { type: "over", ending: { code: "untrusted", message: failure.message } };
  }
  if (failure instanceof TransportError) {
    const { code, message } = failure;
    return { type: "broken", signedIn: false, by: "network", code, message };
  }
  throw failure;
}
