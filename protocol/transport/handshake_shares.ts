/**
 * The handshakes that a QUIC listener has under way, each of a network (an IPv4 address, an IPv6
 * /64). When all places are taken, the oldest handshake of the network with the most gives way to a
 * network that has fewer. So one network may use every place, and cannot keep others out.
 *
 * It ends no handshake by itself: it says which one to give up.
 */
import { assert } from "../assert.ts";
import { networkOf } from "./network_of.ts";

export class HandshakeShares<Handshake> {
  readonly #max: number;
  /** The oldest first. */
  readonly #begun = new Map<Handshake, { readonly network: string; readonly at: number }>();
  /** The oldest of each network first. None is empty. */
  readonly #handshakes = new Map<string, Set<Handshake>>();

  /** `max`: handshakes at once. */
  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#begun.size;
  }

  /** When the oldest began; `Infinity` if there is none. */
  get oldest(): number {
    for (const { at } of this.#begun.values()) return at;
    return Infinity;
  }

  /**
   * Whether a handshake from this address may begin. `giveUp`: it may, in the place of that one, which
   * the caller MUST end and `delete` before it adds the other.
   */
  place(address: string): { readonly giveUp?: Handshake } | undefined {
    if (this.size < this.#max) return {};
    let largest: ReadonlySet<Handshake> = new Set();
    for (const handshakes of this.#handshakes.values()) {
      if (handshakes.size > largest.size) largest = handshakes;
    }
    const own = this.#handshakes.get(networkOf(address))?.size ?? 0;
    const [giveUp] = largest;
    return giveUp !== undefined && largest.size > own + 1 ? { giveUp } : undefined;
  }

  /** Adds a handshake for which there is a place. It begins now. */
  add(handshake: Handshake, address: string, now: number): void {
    assert(this.size < this.#max, "handshakes are bounded");
    const network = networkOf(address);
    const handshakes = this.#handshakes.get(network) ?? new Set();
    this.#handshakes.set(network, handshakes.add(handshake));
    this.#begun.set(handshake, { network, at: now });
  }

  /** Removes a handshake that is over. Twice does no harm. */
  delete(handshake: Handshake): void {
    const network = this.#begun.get(handshake)?.network;
    if (network === undefined) return;
    this.#begun.delete(handshake);
    const handshakes = this.#handshakes.get(network);
    handshakes?.delete(handshake);
    if (handshakes?.size === 0) this.#handshakes.delete(network);
  }
}
