/**
 * Who may shake hands: so many TCP connections at once, so many more that wait for a turn, and each
 * for so long. A TCP connection that waits has nothing read from it.
 */
import { clearTimeout, setTimeout } from "node:timers";
import type { Socket } from "node:net";

export interface AdmissionOptions {
  /** Handshakes under way at once; as many again may wait. */
  readonly most: number;
  /** Milliseconds that each may wait, and then take. */
  readonly timeout: number;
  /** Settles when it is over, one way or the other; soon after the signal is aborted. */
  readonly handshake: (raw: Socket, signal: AbortSignal) => Promise<void>;
}

export class Admission {
  readonly #options: AdmissionOptions;
  /** In the order in which they came, each with the end of its wait. */
  readonly #waiting = new Map<Socket, ReturnType<typeof setTimeout>>();
  readonly #running = new Map<Promise<void>, AbortController>();
  #closed = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** A TCP connection has come. */
  offer(raw: Socket): void {
    raw.on("error", () => {}); // Its handshake will see that it is gone.
    const { most, timeout } = this.#options;
    if (this.#closed) return void raw.destroy();
    if (this.#running.size < most) return this.#start(raw);
    if (this.#waiting.size >= most) return void raw.destroy();
    this.#waiting.set(raw, setTimeout(() => this.#drop(raw), timeout));
  }

  /** Ends all that has not been admitted, and takes no more. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const raw of this.#waiting.keys()) this.#drop(raw);
    for (const controller of this.#running.values()) controller.abort();
    await Promise.all(this.#running.keys());
  }

  #start(raw: Socket): void {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), this.#options.timeout);
    const running = this.#options.handshake(raw, controller.signal).finally(() => {
      clearTimeout(timer);
      this.#running.delete(running);
      this.#next();
    });
    this.#running.set(running, controller);
  }

  #next(): void {
    const [raw] = this.#waiting.keys();
    if (raw === undefined) return;
    clearTimeout(this.#waiting.get(raw));
    this.#waiting.delete(raw);
    this.#start(raw);
  }

  #drop(raw: Socket): void {
    clearTimeout(this.#waiting.get(raw));
    this.#waiting.delete(raw);
    raw.destroy();
  }
}
