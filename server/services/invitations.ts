/**
 * Invitations: codes that create an account where registration is by invitation. A code is shown
 * once, to the user who makes it, and stored as a hash.
 */
import { createHash } from "node:crypto";
import { base64url } from "jose";
import type { Clock } from "../../protocol/clock.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { LIMITS, TIMES } from "../../protocol/limits.ts";
import { randomBytes } from "@noble/hashes/utils.js";
import type { Account, AccountStore } from "../store/accounts.ts";
import type { InvitationStore } from "../store/invitations.ts";

/** 96 bits, in base64url: too many to guess, and few enough for a line. */
const CODE_BYTES = 12;
const DAY = 24 * 60 * 60 * 1000;
const DEFAULTS = { uses: 1, lifetime: 7 * DAY } as const;

interface InvitationsOptions {
  readonly store: {
    readonly accounts: Pick<AccountStore, "isAdmin">;
    readonly invitations: Pick<InvitationStore, "create" | "createAccount" | "isValid" | "list">;
  };
  readonly clock: Pick<Clock, "time">;
  /** Bytes that cannot be guessed. */
  readonly random?: (length: number) => Uint8Array;
}

interface InvitationRequest {
  /** The account that asks; `undefined`: the operator, on the server's machine. */
  readonly by?: string | undefined;
  readonly uses?: number | undefined;
  /** Milliseconds. */
  readonly lifetime?: number | undefined;
}

interface CreatedInvitation {
  readonly number: number;
  readonly code: string;
  readonly uses: number;
  readonly expires: number;
}

export class Invitations {
  readonly #options: InvitationsOptions;

  constructor(options: InvitationsOptions) {
    this.#options = options;
  }

  /** Throws `ProtocolError` if the account is no admin, or there are too many invitations. */
  async create(request: InvitationRequest): Promise<CreatedInvitation> {
    const { store, clock, random = randomBytes } = this.#options;
    const { by, uses = DEFAULTS.uses, lifetime = DEFAULTS.lifetime } = request;
    if (by !== undefined && !await store.accounts.isAdmin(by)) {
      throw new ProtocolError(
        "not_allowed",
        "Only an admin can invite. The server's operator makes an account an admin: " +
          "sotto admin --add NAME.",
      );
    }
    const now = clock.time();
    if ((await store.invitations.list(now)).length >= LIMITS.invites) {
      throw new ProtocolError(
        "quota_exceeded",
        `There are ${LIMITS.invites} invitations already. Withdraw some: sotto invite --list.`,
      );
    }
    const code = base64url.encode(random(CODE_BYTES));
    const expires = now + Math.min(lifetime, TIMES.invite);
    const invitation = { hash: hashOf(code), uses, madeAt: now, expiresAt: expires, by };
    return { number: await store.invitations.create(invitation), code, uses, expires };
  }

  /** Whether the code would create an account now. */
  isValid(code: string): Promise<boolean> {
    const { store, clock } = this.#options;
    return store.invitations.isValid(hashOf(code), clock.time());
  }

  /** Creates an account and counts a use of the code, or does neither. */
  createAccount(
    name: string,
    passwordHash: string,
    code: string,
  ): Promise<Account | "name_taken" | "bad_code"> {
    const { store, clock } = this.#options;
    return store.invitations.createAccount(name, passwordHash, clock.time(), hashOf(code));
  }
}

function hashOf(code: string): Uint8Array {
  return createHash("sha256").update(code).digest();
}
