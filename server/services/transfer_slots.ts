/**
 * The slots of uploads and downloads: a few for each session, and a pool for all of them. While the
 * pool has room, anyone may take a slot. When it is full, who comes may take the slot of another
 * transfer, which is broken off (its client goes on with it later):
 *
 * 1. One that is slow: it has not moved so many bytes in the last seconds. Its owner MUST hold more
 *    slots than the one who comes, or be the same account.
 * 2. One of an owner that holds at least two more. So the pool comes to be shared evenly, and nobody
 *    takes a slot back and forth.
 *
 * Owners are networks, and accounts wherever they are; within one network they are its accounts.
 */
import { assert } from "../../protocol/assert.ts";
import type { Clock } from "../../protocol/clock.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { SignedInSession } from "./signed_in_session.ts";

export interface SlotLimits {
  /** Uploads and downloads at once, of all sessions. */
  readonly transfers: number;
  /** A transfer that moves fewer bytes in so many milliseconds is slow. */
  readonly slowBytes: number;
  readonly slowTime: number;
}

/** What a transfer runs on. */
export interface TransferStream {
  /** Ends the transfer at once, wherever it is. */
  abandon(): void;
}

export interface Slot extends Disposable {
  /** The transfer has moved so many bytes. */
  moved(bytes: number): void;
}

/** Part of a session: who holds a slot. */
type Owner = Pick<SignedInSession, "account" | "network">;

interface Held {
  readonly owner: Owner;
  readonly stream: TransferStream;
  /** What it has moved suffices until then. */
  fastUntil: number;
}

/** What is known of a slot that may be taken from its holder. */
interface Candidate {
  readonly held: Held;
  readonly isSlow: boolean;
  /** Slots of its owner. */
  readonly share: number;
  readonly ofAccount: number;
}

/** Transfers that were broken off and have not ended yet: the disk may not answer. */
const MAX_ENDING = 32;

export class TransferSlots {
  readonly #limits: SlotLimits;
  readonly #clock: Pick<Clock, "now">;
  /** In the order in which they were taken. */
  readonly #held = new Set<Held>();
  readonly #ending = new Set<Held>();
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(limits: SlotLimits, clock: Pick<Clock, "now">) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Takes a slot until it is disposed of. Throws `busy`. */
  take(owner: Owner, stream: TransferStream): Slot {
    if (this.count(owner) >= LIMITS.transfers) {
      const message =
        `${LIMITS.transfers} files are on their way already: wait until one has arrived.`;
      throw new ProtocolError("busy", message);
    }
    if (this.#held.size >= this.#limits.transfers) this.#makeRoom(owner);
    const held: Held = { owner, stream, fastUntil: this.#clock.now() + this.#limits.slowTime };
    this.#held.add(held);
    return {
      moved: (bytes) => this.#moved(held, bytes),
      [Symbol.dispose]: () => this.#release(held),
    };
  }

  /** Slots that are taken: by everyone, or by one. */
  count(owner?: Owner): number {
    return owner === undefined ? this.#held.size : this.#count((held) => held.owner === owner);
  }

  /** Resolves when no slot is taken. */
  idle(): Promise<void> {
    if (this.#held.size + this.#ending.size === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }

  /** A leaky bucket: so many bytes suffice for so long. Neither credit nor debt exceeds that time. */
  #moved(held: Held, bytes: number): void {
    const { slowBytes, slowTime } = this.#limits;
    const now = this.#clock.now();
    const until = Math.max(held.fastUntil, now - slowTime) + bytes * slowTime / slowBytes;
    held.fastUntil = Math.min(until, now + slowTime);
  }

  #release(held: Held): void {
    const isTaken = this.#held.delete(held) || this.#ending.delete(held);
    assert(isTaken, "a slot that is released was taken");
    if (this.#held.size + this.#ending.size > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** Breaks off another transfer. Throws `busy`. */
  #makeRoom(owner: Owner): void {
    const taken = this.#ending.size < MAX_ENDING ? this.#findTaken(owner) : undefined;
    if (taken === undefined) throw new ProtocolError("busy");
    this.#held.delete(taken);
    this.#ending.add(taken);
    taken.stream.abandon();
  }

  /** The slot that the owner may take; `undefined`: none. */
  #findTaken(owner: Owner): Held | undefined {
    const now = this.#clock.now();
    const networks = this.#countBy(({ network }) => network);
    const accounts = this.#countBy(({ account }) => account.number);
    let best: Candidate | undefined;
    for (const held of this.#held) {
      const isSlow = held.fastUntil < now;
      const ofAccount = accounts(held.owner);
      const isNeighbour = held.owner.network === owner.network;
      const shareOf = (one: Owner) =>
        isNeighbour ? accounts(one) : Math.max(networks(one), accounts(one));
      const share = shareOf(held.owner);
      const isOwn = held.owner.account.number === owner.account.number;
      const mayTake = isOwn ? isSlow : shareOf(owner) + (isSlow ? 0 : 1) < share;
      const candidate = { held, isSlow, share, ofAccount };
      if (mayTake && (best === undefined || isBefore(candidate, best))) best = candidate;
    }
    return best?.held;
  }

  #count(which: (held: Held) => boolean): number {
    let count = 0;
    for (const held of this.#held) if (which(held)) count++;
    return count;
  }

  #countBy<Key>(keyOf: (owner: Owner) => Key): (owner: Owner) => number {
    const counts = new Map<Key, number>();
    for (const { owner } of this.#held) {
      const key = keyOf(owner);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return (owner) => counts.get(keyOf(owner)) ?? 0;
  }
}

/** Whether the first slot is taken before the second: the slow ones, then those of whom has most. */
function isBefore(one: Candidate, other: Candidate): boolean {
  if (one.isSlow !== other.isSlow) return one.isSlow;
  if (one.share !== other.share) return one.share > other.share;
  if (one.ofAccount !== other.ofAccount) return one.ofAccount > other.ofAccount;
  return one.held.fastUntil <= other.held.fastUntil;
}
