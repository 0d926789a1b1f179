/**
 * A bounded queue that networks share (an IPv4 address, an IPv6 /64). They take turns, so an entry
 * waits behind its own network's, and behind one of each other network. It knows no time.
 *
 * An entry is refused when its network has its share already. When the queue is full, the newest
 * entry of the network with the most gives way to a network that has fewer.
 */
import { assert } from "../protocol/assert.ts";
import { networkOf } from "../protocol/transport/network_of.ts";

interface FairQueueLimits {
  /** Entries of all networks. */
  readonly size: number;
  /** Entries of one. */
  readonly perNetwork: number;
}

export class FairQueue<Entry> {
  readonly #limits: FairQueueLimits;
  /** In the order of their turns. None is empty. */
  readonly #networks = new Map<string, Entry[]>();
  #size = 0;

  constructor(limits: FairQueueLimits) {
    this.#limits = limits;
  }

  /** Adds an entry. Returns the one that has no place now: this one, or another; or none. */
  add(entry: Entry, address: string): Entry | undefined {
    const network = networkOf(address);
    const own = this.#networks.get(network) ?? [];
    if (own.length >= this.#limits.perNetwork) return entry;
    const largest = this.#size >= this.#limits.size ? this.#largest() : undefined;
    if (largest !== undefined && largest.length <= own.length + 1) return entry;
    const displaced = largest?.pop();
    own.push(entry);
    this.#networks.set(network, own);
    this.#size += displaced === undefined ? 1 : 0;
    assert(this.#size <= this.#limits.size, "the queue is bounded");
    return displaced;
  }

  /** Removes and returns the next entry. */
  take(): Entry | undefined {
    for (const [network, entries] of this.#networks) {
      const entry = entries.shift();
      this.#size--;
      // Its next turn is after those of all others.
      this.#networks.delete(network);
      if (entries.length > 0) this.#networks.set(network, entries);
      return entry;
    }
    return undefined;
  }

  /** Removes an entry that waits. */
  delete(entry: Entry, address: string): void {
    const network = networkOf(address);
    const entries = this.#networks.get(network) ?? [];
    const index = entries.indexOf(entry);
    assert(index >= 0, "an entry that is deleted is in the queue");
    entries.splice(index, 1);
    this.#size--;
    if (entries.length === 0) this.#networks.delete(network);
  }

  #largest(): Entry[] {
    let largest: Entry[] = [];
    for (const entries of this.#networks.values()) {
      if (entries.length > largest.length) largest = entries;
    }
    return largest;
  }
}
