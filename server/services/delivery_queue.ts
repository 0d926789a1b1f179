/**
 * Messages that wait to be stored. Accounts take turns, and one that had nothing waiting is next: who
 * sends many messages waits, and nobody else does (RFC 8290, section 4.2, has the same for packets).
 * Those of one account stay in order.
 *
 * It counts bytes, and knows no bound. Its owner does, and may ask for the newest message of the
 * account that has the most.
 */
import { assert } from "../../protocol/assert.ts";

interface Waiting {
  readonly account: string;
  /** Bytes. */
  readonly size: number;
}

/** What one account has waiting; never nothing. */
interface Turn<Entry> {
  readonly entries: Entry[];
  bytes: number;
}

type Turns<Entry> = ReadonlyMap<string, Turn<Entry>>;

export class DeliveryQueue<Entry extends Waiting> {
  /** Accounts that have not had a turn since they had nothing waiting; then those that have. */
  readonly #fresh = new Map<string, Turn<Entry>>();
  readonly #others = new Map<string, Turn<Entry>>();

  get isEmpty(): boolean {
    return this.#fresh.size + this.#others.size === 0;
  }

  /** Whether an account waits that had nothing waiting. */
  get hasFresh(): boolean {
    return this.#fresh.size > 0;
  }

  add(entry: Entry): void {
    const { account, size } = entry;
    const turn = this.#turnOf(account) ?? { entries: [], bytes: 0 };
    if (turn.entries.length === 0) this.#fresh.set(account, turn);
    turn.entries.push(entry);
    turn.bytes += size;
  }

  /** Removes and returns the next entries, at most so many. */
  take(most: number): Entry[] {
    return this.#take(most, [this.#fresh, this.#others]);
  }

  /** The same, only of accounts that had nothing waiting. */
  takeFresh(most: number): Entry[] {
    return this.#take(most, [this.#fresh]);
  }

  /**
   * Removes and returns the newest entry of the account with the most bytes. `undefined`: with so
   * many bytes more, this account would have as much.
   */
  displaceFor(account: string, size: number): Entry | undefined {
    const own = (this.#turnOf(account)?.bytes ?? 0) + size;
    let largest: Turn<Entry> | undefined;
    for (const turns of [this.#fresh, this.#others]) {
      for (const turn of turns.values()) {
        if (turn.bytes > (largest?.bytes ?? own)) largest = turn;
      }
    }
    const entry = largest?.entries.pop();
    if (largest === undefined || entry === undefined) return undefined;
    largest.bytes -= entry.size;
    if (largest.entries.length === 0) this.#delete(entry.account);
    return entry;
  }

  #take(most: number, kinds: readonly Turns<Entry>[]): Entry[] {
    const taken: Entry[] = [];
    while (taken.length < most) {
      const entry = this.#takeOne(kinds);
      if (entry === undefined) break;
      taken.push(entry);
    }
    return taken;
  }

  #takeOne(kinds: readonly Turns<Entry>[]): Entry | undefined {
    for (const turns of kinds) {
      for (const [account, turn] of turns) {
        const entry = turn.entries.shift();
        assert(entry !== undefined, "who has a turn has an entry");
        turn.bytes -= entry.size;
        // Its next turn is after those of all others.
        this.#delete(account);
        if (turn.entries.length > 0) this.#others.set(account, turn);
        return entry;
      }
    }
    return undefined;
  }

  #turnOf(account: string): Turn<Entry> | undefined {
    return this.#fresh.get(account) ?? this.#others.get(account);
  }

  #delete(account: string): void {
    this.#fresh.delete(account);
    this.#others.delete(account);
  }
}
