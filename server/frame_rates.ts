/**
 * How fast frames are handled: a rate for each account, whatever the number of its sessions, and
 * a greater one for each network, whatever the number of its accounts. Until a connection has signed
 * in, its own rate takes the place of the account's.
 *
 * What an account has used up it cannot get back with a new session: rates are remembered after the
 * last session has ended.
 */
import type { Clock } from "../protocol/clock.ts";
import { assert } from "../protocol/assert.ts";
import { networkOf } from "../protocol/transport/network_of.ts";
import { type Rate, RateLimiter } from "./rate_limiter.ts";

/** The limits that frames count towards (`dispatch.ts`). */
interface Rates {
  readonly sends: Rate;
  readonly lists: Rate;
  readonly changes: Rate;
  readonly requests: Rate;
}

export type Limit = keyof Rates;

type Limiters = { readonly [Name in Limit]: RateLimiter };

/** How many accounts' worth of frames a network may send: a class or an office shares an address. */
export const NETWORK_SHARE = 64;
/** Accounts, and networks, without a connection that are remembered. */
const REMEMBERED = 10_000;

export class FrameRates {
  readonly #rates: Rates;
  readonly #clock: Clock;
  readonly #accounts: SharedLimiters;
  readonly #networks: SharedLimiters;

  constructor(rates: Rates, clock: Clock) {
    this.#rates = rates;
    this.#clock = clock;
    this.#accounts = new SharedLimiters(rates);
    this.#networks = new SharedLimiters({
      sends: multiply(rates.sends),
      lists: multiply(rates.lists),
      changes: multiply(rates.changes),
      requests: multiply(rates.requests),
    });
  }

  /** The limiter of a new connection. Dispose of it when the connection has closed. */
  open(address: string): FrameRateLimiter {
    const network = this.#networks.open(networkOf(address));
    return new FrameRateLimiter(this.#clock, makeLimiters(this.#rates), network, this.#accounts);
  }
}

/** How long the frames of one connection have to wait before they are handled. */
export class FrameRateLimiter implements Disposable {
  readonly #clock: Clock;
  readonly #network: SharedEntry;
  readonly #accounts: SharedLimiters;
  #own: Limiters;
  #account: SharedEntry | undefined;

  constructor(clock: Clock, own: Limiters, network: SharedEntry, accounts: SharedLimiters) {
    this.#clock = clock;
    this.#own = own;
    this.#network = network;
    this.#accounts = accounts;
  }

  /** The connection belongs to this account from now on. */
  signedIn(account: string): void {
    assert(this.#account === undefined, "a connection signs in once");
    this.#account = this.#accounts.open(account);
    this.#own = this.#account.limiters;
  }

  /** Counts a frame, and waits if frames come too fast. */
  async wait(limit: Limit): Promise<void> {
    const delay = this.delay(limit, this.#clock.now());
    if (delay > 0) await new Promise<void>((resolve) => void this.#clock.after(delay, resolve));
  }

  /** Counts a frame. Returns the milliseconds that it has to wait. */
  delay(limit: Limit, now: number): number {
    return Math.max(this.#own[limit].take(now), this.#network.limiters[limit].take(now));
  }

  [Symbol.dispose](): void {
    this.#network[Symbol.dispose]();
    this.#account?.[Symbol.dispose]();
  }
}

interface SharedEntry extends Disposable {
  readonly limiters: Limiters;
}

/** Limiters by key. Those in use are kept; of the others, those that were used last. */
class SharedLimiters {
  readonly #rates: Rates;
  readonly #used = new Map<string, { readonly limiters: Limiters; users: number }>();
  /** The one that was used the longest ago comes first. */
  readonly #idle = new Map<string, Limiters>();

  constructor(rates: Rates) {
    this.#rates = rates;
  }

  open(key: string): SharedEntry {
    let entry = this.#used.get(key);
    if (entry === undefined) {
      entry = { limiters: this.#idle.get(key) ?? makeLimiters(this.#rates), users: 0 };
      this.#idle.delete(key);
      this.#used.set(key, entry);
    }
    entry.users++;
    return { limiters: entry.limiters, [Symbol.dispose]: () => this.#close(key) };
  }

  #close(key: string): void {
    const entry = this.#used.get(key);
    assert(entry !== undefined, "limiters that are given back were in use");
    if (--entry.users > 0) return;
    this.#used.delete(key);
    this.#idle.set(key, entry.limiters);
    if (this.#idle.size <= REMEMBERED) return;
    for (const oldest of this.#idle.keys()) {
      this.#idle.delete(oldest);
      break;
    }
  }
}

function makeLimiters(rates: Rates): Limiters {
  return {
    sends: new RateLimiter(rates.sends),
    lists: new RateLimiter(rates.lists),
    changes: new RateLimiter(rates.changes),
    requests: new RateLimiter(rates.requests),
  };
}

function multiply({ rate, burst }: Rate): Rate {
  return { rate: rate * NETWORK_SHARE, burst: burst * NETWORK_SHARE };
}
