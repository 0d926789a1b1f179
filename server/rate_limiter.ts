/**
 * Rate limits: the generic cell rate algorithm (ITU-T I.371), which is a token bucket
 * kept as one number. It reads no clock and never waits; it says how long to wait.
 */
import { networkOf } from "../protocol/transport/network_of.ts";

/** A steady rate, and how far ahead of it one may be. */
export interface Rate {
  /** Events a second in the long run; `Infinity` lifts the limit. */
  readonly rate: number;
  /** Events at once, after a pause. */
  readonly burst: number;
}

/** The limit of one peer, for one kind of event. */
export class RateLimiter {
  readonly #interval: number;
  readonly #ahead: number;
  /** When the events so far would have happened at the steady rate. */
  #due = 0;

  constructor({ rate, burst }: Rate) {
    this.#interval = 1000 / rate;
    this.#ahead = this.#interval * (burst - 1);
  }

  /** Counts an event. Returns the milliseconds to wait before it may go ahead: 0 within the limit. */
  take(now: number): number {
    const start = Math.max(this.#due, now);
    this.#due = start + this.#interval;
    return Math.max(0, start - now - this.#ahead);
  }

  /** Takes an event back that was counted. */
  giveBack(): void {
    this.#due -= this.#interval;
  }

  /** Whether one more event would be within the limit; counts nothing. */
  allows(now: number): boolean {
    return this.#due - now <= this.#ahead;
  }
}

/**
 * A limit for each address. The table is bounded: past its size the address that was counted the
 * longest ago is forgotten, so that a peer with many addresses cannot fill the memory.
 */
export class AddressRateLimiter {
  readonly #rate: Rate;
  readonly #size: number;
  readonly #limiters = new Map<string, RateLimiter>();

  constructor(rate: Rate, size = 10_000) {
    this.#rate = rate;
    this.#size = size;
  }

  allows(address: string, now: number): boolean {
    return this.#limiters.get(networkOf(address))?.allows(now) ?? true;
  }

  count(address: string, now: number): void {
    const network = networkOf(address);
    const pace = this.#limiters.get(network) ?? new RateLimiter(this.#rate);
    pace.take(now);
    this.#limiters.delete(network);
    this.#limiters.set(network, pace);
    if (this.#limiters.size <= this.#size) return;
    for (const oldest of this.#limiters.keys()) {
      this.#limiters.delete(oldest);
      break;
    }
  }

  /** Takes an event back that was counted, if the address is not forgotten. */
  giveBack(address: string): void {
    this.#limiters.get(networkOf(address))?.giveBack();
  }
}
