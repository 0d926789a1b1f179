/**
 * Invitations: codes that let somebody make an account where registration asks for one. A code is
 * shown once, to whoever makes it, and kept as a hash.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Clock } from "../../protocol/clock.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { LIMITS, TIMES } from "../../protocol/limits.ts";
import { randomBytes } from "@noble/hashes/utils.js";
import type { Account, AccountStore } from "../store/accounts.ts";
import type { InvitationStore } from "../store/invitations.ts";

/** 96 bits, in base64url: nobody guesses one, and it fits on a line. */
const CODE_BYTES = 12;
const DAY = 24 * 60 * 60 * 1000;
/** Where nobody says otherwise. */
const DEFAULTS = { uses: 1, lifetime: 7 * DAY } as const;

export interface InvitationsOptions {
  readonly store: {
    readonly accounts: Pick<AccountStore, "isAdmin">;
    readonly invitations: Pick<InvitationStore, "create" | "createAccount" | "isValid" | "list">;
  };
  readonly clock: Pick<Clock, "time">;
  /** Bytes that nobody can guess. */
  readonly random?: (length: number) => Uint8Array;
}

export interface InvitationRequest {
  /** The admin; `undefined`: somebody at the server's machine, who may. */
  readonly by?: string | undefined;
  readonly uses?: number | undefined;
  /** Milliseconds. */
  readonly lifetime?: number | undefined;
}

export interface CreatedInvitation {
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

  /** Makes a code. Throws `ProtocolError` where the account may not, or there are too many. */
  async create(request: InvitationRequest): Promise<CreatedInvitation> {
    const { store, clock, random = randomBytes } = this.#options;
    const { by, uses = DEFAULTS.uses, lifetime = DEFAULTS.lifetime } = request;
    if (by !== undefined && !await store.accounts.isAdmin(by)) {
      throw new ProtocolError(
        "not_allowed",
        "Only an admin invites. Whoever runs the server makes one: sotto admin --add NAME.",
      );
    }
    const now = clock.time();
    if ((await store.invitations.list(now)).length >= LIMITS.invites) {
      throw new ProtocolError(
        "quota_exceeded",
        `There are ${LIMITS.invites} invitations already. Withdraw some: sotto invite --list.`,
      );
    }
    const code = Buffer.from(random(CODE_BYTES)).toString("base64url");
    const expires = now + Math.min(lifetime, TIMES.invite);
    const invite = { hash: hashOf(code), uses, madeAt: now, expiresAt: expires, by };
    return { number: await store.invitations.create(invite), code, uses, expires };
  }

  /** Whether the code would make an account now. */
  isValid(code: string): Promise<boolean> {
    return this.#options.store.invitations.isValid(hashOf(code), this.#options.clock.time());
  }

  /** Makes an account, and counts a use of the code, or does neither. */
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
