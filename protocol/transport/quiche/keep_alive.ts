/**
 * When a connection sends something for no other reason than to be heard, and when a client takes a
 * server that does not answer for one that was restarted. It sends nothing itself.
 */

/**
 * Milliseconds between keep-alives to a peer that gives no credit: its frame with the credit may
 * have gone to an address that this end has left (RFC 9000, section 4.1, asks for as much).
 */
const BLOCKED_INTERVAL = 1_000;
/** Milliseconds that a server may take to answer. */
const SILENCE = 1_000;

export class KeepAlive {
  readonly #isClient: boolean;
  readonly #interval: number;
  /** When the peer was last heard, and when it was first asked to answer after that. */
  #heardAt = 0;
  #askedAt = -Infinity;
  /** What `forgotten` has returned. */
  #forgotten: PromiseWithResolvers<void> | undefined;

  /** `interval`: milliseconds; 0 sends none. */
  constructor(role: "client" | "server", interval: number) {
    this.#isClient = role === "client";
    this.#interval = interval || Infinity;
  }

  /** When to send something, if nothing else is sent. */
  dueAt(lastSent: number, isBlocked: boolean): number {
    return lastSent + (isBlocked ? Math.min(this.#interval, BLOCKED_INTERVAL) : this.#interval);
  }

  /** When a server that was asked seems to be gone. */
  get silentAt(): number {
    return this.#isClient && this.#askedAt > this.#heardAt ? this.#askedAt + SILENCE : Infinity;
  }

  /** When the peer was last heard. */
  get heardAt(): number {
    return this.#heardAt;
  }

  heard(time: number): void {
    this.#heardAt = time;
  }

  /** The peer was sent what it has to answer. */
  asked(time: number): void {
    if (this.#askedAt <= this.#heardAt) this.#askedAt = time;
  }

  /** See `Connection`. */
  forgotten(): Promise<void> {
    this.#forgotten ??= Promise.withResolvers();
    return this.#forgotten.promise;
  }

  /** There is a sign that the server has forgotten the connection. */
  seemForgotten(time: number): void {
    this.#askedAt = time;
    this.#forgotten?.resolve();
    this.#forgotten = undefined;
  }
}
