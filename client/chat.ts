/**
 * The headless client: intents in, events out. It connects, signs in, comes back by itself when the
 * connection breaks, and ends once. Interfaces and bots stand on it alike.
 *
 * It has no terminal, and of the disk only what files need (`files/`): engine, trust, tokens,
 * prompts, clock and randomness come in as arguments. Whoever makes one MUST read its events (`for
 * await`): it reads from the network no faster than they are read.
 */
import { type Clock, systemClock, within } from "../protocol/clock.ts";
import type { ServerFrame, User } from "../protocol/frame.ts";
import { formatHostPort } from "../protocol/host_port.ts";
import { randomBytes } from "../protocol/random.ts";
import type { Request } from "../protocol/session/client.ts";
import { RefusedError, Requests } from "./session/requests.ts";
import { randomFractions, ulidGenerator } from "./messages/ids.ts";
import { helpText, parseLine } from "./commands/commands.ts";
import { countOf, endingOf } from "./ending.ts";
import type { ChatEvent, Intent } from "./events.ts";
import { type FileOptions, Files } from "./files/files.ts";
import { Queries } from "./messages/queries.ts";
import {
  type Ending,
  ReconnectingSession,
  type ReconnectingSessionOptions,
} from "./session/reconnecting_session.ts";
import type { Log } from "./log.ts";
import { Rooms } from "./messages/rooms.ts";
import { EventQueue } from "./event_queue.ts";
import { SecretMessages } from "./messages/secret_messages.ts";
import { SealedInbox } from "./messages/sealed_inbox.ts";
import { Composer } from "./messages/composer.ts";
import { MessageExchange } from "./messages/message_exchange.ts";
import { TokenMemory, type Tokens } from "./session/tokens.ts";

type Server = "engine" | "host" | "port" | "trust" | "prompts" | "code";

export interface ChatOptions extends Pick<ReconnectingSessionOptions, Server> {
  /** The account; `undefined`: `prompts` knows. */
  readonly user?: string | undefined;
  /** Default: forgotten with the process. */
  readonly tokens?: Tokens;
  /** Default: files can be sent, and none are taken. */
  readonly files?: FileOptions;
  readonly clock?: Clock;
  /** Bytes that nobody can guess. */
  readonly random?: (length: number) => Uint8Array;
  /** The software, as the server is told. */
  readonly client?: string;
  readonly log?: Log | undefined;
}

/** How long leaving waits for what was said to be acknowledged. */
const LEAVE = 5000;
/** How long files that are stopped may take to be let go of. */
const FAREWELL = 1000;

export class Chat implements AsyncDisposable {
  /** What happens; to be read by one reader. `closed` is the last. */
  readonly events: AsyncIterable<ChatEvent>;
  /** Settles when everything is over. Never rejects. */
  readonly ended: Promise<Ending>;
  /** Settles when somebody has signed in for the first time, or everything is over. */
  readonly signedIn: Promise<void>;
  readonly #options: ChatOptions;
  readonly #clock: Clock;
  readonly #tokens: Tokens;
  readonly #queue = new EventQueue();
  readonly #sealed = new SealedInbox(() => this.#user ?? "");
  readonly #line: ReconnectingSession;
  readonly #makeTalk: () => MessageExchange;
  #talk: MessageExchange;
  readonly #asking = new Requests();
  readonly #places: Rooms;
  readonly #secrecy: SecretMessages;
  readonly #inquiries: Queries;
  readonly #speaking: Composer;
  readonly #files: Files;
  #user: string | undefined;
  #leaving = false;
  #users: User[] = [];
  /** It was told who is online. */
  readonly #introduced = Promise.withResolvers<void>();
  #saving: Promise<void> = Promise.resolve();
  /** Intents are carried out one after the other. */
  #doing: Promise<void> = Promise.resolve();

  /** Starts at once. */
  constructor(options: ChatOptions) {
    const { clock = systemClock, random = randomBytes, tokens = new TokenMemory() } = options;
    this.#options = options;
    this.#clock = clock;
    this.#tokens = tokens;
    this.#user = options.user;
    const fraction = randomFractions(random);
    const ulid = ulidGenerator(clock, fraction);
    const { log, prompts, client = "sotto" } = options;
    const events = this.#queue;
    const sealed = this.#sealed;
    const asking = this.#asking;
    const self = () => this.#user ?? "";
    const secrecy = this.#secrecy = new SecretMessages({ sealed, prompts, self, random });
    const emit = (event: ChatEvent) => this.#emit(event);
    const forget = (conversation: string) => this.#talk.forget(conversation);
    const places = this.#places = new Rooms({ asking, emit, self, forget });
    const speaking = this.#speaking = new Composer({
      talk: () => this.#talk,
      places,
      asking,
      secrecy,
      self,
      ulid,
      object: (code, message) => this.#error(code, message),
    });
    const files = this.#files = new Files({
      ...options.files,
      clock,
      random: fraction,
      events,
      speaking,
      room: () => this.#talk.room(),
      ulid,
      self,
      pin: () => this.#line.pin,
    });
    this.#makeTalk = () =>
      new MessageExchange({ clock, random: fraction, events, sealed, self, files, log });
    this.#talk = this.#makeTalk();
    const { offers } = files;
    const line = () => this.#line;
    this.#inquiries = new Queries({ asking, places, sealed, offers, line, self });
    const signedIn = Promise.withResolvers<void>();
    this.#line = new ReconnectingSession(
      { ...options, user: options.user, tokens, clock, random: fraction, client, log },
      {
        receive: (frame, request) => this.#receive(frame, request),
        signedIn: (link) => {
          asking.attach(link);
          this.#talk.attach(link);
          files.attach(link);
          signedIn.resolve();
        },
        lost: () => {
          this.#talk.detach();
          asking.lost(true);
          files.detach();
          // What one account has seen and said is not the next one's.
          if (!this.#line.changing) return;
          this.#talk = this.#makeTalk();
          secrecy.forget();
          files.reset();
        },
        refused: (code, message) => this.#error(code, message),
        reconnecting: (reason, wait) => {
          const seconds = Number((wait / 1000).toFixed(1));
          const text = `${reason} Trying again in ${seconds} s.`;
          this.#emit({ event: "notice", code: "reconnecting", text, in: seconds });
        },
        measured: (ms) => this.#emit({ event: "round_trip", milliseconds: Number(ms.toFixed(2)) }),
      },
    );
    this.events = events;
    this.ended = this.#line.run()
      .catch((failure): Ending => ({ code: "failed", message: describe(failure) }))
      .then((ending) => this.#finish(ending));
    this.signedIn = Promise.race([signedIn.promise, this.ended.then(() => {})]);
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
    const done = this.#doing.then(async () => {
      await this.signedIn;
      if (this.#leaving) return this.#error("leaving", "Not done: this client is leaving.");
      try {
        await this.#do(intent);
      } catch (refusal) {
        if (!(refusal instanceof RefusedError)) throw refusal;
        this.#error(refusal.code, refusal.message);
      }
    });
    // What fails is told to the caller; the next intent is not to blame.
    this.#doing = done.catch(() => {});
    return done;
  }

  /** Resolves when there is room for a further message: for those who have many. */
  async room(): Promise<void> {
    await Promise.race([this.#talk.room(), this.ended]);
  }

  /** Resolves when every event so far was read: for those who ask questions between them. */
  shown(): Promise<void> {
    return this.#queue.empty();
  }

  /**
   * Resolves when what was said is acknowledged, what was missed is shown and no file is on its
   * way, or after `ms` in which no file moved: for those who leave at the end of their input.
   */
  async drain(ms: number): Promise<void> {
    const settled = this.signedIn.then(() => this.#doing)
      .then(() => this.#introduced.promise)
      .then(() => this.#line.link?.answered())
      .then(() => this.#talk.settled())
      .then(() => this.#files.idle())
      .then(() => this.#talk.settled()) // A file that was sent is said in the end.
      .then(() => this.#queue.empty());
    for (let before = -1; before < this.#files.moved;) {
      before = this.#files.moved;
      if (await within(this.#clock, ms, Promise.race([settled, this.ended]))) return;
    }
  }

  /** Leaves, once what was said is acknowledged or that takes too long. Idempotent. */
  async leave(): Promise<Ending> {
    this.#leaving = true;
    this.#files.leave();
    await this.#sent();
    this.#talk.flushMarks();
    // Whoever leaves may have stopped reading events; what is left of the session is short.
    this.#queue.release();
    this.#line.leave();
    return await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#queue.end();
    await this.leave();
  }

  async #receive(frame: ServerFrame, request: Request | undefined): Promise<void> {
    this.#places.receive(frame);
    const asked = this.#asking.receive(frame, request);
    if (frame.type === "resync") this.#asking.lost(false);
    if (!this.#talk.receive(frame, request) && !asked) await this.#hear(frame);
    await this.#queue.room();
  }

  async #hear(frame: ServerFrame): Promise<void> {
    switch (frame.type) {
      case "welcome": {
        const { pin, resumed, transport } = this.#line;
        const address = formatHostPort(this.#options.host, this.#options.port).toLowerCase();
        const { version } = frame;
        return this.#emit({ event: "connected", transport, address, pin, version, resumed });
      }
      case "authenticated":
        return await this.#authenticated(frame);
      case "users":
        this.#users.push(...frame.users);
        if (frame.more) return;
        this.#emit({ event: "users", users: this.#users });
        this.#users = [];
        return this.#introduced.resolve();
      case "presence": {
        const { user, number, status } = frame;
        return this.#emit({ event: "presence", user, number, status });
      }
      case "notice":
        return this.#emit({ event: "notice", code: frame.code, text: frame.text });
      case "error":
        return this.#error(frame.code, frame.message);
    }
  }

  async #authenticated(frame: Extract<ServerFrame, { type: "authenticated" }>): Promise<void> {
    const { user, number, created, token, expires } = frame;
    this.#user = user;
    this.#users = [];
    this.#emit({ event: "authenticated", user, number, created });
    this.#saving = this.#tokens.save(this.#line.pin, user, { token, expires }).catch((failure) => {
      // The session is good without; only the next start will ask for the password.
      this.#emit({ event: "notice", code: "token_not_saved", text: describe(failure) });
    });
    await this.#saving;
  }

  async #do(intent: Intent): Promise<void> {
    switch (intent.type) {
      case "say":
      case "private":
      case "reply":
      case "secret":
        return await this.#speaking.do(intent);
      case "send_file":
      case "accept":
      case "cancel":
      case "decline":
      case "files":
        return await this.#files.do(intent);
      case "open":
        return this.#emit(await this.#secrecy.open(intent));
      case "keys":
        return this.#emit(await this.#secrecy.remember(intent));
      case "names":
        return this.#asking.refresh("who");
      case "list":
      case "members":
      case "join":
      case "leave":
      case "create":
      case "topic":
      case "add":
      case "remove":
      case "delete":
        return await this.#places.do(intent);
      case "status":
      case "history":
      case "search":
      case "invite":
        return this.#emit(await this.#inquiries.answer(intent));
      case "sign_in":
        return await this.#signInAs(intent);
      case "help":
        return this.#emit({ event: "notice", code: "help", text: helpText() });
      case "quit":
        if (intent.signOut) await this.#signOut();
        // What is being left is not waited for: that would wait for this.
        return void this.leave();
    }
  }

  /** Gives this session up, and signs in as another on a fresh connection. */
  async #signInAs({ user, intent }: Extract<Intent, { type: "sign_in" }>): Promise<void> {
    const { signal } = new AbortController();
    const request = { user, attempt: 0, signal, intent };
    const given = await this.#options.prompts.credentials(request);
    if (given === undefined) {
      const message = "Nothing was changed: a password is asked for on a terminal only.";
      throw new RefusedError("no_password", message);
    }
    await this.#sent();
    const { link, pin } = this.#line;
    if (this.#talk.unsent > 0 || !link?.allows("logout")) {
      throw new RefusedError("not_connected", "Nothing was changed: not connected right now.");
    }
    this.#talk.flushMarks();
    await this.#saving;
    link.request({ type: "logout" });
    const before = this.#user ?? "";
    const done = this.#line.become({ user, password: given.password, intent });
    await this.#tokens.forget(pin, before);
    await Promise.race([done, this.ended]);
  }

  /** Ends the session for good: its token is worth nothing any more. */
  async #signOut(): Promise<void> {
    await this.#sent();
    this.#talk.flushMarks();
    if (this.#line.link?.allows("logout")) this.#line.link.request({ type: "logout" });
    await this.#saving;
    if (this.#user !== undefined) await this.#tokens.forget(this.#line.pin, this.#user);
  }

  /** Waits until what was said is acknowledged, while there is hope. */
  async #sent(): Promise<void> {
    const { link } = this.#line;
    const { unsent } = this.#talk;
    if (link === undefined || unsent === 0) return;
    const text = `Waiting for ${countOf(unsent)} to be stored.`;
    this.#emit({ event: "notice", code: "leaving", text });
    await within(this.#clock, LEAVE, Promise.race([this.#talk.sent(), link.closed, this.ended]));
  }

  #error(code: string, message: string): void {
    this.#emit({ event: "error", code, message });
  }

  #emit(event: ChatEvent): void {
    this.#queue.put(event);
  }

  async #finish(ended: Ending): Promise<Ending> {
    this.#files.leave();
    // What was stopped says so, and lets go of its file.
    await within(this.#clock, FAREWELL, this.#files.idle());
    const { unsent } = this.#talk;
    const { unfinished } = this.#files;
    const ending = ended.code === "left" ? endingOf({ unsent, unfinished }) : ended;
    this.#talk.close();
    this.#emit({ event: "closed", code: ending.code, message: ending.message });
    this.#queue.end();
    return ending;
  }
}

function describe(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
