/**
 * Signs in on a new session: with a token if there is one, else with a name and a password, as
 * often as the server allows. It forgets a password as soon as it is sent.
 */
import { untilAborted } from "../../protocol/abort.ts";
import { type Clock, sleep } from "../../protocol/clock.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { foldName, isName } from "../../protocol/names.ts";
import type { RequestFields } from "../../protocol/session/client.ts";
import type { EventSink } from "../event_queue.ts";
import { backoff } from "./backoff.ts";
import type { Credentials, Prompts } from "./prompts.ts";
import { RefusedError, TEMPORARY_REFUSALS, UnansweredError } from "./refused_error.ts";
import type { SessionConnection } from "./session_connection.ts";
import type { Tokens } from "./tokens.ts";

export type SignInOutcome =
  | { readonly type: "signed_in" }
  /** The server refused for good, or no password was given. */
  | { readonly type: "refused" }
  /** Another connection may succeed. `refusal`: why this one did not, where the server said it. */
  | { readonly type: "later"; readonly refusal?: RefusedError };

interface SignInOptions {
  readonly connection: Pick<SessionConnection, "request" | "closed">;
  /** The server's pin. */
  readonly pin: string;
  /** The account, where it is known. */
  readonly user: string | undefined;
  /** Credentials for the first attempt, where the user gave them already. */
  readonly given: Credentials | undefined;
  /** The code of an invitation, which lets a new account in. */
  readonly code?: string | undefined;
  readonly tokens: Tokens;
  readonly prompts: Prompts;
  readonly clock: Pick<Clock, "after" | "time">;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  /** Takes an `error` event for each refusal. */
  readonly events: EventSink;
}

/** How often a busy server is asked again: from the third wait of `backoff`, 16 to 31 s in all. */
const BUSY_ATTEMPTS = 5;
const FIRST_WAIT = 2;

const NO_PASSWORD =
  "A password is needed. Give it with --password-file, or sign in once from a terminal.";

const MALFORMED =
  "That is not a name and a password. A name is 1 to 32 of a-z, 0-9, _ and -, and " +
  "begins with a letter.";

const TOO_LONG = `The password has more than ${LIMITS.password} bytes.`;

const SIGNED_IN: SignInOutcome = { type: "signed_in" };
const REFUSED: SignInOutcome = { type: "refused" };
const LATER: SignInOutcome = { type: "later" };

export class SignIn {
  readonly #options: SignInOptions;
  readonly #closed = new AbortController();

  constructor(options: SignInOptions) {
    this.#options = options;
  }

  async run(): Promise<SignInOutcome> {
    void this.#options.connection.closed.then(() => this.#closed.abort());
    const outcome = this.#options.given === undefined ? await this.#withToken() : undefined;
    return outcome ?? await this.#withPassword();
  }

  /** `undefined`: there is no valid token; go on with a password. */
  async #withToken(): Promise<SignInOutcome | undefined> {
    const { pin, user, tokens, clock } = this.#options;
    const name = user === undefined ? "" : foldName(user);
    if (!isName(name)) return undefined;
    const saved = await tokens.load(pin, name, clock.time());
    if (saved === undefined || this.#closed.signal.aborted) return undefined;
    const refusal = await this.#ask({ type: "resume", token: saved.token });
    if (refusal === undefined) return SIGNED_IN;
    if (isLost(refusal)) return LATER;
    if (TEMPORARY_REFUSALS.has(refusal.code)) return { type: "later", refusal };
    await tokens.forget(pin, name);
    return undefined;
  }

  async #withPassword(): Promise<SignInOutcome> {
    const { given: first } = this.#options;
    const { signal } = this.#closed;
    for (let attempt = 0;; attempt++) {
      if (signal.aborted) return LATER;
      const given = attempt === 0 && first !== undefined ? first : await this.#prompt(attempt);
      if (signal.aborted) return LATER;
      if (given === undefined) {
        if (attempt === 0) this.#report("no_password", NO_PASSWORD);
        return REFUSED;
      }
      const refusal = await this.#logInPatiently(given);
      if (refusal === undefined) return SIGNED_IN;
      if (isLost(refusal)) return LATER;
      this.#report(refusal.code, refusal.message);
      if (!mayTryAgain(refusal)) return REFUSED;
    }
  }

  /** Asks the user, no longer than the connection lasts. */
  #prompt(attempt: number): Promise<Credentials | undefined> {
    const { user, given, prompts } = this.#options;
    const { signal } = this.#closed;
    const answer = prompts.credentials({ user, attempt, signal, intent: given?.intent });
    return untilAborted(signal, answer);
  }

  /** A server where many sign in at once is busy: it is asked again with the same password. */
  async #logInPatiently(given: Credentials): Promise<RefusedError | undefined> {
    const { clock, random } = this.#options;
    for (let attempt = 0;; attempt++) {
      const refusal = await this.#logIn(given);
      if (refusal?.code !== "busy" || attempt === BUSY_ATTEMPTS) return refusal;
      await sleep(clock, backoff(FIRST_WAIT + attempt, random), this.#closed.signal);
      if (this.#closed.signal.aborted) return refusal;
    }
  }

  /** Resolves with the refusal, if there is one. */
  async #logIn({ user, password, intent }: Credentials): Promise<RefusedError | undefined> {
    const name = foldName(user);
    if (!isName(name) || password === "") return new RefusedError("bad_credentials", MALFORMED, 1);
    if (new TextEncoder().encode(password).length > LIMITS.password) {
      return new RefusedError("bad_credentials", TOO_LONG, 1);
    }
    const { given, code } = this.#options;
    const wanted = intent ?? given?.intent;
    return await this.#ask({
      type: "login",
      user: name,
      password,
      ...(wanted !== undefined && { intent: wanted }),
      ...(code !== undefined && given === undefined && { code }),
    });
  }

  async #ask(fields: Extract<RequestFields, { type: "login" | "resume" }>) {
    try {
      await this.#options.connection.request(fields);
      return undefined;
    } catch (refusal) {
      if (refusal instanceof RefusedError) return refusal;
      throw refusal;
    }
  }

  #report(code: string, message: string): void {
    this.#options.events.put({ event: "error", code, message });
  }
}

/** The session ended before it answered. */
function isLost(refusal: RefusedError): boolean {
  return refusal instanceof UnansweredError || refusal.code === "not_connected";
}

function mayTryAgain({ code, attempts }: RefusedError): boolean {
  if (code === "bad_code") return false; // Another password does not make the code valid.
  return attempts !== undefined || TEMPORARY_REFUSALS.has(code);
}
