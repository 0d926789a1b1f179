/**
 * The pulse of a connection: asks the peer for a sign of life, and tells when none has come for too
 * long. What passes in between costs it one look at the clock, and no timer.
 */
import { clearTimeout, setTimeout } from "node:timers";

export interface HeartbeatOptions {
  /** Milliseconds; never goes back. */
  readonly now: () => number;
  /** Milliseconds of silence until `idle`. */
  readonly idleTimeout: number;
  /** Milliseconds from one `ping` to the next; 0: none. */
  readonly keepAlive: number;
  readonly ping: () => void;
  /** Called once, and last. */
  readonly idle: () => void;
}

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #lastHeard: number;
  #nextPing: number;
  /** When the oldest ping without an answer was sent. */
  #asked: number | undefined;
  #roundTrip: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: HeartbeatOptions) {
    const { keepAlive, now } = options;
    this.#options = options;
    this.#lastHeard = now();
    this.#nextPing = keepAlive > 0 ? this.#lastHeard + keepAlive : Infinity;
    this.#arm();
  }

  /** The last round trip that was measured, in milliseconds. */
  get roundTrip(): number | undefined {
    return this.#roundTrip;
  }

  /** Something has come. */
  heard(): void {
    this.#lastHeard = this.#options.now();
  }

  /** The answer to a ping has come. */
  answered(): void {
    if (this.#asked !== undefined) this.#roundTrip = this.#options.now() - this.#asked;
    this.#asked = undefined;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #arm(): void {
    const { idleTimeout, now } = this.#options;
    const next = Math.min(this.#lastHeard + idleTimeout, this.#nextPing);
    this.#timer = setTimeout(() => this.#beat(), Math.max(1, Math.ceil(next - now())));
  }

  #beat(): void {
    const { idle, idleTimeout, keepAlive, now, ping } = this.#options;
    const time = now();
    if (time - this.#lastHeard >= idleTimeout) return idle();
    if (time >= this.#nextPing) {
      this.#nextPing = time + keepAlive;
      this.#asked ??= time;
      ping();
    }
    this.#arm();
  }
}
