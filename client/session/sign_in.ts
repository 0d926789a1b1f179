/**
 * Getting in on a session that has just begun: with a token if there is one, else with a name and a
 * password, as often as the server allows. A password is forgotten as soon as it is sent.
 */
import type { Clock } from "../../protocol/clock.ts";
import type { ServerFrame, ServerFrames } from "../../protocol/frame.ts";
import { foldName, isName } from "../../protocol/names.ts";
import type { SessionConnection } from "./session_connection.ts";
import { TEMPORARY_REFUSALS } from "./temporary_refusals.ts";
import type { Credentials, Prompts } from "./prompts.ts";
import type { Tokens } from "./tokens.ts";

export type Outcome =
  | { readonly type: "signed_in" }
  /** The server, or whoever was asked, said no for good. */
  | { readonly type: "refused"; readonly code: string; readonly message: string }
  /** Not now: worth another connection, later. */
  | { readonly type: "later" };

/** What sign-in uses of a session. */
export type SignInLink = Pick<SessionConnection, "request" | "closed">;

export interface SignInOptions {
  readonly link: SignInLink;
  readonly pin: string;
  /** The account, where it is known. */
  readonly user: string | undefined;
  /** What to begin with, where it was asked for already. */
  readonly given: Credentials | undefined;
  /** Of an invitation, for whoever has no account yet. */
  readonly code?: string | undefined;
  readonly tokens: Tokens;
  readonly prompts: Prompts;
  readonly clock: Pick<Clock, "time">;
  /** Told of each refusal, once. */
  readonly onRefusal: (code: string, message: string) => void;
}

type Refused = Extract<Outcome, { type: "refused" }>;
type Answer = ServerFrames["authenticated"] | ServerFrames["error"] | undefined;

const NOBODY =
  "A password is needed. Give it with --password-file, or sign in once from a terminal.";

const MALFORMED =
  "That is not a name and a password. A name is 1 to 32 of a-z, 0-9, _ and -, and " +
  "begins with a letter.";

export class SignIn {
  readonly #options: SignInOptions;
  #answered: ((answer: Answer) => void) | undefined;
  #closed = false;

  constructor(options: SignInOptions) {
    this.#options = options;
  }

  /** The answer to a `login` or `resume`. */
  receive(frame: ServerFrame): void {
    if (frame.type === "authenticated" || frame.type === "error") this.#answered?.(frame);
  }

  async run(): Promise<Outcome> {
    const { link } = this.#options;
    const closing = new AbortController();
    void link.closed.then(() => {
      this.#closed = true;
      closing.abort();
      this.#answered?.(undefined);
    });
    const token = this.#options.given === undefined ? await this.#withToken() : undefined;
    return token ?? await this.#withPassword(closing.signal);
  }

  /** `undefined`: there is no token that lets in; go on with a password. */
  async #withToken(): Promise<Outcome | undefined> {
    const { pin, user, tokens, clock, link } = this.#options;
    if (user === undefined) return undefined;
    const saved = await tokens.load(pin, user, clock.time());
    if (saved === undefined || this.#closed) return undefined;
    const answer = this.#answer();
    link.request({ type: "resume", token: saved.token });
    const frame = await answer;
    if (frame === undefined) return { type: "later" };
    if (frame.type === "authenticated") return { type: "signed_in" };
    if (TEMPORARY_REFUSALS.has(frame.code)) return { type: "later" };
    await tokens.forget(pin, user);
    return undefined;
  }

  async #withPassword(signal: AbortSignal): Promise<Outcome> {
    const { user, given: first, code, prompts, link, onRefusal } = this.#options;
    const intent = first?.intent;
    let refusal: Refused = { type: "refused", code: "no_password", message: NOBODY };
    for (let attempt = 0;; attempt++) {
      if (this.#closed) return { type: "later" };
      const given = attempt === 0 && first !== undefined
        ? first
        : await prompts.credentials({ user, attempt, signal, intent });
      if (this.#closed) return { type: "later" };
      if (given === undefined) {
        if (attempt === 0) onRefusal(refusal.code, refusal.message);
        return refusal;
      }
      const name = foldName(given.user);
      if (!isName(name) || given.password === "") {
        refusal = { type: "refused", code: "bad_credentials", message: MALFORMED };
        onRefusal(refusal.code, refusal.message);
        continue;
      }
      const answer = this.#answer();
      const wanted = given.intent ?? intent;
      const { password } = given;
      link.request({
        type: "login",
        user: name,
        password,
        ...(wanted !== undefined && { intent: wanted }),
        ...(code !== undefined && first === undefined && { code }),
      });
      const frame = await answer;
      if (frame === undefined) return { type: "later" };
      if (frame.type === "authenticated") return { type: "signed_in" };
      refusal = { type: "refused", code: frame.code, message: frame.message };
      onRefusal(frame.code, frame.message);
      if (frame.attempts === undefined && !TEMPORARY_REFUSALS.has(frame.code)) return refusal;
      if (frame.code === "bad_code") return refusal; // It gets no better by being asked again.
    }
  }

  #answer(): Promise<Answer> {
    return new Promise((resolve) => this.#answered = resolve);
  }
}
