/**
 * Keep-alive of a connection: pings the peer, measures the round trip, and reports when the peer was
 * silent for too long. Traffic costs it one look at the clock, and no timer.
 */
import type { Clock } from "../../clock.ts";

interface KeepAliveOptions {
  readonly clock: Pick<Clock, "now" | "after">;
  /** Milliseconds of silence until `idle`. */
  readonly idleTimeout: number;
  /** Milliseconds between two pings; 0: none. */
  readonly interval: number;
  readonly ping: () => void;
  /** Called once, and last. */
  readonly idle: () => void;
}

export class KeepAlive {
  readonly #options: KeepAliveOptions;
  #lastActivity: number;
  #nextPing: number;
  /** When the oldest unanswered ping was sent. */
  #pingedAt: number | undefined;
  #roundTrip: number | undefined;
  #cancel = () => {};

  constructor(options: KeepAliveOptions) {
    const { clock, interval } = options;
    this.#options = options;
    this.#lastActivity = clock.now();
    this.#nextPing = interval > 0 ? this.#lastActivity + interval : Infinity;
    this.#startTimer();
  }

  /** The latest round trip, in milliseconds. */
  get roundTrip(): number | undefined {
    return this.#roundTrip;
  }

  /** Bytes have come from the peer. */
  noteActivity(): void {
    this.#lastActivity = this.#options.clock.now();
  }

  /** A pong has come. */
  answered(): void {
    if (this.#pingedAt !== undefined) {
      this.#roundTrip = this.#options.clock.now() - this.#pingedAt;
    }
    this.#pingedAt = undefined;
  }

  stop(): void {
    this.#cancel();
  }

  #startTimer(): void {
    const { clock, idleTimeout } = this.#options;
    const next = Math.min(this.#lastActivity + idleTimeout, this.#nextPing);
    this.#cancel = clock.after(Math.max(1, Math.ceil(next - clock.now())), () => this.#due());
  }

  #due(): void {
    const { clock, idle, idleTimeout, interval, ping } = this.#options;
    const now = clock.now();
    if (now - this.#lastActivity >= idleTimeout) return idle();
    if (now >= this.#nextPing) {
      this.#nextPing = now + interval;
      this.#pingedAt ??= now;
      ping();
    }
    this.#startTimer();
  }
}
