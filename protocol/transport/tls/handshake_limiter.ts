/**
 * Bounds the handshakes of a listener: so many at once, as many that wait, each for a limited time.
 * One network gets at most half of either, so it cannot shut all others out. Nothing is read from a
 * TCP connection that waits.
 */
import type { Socket } from "node:net";
import { assert } from "../../assert.ts";
import type { Clock } from "../../clock.ts";
import { unmapped } from "../address.ts";
import { networkOf } from "../network_of.ts";

interface HandshakeLimiterOptions {
  /** Handshakes at once; as many again may wait. */
  readonly max: number;
  /** Milliseconds that each may wait, and then take. */
  readonly timeout: number;
  readonly clock: Pick<Clock, "after">;
  /** Settles when the handshake is over, and soon after the signal is aborted. */
  readonly handshake: (raw: Socket, signal: AbortSignal) => Promise<void>;
}

interface Waiting {
  readonly network: string;
  readonly cancel: () => void;
}

export class HandshakeLimiter {
  readonly #options: HandshakeLimiterOptions;
  /** In the order in which they came. */
  readonly #waiting = new Map<Socket, Waiting>();
  readonly #running = new Map<Promise<void>, AbortController>();
  readonly #runningByNetwork = new Counts();
  readonly #waitingByNetwork = new Counts();
  readonly #maxPerNetwork: number;
  #closed = false;

  constructor(options: HandshakeLimiterOptions) {
    this.#options = options;
    this.#maxPerNetwork = Math.ceil(options.max / 2);
  }

  /** Takes a new TCP connection. */
  offer(raw: Socket): void {
    raw.on("error", () => {}); // Its handshake finds out.
    const { clock, max, timeout } = this.#options;
    if (this.#closed) return void raw.destroy();
    const network = networkOf(unmapped(raw.remoteAddress ?? ""));
    if (this.#mayStart(network)) return this.#start(raw, network);
    const isFull = this.#waiting.size >= max ||
      this.#waitingByNetwork.count(network) >= this.#maxPerNetwork;
    if (isFull) return void raw.destroy();
    this.#waitingByNetwork.add(network);
    this.#waiting.set(raw, { network, cancel: clock.after(timeout, () => this.#drop(raw)) });
  }

  /** Ends every handshake, and takes no more. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const raw of this.#waiting.keys()) this.#drop(raw);
    for (const controller of this.#running.values()) controller.abort();
    await Promise.all(this.#running.keys());
  }

  #mayStart(network: string): boolean {
    return this.#running.size < this.#options.max &&
      this.#runningByNetwork.count(network) < this.#maxPerNetwork;
  }

  #start(raw: Socket, network: string): void {
    const { clock, handshake, max, timeout } = this.#options;
    const controller = new AbortController();
    const cancel = clock.after(timeout, () => controller.abort());
    this.#runningByNetwork.add(network);
    const running = handshake(raw, controller.signal).finally(() => {
      cancel();
      this.#running.delete(running);
      this.#runningByNetwork.remove(network);
      this.#startNext();
    });
    this.#running.set(running, controller);
    assert(this.#running.size <= max, "handshakes are bounded");
  }

  /** Starts the first that waits whose network may have one more. */
  #startNext(): void {
    for (const [raw, { network }] of this.#waiting) {
      if (!this.#mayStart(network)) continue;
      this.#removeWaiting(raw);
      return this.#start(raw, network);
    }
  }

  #drop(raw: Socket): void {
    this.#removeWaiting(raw);
    raw.destroy();
  }

  #removeWaiting(raw: Socket): void {
    const waiting = this.#waiting.get(raw);
    if (waiting === undefined) return;
    waiting.cancel();
    this.#waitingByNetwork.remove(waiting.network);
    this.#waiting.delete(raw);
  }
}

/** A count for each network that has any. */
class Counts {
  readonly #counts = new Map<string, number>();

  count(network: string): number {
    return this.#counts.get(network) ?? 0;
  }

  add(network: string): void {
    this.#counts.set(network, this.count(network) + 1);
  }

  remove(network: string): void {
    const left = this.count(network) - 1;
    assert(left >= 0, "a network's count is not negative");
    if (left > 0) this.#counts.set(network, left);
    else this.#counts.delete(network);
  }
}
