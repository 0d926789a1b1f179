/**
 * Accounts: making them, signing in to them with a password or a token, and signing out. Where
 * registration is open, the first login of a new name makes its account; where it is by invitation,
 * one with a good code does. Whoever has no good code learns nothing of names.
 *
 * It counts attempts and failures by address; attempts on one connection are counted by the session
 * (`protocol/session/server.ts`). Passwords are checked in a thread of their own.
 */
import type { Clock } from "../../protocol/clock.ts";
import { type ErrorCode, ProtocolError } from "../../protocol/errors.ts";
import type { ClientFrames } from "../../protocol/frame.ts";
import { foldName, isAllowedName, isName } from "../../protocol/names.ts";
import type { Registration } from "../config.ts";
import { describe, type Logger } from "../log.ts";
import type { AddressRateLimiter } from "../rate_limiter.ts";
import type { Account, AccountStore } from "../store/accounts.ts";
import type { LoginStore } from "../store/logins.ts";
import type { Invitations } from "./invitations.ts";
import type { Passwords } from "./passwords.ts";
import type { Tokens } from "./tokens.ts";

export interface AccountsOptions {
  readonly store: {
    readonly accounts: Pick<AccountStore, "byName" | "create" | "setPasswordHash">;
    readonly logins: Pick<LoginStore, "create" | "end" | "get">;
  };
  readonly passwords: Pick<Passwords, "hash" | "verify">;
  readonly tokens: Tokens;
  readonly invitations: Pick<Invitations, "createAccount" | "isValid">;
  readonly registration: Registration;
  /** Attempts to sign in with a password, by address. */
  readonly logins: AddressRateLimiter;
  /** Those of them that failed. */
  readonly failures: AddressRateLimiter;
  readonly clock: Pick<Clock, "now" | "time">;
  readonly log: Logger;
}

export type SignInResult =
  | {
    readonly type: "signed_in";
    readonly account: Pick<Account, "name" | "number" | "status">;
    readonly sessionId: string;
    readonly token: string;
    readonly expires: number;
    readonly created: boolean;
  }
  | { readonly type: "refused"; readonly code: ErrorCode; readonly message?: string };

export type Credentials = Pick<ClientFrames["login"], "user" | "password" | "intent" | "code">;

const NAME_RULE = "A name has 1 to 32 of the characters a-z, 0-9, _ and -, and begins with a " +
  "letter.";
const RESERVED_NAME = "That name is reserved for the server and for commands; choose another.";
const WRONG = "The name or the password is wrong.";
const NO_REGISTRATION = `${WRONG} New names cannot be registered here.`;
const INVITATION_ONLY = `${WRONG} A new name takes an invitation here.`;
const TAKEN = "The name is taken, or the password is wrong.";
const CODE_REQUIRED = "A new name takes an invitation here: ask whoever runs the server for one. " +
  "If you have an account, log in.";
/** Refusals that may be guesses. */
const FAILURES: ReadonlySet<ErrorCode> = new Set(["bad_credentials", "bad_code"]);
const TOO_MANY = "Too many attempts to sign in from your address; wait a minute.";

export class Accounts {
  readonly #options: AccountsOptions;

  constructor(options: AccountsOptions) {
    this.#options = options;
  }

  /** Signs in with a password, or registers. `address` is the peer's, without its port. */
  async login(credentials: Credentials, address: string): Promise<SignInResult> {
    const { clock, logins, failures } = this.#options;
    if (!logins.allows(address, clock.now()) || !failures.allows(address, clock.now())) {
      return refused("rate_limited", TOO_MANY);
    }
    logins.count(address, clock.now());
    try {
      const result = await this.#login(credentials);
      if (result.type === "refused" && FAILURES.has(result.code)) {
        failures.count(address, clock.now());
      }
      return result;
    } catch (error) {
      if (error instanceof ProtocolError) return refused(error.code, error.message);
      throw error;
    }
  }

  /** Signs in with the token of an earlier sign-in. */
  async resume(token: string): Promise<SignInResult> {
    const { tokens, store, clock } = this.#options;
    const verified = await tokens.verify(token, clock.time());
    const row = verified && await store.logins.get(verified.id);
    if (row === undefined || row.account !== verified?.account) return refused("bad_token");
    if (row.expiresAt <= clock.time()) return refused("bad_token");
    const account = await store.accounts.byName(row.account);
    if (account === undefined) return refused("bad_token");
    const { id: sessionId, expiresAt: expires } = row;
    return { type: "signed_in", account, sessionId, token, expires, created: false };
  }

  /** The session's token is worth nothing from now on. */
  async logout(sessionId: string): Promise<void> {
    await this.#options.store.logins.end(sessionId);
  }

  async #login({ user, password, intent = "any", code }: Credentials): Promise<SignInResult> {
    const name = foldName(user);
    if (!isName(name)) return refused("bad_name", NAME_RULE);
    const { registration, store } = this.#options;
    if (registration === "invite") {
      return await this.#loginByInvitation(name, password, intent, code);
    }
    const isOpen = registration === "open";
    // Before any look at the name: where nobody can register, nobody learns which names there are.
    if (intent === "register" && !isOpen) return refused("registration_closed");
    const account = await store.accounts.byName(name);
    if (intent === "register") {
      return account === undefined ? await this.#register(name, password) : refused("name_taken");
    }
    if (account === undefined && intent === "any" && isOpen) {
      const result = await this.#register(name, password);
      // Somebody else was faster with the same new name: then it is a login like any other.
      if (result.type !== "refused" || result.code !== "name_taken") return result;
      return await this.#verifyPassword(await store.accounts.byName(name), password);
    }
    return await this.#verifyPassword(account, password, isOpen ? undefined : NO_REGISTRATION);
  }

  /** A good code may ask about names; without one, each answer is the same for every name. */
  async #loginByInvitation(
    name: string,
    password: string,
    intent: "any" | "login" | "register",
    code: string | undefined,
  ): Promise<SignInResult> {
    const { store, invitations: invites } = this.#options;
    const isGood = code !== undefined && intent !== "login" && await invites.isValid(code);
    if (intent === "register" && !isGood) {
      return code === undefined ? refused("bad_code", CODE_REQUIRED) : refused("bad_code");
    }
    const account = await store.accounts.byName(name);
    if (isGood && account === undefined) return await this.#register(name, password, code);
    if (intent === "register") return refused("name_taken");
    const result = await this.#verifyPassword(account, password, isGood ? TAKEN : INVITATION_ONLY);
    const wasCode = result.type === "refused" && intent === "any" && code !== undefined && !isGood;
    return wasCode ? refused("bad_code") : result;
  }

  /** Without an account it takes as long, and fails. */
  async #verifyPassword(
    account: Account | undefined,
    password: string,
    objection?: string,
  ): Promise<SignInResult> {
    const { ok, rehash } = await this.#options.passwords.verify(password, account?.passwordHash);
    if (!ok || account === undefined) return refused("bad_credentials", objection);
    if (rehash) void this.#rehash(account.name, password);
    return await this.#createLogin(account, false);
  }

  async #register(name: string, password: string, code?: string): Promise<SignInResult> {
    const { store, invitations: invites, passwords, clock } = this.#options;
    if (!isAllowedName(name)) return refused("bad_name", RESERVED_NAME);
    const hash = await passwords.hash(password);
    const account = code === undefined
      ? await store.accounts.create(name, hash, clock.time()) ?? "name_taken"
      : await invites.createAccount(name, hash, code);
    return typeof account === "string" ? refused(account) : await this.#createLogin(account, true);
  }

  async #createLogin(account: Account, created: boolean): Promise<SignInResult> {
    const { store, tokens, clock } = this.#options;
    const now = clock.time();
    const { token, id, expiresAt } = await tokens.issue(account.name, now);
    await store.logins.create({ id, account: account.name, createdAt: now, expiresAt });
    return { type: "signed_in", account, sessionId: id, token, expires: expiresAt, created };
  }

  /** Stores the password at today's cost. Nobody waits for it, and the next login tries again. */
  async #rehash(name: string, password: string): Promise<void> {
    const { store, passwords, log } = this.#options;
    try {
      await store.accounts.setPasswordHash(name, await passwords.hash(password));
      log.info("password_rehashed", { user: name });
    } catch (error) {
      log.warn("password_not_rehashed", { user: name, error: describe(error) });
    }
  }
}

function refused(code: ErrorCode, message?: string): SignInResult {
  return message === undefined ? { type: "refused", code } : { type: "refused", code, message };
}
