/**
 * Signs in on a new session: with a token if there is one, else with a name and a password, as
 * often as the server allows. It forgets a password as soon as it is sent.
 */
import type { Clock } from "../../protocol/clock.ts";
import type { RequestFields } from "../../protocol/session/client.ts";
import { foldName, isName } from "../../protocol/names.ts";
import type { EventSink } from "../event_queue.ts";
import type { Credentials, Prompts } from "./prompts.ts";
import { RefusedError, TEMPORARY_REFUSALS, UnansweredError } from "./refused_error.ts";
import type { SessionConnection } from "./session_connection.ts";
import type { Tokens } from "./tokens.ts";

export type SignInOutcome =
  | "signed_in"
  /** The server refused for good, or no password was given. */
  | "refused"
  /** Another connection may succeed. */
  | "later";

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
  readonly clock: Pick<Clock, "time">;
  /** Takes an `error` event for each refusal. */
  readonly events: EventSink;
}

const NO_PASSWORD =
  "A password is needed. Give it with --password-file, or sign in once from a terminal.";

const MALFORMED =
  "That is not a name and a password. A name is 1 to 32 of a-z, 0-9, _ and -, and " +
  "begins with a letter.";

export class SignIn {
  readonly #options: SignInOptions;
  #closed = false;

  constructor(options: SignInOptions) {
    this.#options = options;
  }

  async run(): Promise<SignInOutcome> {
    const closing = new AbortController();
    void this.#options.connection.closed.then(() => {
      this.#closed = true;
      closing.abort();
    });
    const outcome = this.#options.given === undefined ? await this.#withToken() : undefined;
    return outcome ?? await this.#withPassword(closing.signal);
  }

  /** `undefined`: there is no valid token; go on with a password. */
  async #withToken(): Promise<SignInOutcome | undefined> {
    const { pin, user, tokens, clock } = this.#options;
    if (user === undefined) return undefined;
    const saved = await tokens.load(pin, user, clock.time());
    if (saved === undefined || this.#closed) return undefined;
    const refusal = await this.#ask({ type: "resume", token: saved.token });
    if (refusal === undefined) return "signed_in";
    if (isLost(refusal) || TEMPORARY_REFUSALS.has(refusal.code)) return "later";
    await tokens.forget(pin, user);
    return undefined;
  }

  async #withPassword(signal: AbortSignal): Promise<SignInOutcome> {
    const { user, given: first, prompts } = this.#options;
    for (let attempt = 0;; attempt++) {
      if (this.#closed) return "later";
      const given = attempt === 0 && first !== undefined
        ? first
        : await prompts.credentials({ user, attempt, signal, intent: first?.intent });
      if (this.#closed) return "later";
      if (given === undefined) {
        if (attempt === 0) this.#report("no_password", NO_PASSWORD);
        return "refused";
      }
      const refusal = await this.#logIn(given);
      if (refusal === undefined) return "signed_in";
      if (isLost(refusal)) return "later";
      this.#report(refusal.code, refusal.message);
      if (!mayTryAgain(refusal)) return "refused";
    }
  }

  /** Resolves with the refusal, if there is one. */
  async #logIn({ user, password, intent }: Credentials): Promise<RefusedError | undefined> {
    const name = foldName(user);
    if (!isName(name) || password === "") return new RefusedError("bad_credentials", MALFORMED, 1);
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
