/**
 * What is between the two ends of a connection: delays, losses, stalls, and the ways in which it
 * breaks. Packets of one lane arrive in their order; those of different lanes overtake each other.
 */
import type { CloseReason } from "../../protocol/transport/transport.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** Milliseconds after which both ends give up a connection on which nothing arrives. */
const IDLE = 45_000;
/** Milliseconds, besides a round trip, until a packet that was lost is sent again. */
const AGAIN = 25;
/** Milliseconds, one way, that no link exceeds when the faults are over. */
const FAST = 50;

export interface LinkOptions {
  /** One way, milliseconds. */
  readonly delay: number;
  /** Added to it, at most. */
  readonly jitter: number;
  /** How many packets of a hundred are lost, and sent again. */
  readonly loss: number;
  /** Bytes of a stream that the other end has not read. */
  readonly window: number;
  /** Whether the client can go on from another address. */
  readonly canRebind: boolean;
}

/** One end, as the link sees it. */
export interface LinkEnd {
  readonly isAlive: boolean;
  finish(reason: CloseReason): void;
  /** A packet has come from the other end, if only to say that it has received one. */
  heard(): void;
}

/** The packets of one stream in one direction. */
interface Lane {
  arrival: number;
}

const LOST: CloseReason = { kind: "lost", code: 0, reason: "", by: "local" };
const SILENT: CloseReason = { kind: "idle", code: 0, reason: "", by: "local" };

export class Link {
  #options: LinkOptions;
  readonly #world: World;
  readonly #random: Random;
  readonly #ends: LinkEnd[] = [];
  #held: (() => void)[] | undefined;
  #over = false;
  /** Only another address of the client's helps. */
  #waitsForRebind = false;

  constructor(world: World, random: Random, options: LinkOptions) {
    this.#world = world;
    this.#random = random;
    this.#options = options;
  }

  get options(): LinkOptions {
    return this.#options;
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** Both ends are there, and packets pass or will. */
  get isWhole(): boolean {
    return !this.#over && this.#ends.every(({ isAlive }) => isAlive);
  }

  /** Neither end uses it any more. */
  get isUnused(): boolean {
    return !this.#ends.some(({ isAlive }) => isAlive);
  }

  /** Nothing passes for a while. */
  get isStalled(): boolean {
    return this.#held !== undefined && !this.#waitsForRebind;
  }

  attach(end: LinkEnd): void {
    this.#ends.push(end);
  }

  /** Carries a packet to `end`. */
  carry(lane: Lane, end: LinkEnd, deliver: () => void): void {
    if (this.#over) return;
    if (this.#held !== undefined) {
      this.#held.push(() => this.carry(lane, end, deliver));
      return;
    }
    const { delay, jitter, loss } = this.#options;
    let travel = delay + jitter * this.#random.fraction();
    while (loss > 0 && this.#random.chance(loss / 100)) travel += 2 * delay + AGAIN;
    lane.arrival = Math.max(lane.arrival, this.#world.now + travel);
    this.#world.after(lane.arrival - this.#world.now, () => {
      if (!end.isAlive) return;
      end.heard();
      this.#acknowledge(end);
      deliver();
    });
  }

  /** Nothing passes for so long; then all of it does. */
  stall(ms: number): void {
    if (this.#over || this.#held !== undefined) return;
    this.#held = [];
    this.#world.after(ms, () => {
      if (!this.#waitsForRebind) this.resume();
    });
  }

  /** The client's address has changed: nothing passes until it goes on from another port. */
  moveAway(): void {
    if (!this.#options.canRebind) return this.lose();
    this.#waitsForRebind = true;
    this.#held ??= [];
    this.#giveUpLater();
  }

  /** The client goes on from another port. */
  rebind(): void {
    this.#waitsForRebind = false;
    this.resume();
  }

  resume(): void {
    if (this.#over) return;
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#waitsForRebind = false;
    for (const carry of held) carry();
  }

  /** The faults are over: nothing stands in the way, and the way is as good as for new links. */
  heal(): void {
    this.#options = healed(this.#options);
    this.resume();
  }

  /** Both ends learn soon that it is lost. */
  lose(): void {
    if (this.#over) return;
    this.#over = true;
    for (const end of this.#ends) {
      const delay = this.#options.delay * 2 * this.#random.fraction();
      this.#world.after(delay, () => end.isAlive && end.finish(LOST));
    }
  }

  /** Nothing passes any more, and nobody is told. */
  silence(): void {
    if (this.#over) return;
    this.#over = true;
    for (const end of this.#ends) {
      this.#world.after(IDLE, () => end.isAlive && end.finish(SILENT));
    }
  }

  /** Tells the other end that a packet has arrived at `end`. */
  #acknowledge(end: LinkEnd): void {
    const other = this.#ends.find((one) => one !== end);
    if (other === undefined || this.#held !== undefined || this.#over) return;
    this.#world.after(this.#options.delay, () => other.isAlive && other.heard());
  }

  #giveUpLater(): void {
    this.#world.after(IDLE, () => {
      if (this.#waitsForRebind) this.silence();
    });
  }
}

/** A link with these options, on a network without faults. */
export function healed(options: LinkOptions): LinkOptions {
  return { ...options, delay: Math.min(options.delay, FAST), loss: 0 };
}
