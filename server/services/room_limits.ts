/**
 * How many rooms and groups accounts may make, and be in. It changes nothing: each method throws a
 * `ProtocolError` where a limit is reached.
 *
 * 1. What others do MUST NOT use up what an account may do: groups that others made have a limit of
 *    their own, and one account can fill but a part of it.
 * 2. Accounts that were made for it MUST NOT use up the rooms of the server: a new account may make
 *    few, and a network only so many in a time.
 */
import type { Clock } from "../../protocol/clock.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { AddressRateLimiter } from "../rate_limiter.ts";
import type { AccountStore } from "../store/accounts.ts";
import type { RoomStore } from "../store/rooms.ts";

interface RoomLimitsOptions {
  readonly store: {
    readonly accounts: Pick<AccountStore, "byName">;
    readonly rooms: Pick<RoomStore, "countOf" | "countRooms">;
  };
  readonly clock: Pick<Clock, "now" | "time">;
  /** How many rooms there may be. */
  readonly rooms: number;
  /** Rooms that a network makes. */
  readonly newRooms: AddressRateLimiter;
}

/** Milliseconds for which an account is new. */
const NEW = 24 * 60 * 60 * 1000;

export class RoomLimits {
  readonly #options: RoomLimitsOptions;

  constructor(options: RoomLimitsOptions) {
    this.#options = options;
  }

  /** The account may make one more room or group. */
  async checkMade(account: string): Promise<void> {
    const { store, clock } = this.#options;
    const { made } = await store.rooms.countOf(account);
    if (made >= LIMITS.made) {
      throw exceeded(`You have created ${LIMITS.made} rooms and groups, which is the limit.`);
    }
    const { createdAt = 0 } = await store.accounts.byName(account) ?? {};
    if (made < LIMITS.madeNew || clock.time() - createdAt >= NEW) return;
    throw exceeded(
      `Your account is new: it may create ${LIMITS.madeNew} rooms and groups on its first day.`,
    );
  }

  /** There may be one more room, and this address may make it. */
  async checkRooms(address: string): Promise<void> {
    const { store, clock, rooms, newRooms } = this.#options;
    if (await store.rooms.countRooms() >= rooms) {
      throw exceeded(`This server has ${rooms} rooms, which is the limit.`);
    }
    if (newRooms.allows(address, clock.now())) return;
    const message = "Too many rooms were created from your network. Try again in a few minutes.";
    throw new ProtocolError("rate_limited", message);
  }

  /** A room was made. */
  countRoom(address: string): void {
    this.#options.newRooms.count(address, this.#options.clock.now());
  }

  /** The account may be in one more room, or group of its own. */
  async checkJoined(account: string): Promise<void> {
    const { joined } = await this.#options.store.rooms.countOf(account);
    if (joined < LIMITS.joined) return;
    throw exceeded(
      `${account} is in ${LIMITS.joined} rooms and groups of their own, which is the limit.`,
    );
  }

  /** The account may be in one more group that `creator` has made. */
  async checkAdded(account: string, creator: string): Promise<void> {
    const { added, addedBy } = await this.#options.store.rooms.countOf(account, creator);
    if (addedBy >= LIMITS.addedBy) {
      throw exceeded(`${account} is in ${LIMITS.addedBy} of your groups, which is the limit.`);
    }
    if (added < LIMITS.added) return;
    throw exceeded(`${account} is in ${LIMITS.added} groups of others, which is the limit.`);
  }
}

function exceeded(message: string): ProtocolError {
  return new ProtocolError("quota_exceeded", message);
}
