/**
 * Who may shake hands: so many TCP connections at once, so many more that wait for a turn, and each
 * for so long. One address has at most half of either, so that it shuts nobody else out alone. A TCP
 * connection that waits has nothing read from it.
 */
import { clearTimeout, setTimeout } from "node:timers";
import type { Socket } from "node:net";
import { networkOf, unmapped } from "../address.ts";

export interface AdmissionOptions {
  /** Handshakes under way at once; as many again may wait. */
  readonly most: number;
  /** Milliseconds that each may wait, and then take. */
  readonly timeout: number;
  /** Settles when it is over, one way or the other; soon after the signal is aborted. */
  readonly handshake: (raw: Socket, signal: AbortSignal) => Promise<void>;
}

interface Waiting {
  readonly network: string;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class Admission {
  readonly #options: AdmissionOptions;
  /** In the order in which they came. */
  readonly #waiting = new Map<Socket, Waiting>();
  readonly #running = new Map<Promise<void>, AbortController>();
  readonly #runningOf = new Tally();
  readonly #waitingOf = new Tally();
  readonly #mostOfOne: number;
  #closed = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#mostOfOne = Math.ceil(options.most / 2);
  }

  /** A TCP connection has come. */
  offer(raw: Socket): void {
    raw.on("error", () => {}); // Its handshake will see that it is gone.
    const { most, timeout } = this.#options;
    if (this.#closed) return void raw.destroy();
    const network = networkIn(raw);
    if (this.#mayStart(network)) return this.#start(raw, network);
    if (this.#waiting.size >= most || this.#waitingOf.count(network) >= this.#mostOfOne) {
      return void raw.destroy();
    }
    this.#waitingOf.add(network);
    const timer = setTimeout(() => this.#drop(raw), timeout);
    this.#waiting.set(raw, { network, timer });
  }

  /** Ends all that has not been admitted, and takes no more. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const raw of this.#waiting.keys()) this.#drop(raw);
    for (const controller of this.#running.values()) controller.abort();
    await Promise.all(this.#running.keys());
  }

  #mayStart(network: string): boolean {
    return this.#running.size < this.#options.most &&
      this.#runningOf.count(network) < this.#mostOfOne;
  }

  #start(raw: Socket, network: string): void {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), this.#options.timeout);
    this.#runningOf.add(network);
    const running = this.#options.handshake(raw, controller.signal).finally(() => {
      clearTimeout(timer);
      this.#running.delete(running);
      this.#runningOf.remove(network);
      this.#next();
    });
    this.#running.set(running, controller);
  }

  /** The first of those that wait whose address may have one more. */
  #next(): void {
    for (const [raw, { network }] of this.#waiting) {
      if (!this.#mayStart(network)) continue;
      this.#forget(raw);
      return this.#start(raw, network);
    }
  }

  #drop(raw: Socket): void {
    this.#forget(raw);
    raw.destroy();
  }

  #forget(raw: Socket): void {
    const waiting = this.#waiting.get(raw);
    if (waiting === undefined) return;
    clearTimeout(waiting.timer);
    this.#waitingOf.remove(waiting.network);
    this.#waiting.delete(raw);
  }
}

/** How many each address has; nothing is kept of those that have none. */
class Tally {
  readonly #counts = new Map<string, number>();

  count(network: string): number {
    return this.#counts.get(network) ?? 0;
  }

  add(network: string): void {
    this.#counts.set(network, this.count(network) + 1);
  }

  remove(network: string): void {
    const left = this.count(network) - 1;
    if (left > 0) this.#counts.set(network, left);
    else this.#counts.delete(network);
  }
}

function networkIn(raw: Socket): string {
  return networkOf(unmapped(raw.remoteAddress ?? ""));
}
