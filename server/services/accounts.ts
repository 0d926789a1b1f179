/**
 * Accounts: creating them, signing in with a password or a token, and signing out. Where registration
 * is open, the first login with a new name creates its account; where it is by invitation, a login
 * with a valid code does. Without a valid code a client learns nothing about names.
 *
 * It counts attempts and failures by address; the session counts those of one connection
 * (`protocol/session/server.ts`). Passwords are checked in threads of their own (`passwords.ts`).
 */
import type { Clock } from "../../protocol/clock.ts";
import { type ErrorCode, ProtocolError } from "../../protocol/errors.ts";
import type { ClientFrames } from "../../protocol/frame.ts";
import { foldName, isAllowedUser, isName } from "../../protocol/names.ts";
import type { Registration } from "../config.ts";
import { describe, type Logger } from "../log.ts";
import type { AddressRateLimiter } from "../rate_limiter.ts";
import type { Account, AccountStore } from "../store/accounts.ts";
import type { LoginStore } from "../store/logins.ts";
import type { Applicant } from "./applicant.ts";
import type { Invitations } from "./invitations.ts";
import type { HashRequest, Passwords } from "./passwords.ts";
import type { Tokens } from "./tokens.ts";

interface AccountsOptions {
  readonly store: {
    readonly accounts: Pick<AccountStore, "byName" | "create" | "setPasswordHash">;
    readonly logins: Pick<LoginStore, "create" | "end" | "get">;
  };
  readonly passwords: Pick<Passwords, "hash" | "verify">;
  readonly tokens: Tokens;
  readonly invitations: Pick<Invitations, "createAccount" | "isValid">;
  readonly registration: Registration;
  /** Counts attempts to sign in with a password, by address. */
  readonly logins: AddressRateLimiter;
  /** Counts those of them that failed, and those that are being checked. */
  readonly failures: AddressRateLimiter;
  readonly clock: Pick<Clock, "now" | "time">;
  readonly log: Logger;
}

export type SignInResult =
  | {
    readonly type: "signed_in";
    readonly account: Pick<Account, "name" | "number" | "status">;
    readonly loginId: string;
    readonly token: string;
    readonly expires: number;
    readonly created: boolean;
  }
  | { readonly type: "refused"; readonly code: ErrorCode; readonly message?: string };

/** A sign-in with a well-formed name. */
interface Attempt {
  readonly name: string;
  readonly password: string;
  readonly request: HashRequest;
}

export type Credentials = Pick<ClientFrames["login"], "user" | "password" | "intent" | "code">;

const NAME_RULE = "A name has 1 to 32 of the characters a-z, 0-9, _ and -, and begins with a " +
  "letter.";
const RESERVED_NAME =
  "That name is reserved: it could be taken for the server, for its operator or " +
  "for a command. Choose another.";
const WRONG = "The name or the password is wrong.";
const NO_REGISTRATION = `${WRONG} New names cannot be registered here.`;
const INVITATION_ONLY = `${WRONG} A new name needs an invitation here.`;
const TAKEN = "The name is taken, or the password is wrong.";
const CODE_REQUIRED = "A new name needs an invitation here: ask the server's operator for one. " +
  "If you have an account, log in.";
/** Refusals that may be guesses. */
const FAILURES: ReadonlySet<ErrorCode> = new Set(["bad_credentials", "bad_code"]);
/** The answer to an applicant who is gone, which is not sent. */
const GONE: SignInResult = { type: "refused", code: "busy" };
const TOO_MANY = "Too many attempts to sign in from your address; wait a minute.";

export class Accounts {
  readonly #options: AccountsOptions;

  constructor(options: AccountsOptions) {
    this.#options = options;
  }

  /**
   * Signs in with a password, or registers. For an applicant who is gone it makes neither an account
   * nor a login, unless it is storing them already.
   */
  async login(credentials: Credentials, { address, gone }: Applicant): Promise<SignInResult> {
    const { clock, logins, failures } = this.#options;
    const now = clock.now();
    if (!logins.allows(address, now) || !failures.allows(address, now)) {
      return refused("rate_limited", TOO_MANY);
    }
    logins.count(address, now);
    let isCounted = false;
    // It counts as a failure while it is judged: otherwise any number could be judged at once.
    const admit = () => {
      if (isCounted) return true;
      if (!failures.allows(address, clock.now())) return false;
      failures.count(address, clock.now());
      return isCounted = true;
    };
    let hasFailed = false;
    try {
      const result = await this.#login(credentials, { address, gone, since: now, admit });
      hasFailed = result.type === "refused" && FAILURES.has(result.code);
      return result;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return refused(error.code, error.code === "rate_limited" ? TOO_MANY : error.message);
    } finally {
      if (hasFailed && !isCounted) failures.count(address, clock.now());
      if (!hasFailed && isCounted) failures.giveBack(address);
    }
  }

  /** Continues an earlier login with its token. */
  async resume(token: string): Promise<SignInResult> {
    const { tokens, store, clock } = this.#options;
    const verified = await tokens.verify(token, clock.time());
    const login = verified && await store.logins.get(verified.loginId);
    if (login === undefined || login.account !== verified?.account) return refused("bad_token");
    if (login.expiresAt <= clock.time()) return refused("bad_token");
    const account = await store.accounts.byName(login.account);
    if (account === undefined) return refused("bad_token");
    const { id: loginId, expiresAt: expires } = login;
    return { type: "signed_in", account, loginId, token, expires, created: false };
  }

  /** Ends a login: its token is not accepted from now on. */
  async logout(loginId: string): Promise<void> {
    await this.#options.store.logins.end(loginId);
  }

  async #login(credentials: Credentials, request: HashRequest): Promise<SignInResult> {
    const { user, password, intent = "any", code } = credentials;
    const name = foldName(user);
    if (!isName(name)) return refused("bad_name", NAME_RULE);
    const { registration, store: { accounts } } = this.#options;
    const attempt = { name, password, request };
    if (registration === "invite") return await this.#loginByInvitation(attempt, intent, code);
    const isOpen = registration === "open";
    // Before the name is looked up: where registration is closed, no answer tells which names exist.
    if (intent === "register" && !isOpen) return refused("registration_closed");
    const account = await accounts.byName(name);
    if (intent === "register") {
      return account === undefined ? await this.#register(attempt) : refused("name_taken");
    }
    if (account === undefined && intent === "any" && isOpen) {
      const result = await this.#register(attempt);
      // Another client registered the same name meanwhile: then this is a login.
      if (result.type !== "refused" || result.code !== "name_taken") return result;
      return await this.#verifyPassword(await accounts.byName(name), attempt);
    }
    return await this.#verifyPassword(account, attempt, isOpen ? undefined : NO_REGISTRATION);
  }

  /** With a valid code the answer may tell whether a name exists; without, it is always the same. */
  async #loginByInvitation(
    attempt: Attempt,
    intent: "any" | "login" | "register",
    code: string | undefined,
  ): Promise<SignInResult> {
    const { store, invitations } = this.#options;
    const isValid = code !== undefined && intent !== "login" && await invitations.isValid(code);
    if (intent === "register" && !isValid) {
      return code === undefined ? refused("bad_code", CODE_REQUIRED) : refused("bad_code");
    }
    const account = await store.accounts.byName(attempt.name);
    if (isValid && account === undefined) return await this.#register(attempt, code);
    if (intent === "register") return refused("name_taken");
    const message = isValid ? TAKEN : INVITATION_ONLY;
    const result = await this.#verifyPassword(account, attempt, message);
    const isBadCode = result.type === "refused" && result.code === "bad_credentials" &&
      intent === "any" && code !== undefined && !isValid;
    return isBadCode ? refused("bad_code") : result;
  }

  /** Without an account it takes the same time, and fails. */
  async #verifyPassword(
    account: Account | undefined,
    { password, request }: Attempt,
    message?: string,
  ): Promise<SignInResult> {
    const { passwords } = this.#options;
    const { ok, rehash } = await passwords.verify(password, account?.passwordHash, request);
    if (!ok || account === undefined) return refused("bad_credentials", message);
    if (request.gone.aborted) return GONE;
    if (rehash) void this.#rehash(account.name, password, request);
    return await this.#createLogin(account, false);
  }

  async #register({ name, password, request }: Attempt, code?: string): Promise<SignInResult> {
    const { store, invitations, passwords, clock } = this.#options;
    if (!isAllowedUser(name)) return refused("bad_name", RESERVED_NAME);
    const hash = await passwords.hash(password, request);
    if (request.gone.aborted) return GONE;
    const account = code === undefined
      ? await store.accounts.create(name, hash, clock.time()) ?? "name_taken"
      : await invitations.createAccount(name, hash, code);
    return typeof account === "string" ? refused(account) : await this.#createLogin(account, true);
  }

  async #createLogin(account: Account, created: boolean): Promise<SignInResult> {
    const { store, tokens, clock } = this.#options;
    const now = clock.time();
    const { token, loginId, expiresAt } = await tokens.issue(account.name, now);
    const login = { id: loginId, account: account.name, createdAt: now, expiresAt };
    await store.logins.create(login);
    return { type: "signed_in", account, loginId, token, expires: expiresAt, created };
  }

  /** Hashes the password at today's cost, in the background. If it fails, the next login retries. */
  async #rehash(name: string, password: string, request: HashRequest): Promise<void> {
    const { store, passwords, clock, log } = this.#options;
    try {
      const hash = await passwords.hash(password, { ...request, since: clock.now() });
      await store.accounts.setPasswordHash(name, hash);
      log.info("password_rehashed", { user: name });
    } catch (error) {
      log.warn("password_not_rehashed", { user: name, error: describe(error) });
    }
  }
}

function refused(code: ErrorCode, message?: string): SignInResult {
  return message === undefined ? { type: "refused", code } : { type: "refused", code, message };
}
