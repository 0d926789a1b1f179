/**
 * All connections: accepts them, checks their time limits, and closes them when the server stops.
 * `peer_connection.ts` serves each.
 */
import { type Clock, within } from "../protocol/clock.ts";
import { closeCodeOf } from "../protocol/errors.ts";
import { CLOSE_NONE, type Listener } from "../protocol/transport/transport.ts";
import { type ConnectionOptions, PeerConnection } from "./peer_connection.ts";
import { describe } from "./log.ts";

/** Milliseconds between two checks of the time limits, which are tens of seconds. */
const CHECK = 1_000;
const DRAINING = closeCodeOf("draining") ?? CLOSE_NONE;

export class Connections {
  readonly #listeners: readonly Listener[];
  readonly #options: ConnectionOptions;
  readonly #clock: Clock;
  readonly #connections = new Set<PeerConnection>();
  readonly #running = new Set<Promise<void>>();
  readonly #accepting: readonly Promise<void>[];
  #cancelCheck = () => {};
  #draining = false;

  constructor(listeners: readonly Listener[], options: ConnectionOptions) {
    this.#listeners = listeners;
    this.#options = options;
    this.#clock = options.clock;
    this.#accepting = listeners.map((listener) => this.#accept(listener));
    this.#check();
  }

  get count(): number {
    return this.#connections.size;
  }

  /**
   * Handles no further frame, waits for `settled` (frames that are still to be sent), sends `bye`,
   * closes everything. Takes a little over twice `limit` milliseconds at most.
   */
  async drain(limit: number, settled: () => Promise<void>): Promise<void> {
    this.#draining = true;
    const farewells = [...this.#connections].map((peer) => peer.drain());
    await within(this.#clock, limit, settled());
    await within(this.#clock, limit, Promise.all(farewells.map((bye) => bye())));
    await Promise.all(this.#listeners.map((each) => each.close(DRAINING, "draining")));
    this.#cancelCheck();
    await Promise.all([...this.#accepting, ...this.#running]);
  }

  async #accept(listener: Listener): Promise<void> {
    for (let connection; (connection = await listener.accept()) !== null;) {
      if (this.#draining) {
        connection.close(DRAINING, "draining");
        continue;
      }
      const peer = new PeerConnection(connection, this.#options);
      const running = this.#serve(peer);
      this.#running.add(running);
      void running.then(() => this.#running.delete(running));
    }
  }

  async #serve(peer: PeerConnection): Promise<void> {
    this.#connections.add(peer);
    try {
      await peer.run();
    } catch (error) {
      this.#options.log.error("internal", { peer: peer.address, error: describe(error) });
    } finally {
      this.#connections.delete(peer);
    }
  }

  #check(): void {
    for (const peer of this.#connections) peer.check();
    this.#cancelCheck = this.#clock.after(CHECK, () => this.#check());
  }
}
