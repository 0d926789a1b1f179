/**
 * Searches that are under way. One piece of one search is done at a time, and networks take turns
 * (`fair_queue.ts`): an expensive search delays others by a few milliseconds for each of theirs.
 *
 * It reads no messages: it says which ones were found.
 */
import { assert } from "../../protocol/assert.ts";
import type { Clock } from "../../protocol/clock.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { FairQueue } from "../fair_queue.ts";
import type { RunningSearch } from "../store/search.ts";
import type { Store } from "../store/store.ts";
import type { Found } from "../store/text_finder.ts";
import type { SignedInSession } from "./signed_in_session.ts";

interface SearchesOptions {
  readonly store: { readonly search: Pick<Store["search"], "begin"> };
  readonly clock: Pick<Clock, "after">;
}

/** Searches at once: of one account, of one network, and of all. */
const OF_ACCOUNT = 4;
const LIMITS = { size: 128, perNetwork: 32 };
/** Milliseconds that one search may take, most of which it waits for others. */
const TIME = 20_000;

interface Job {
  readonly search: RunningSearch;
  readonly address: string;
  readonly done: PromiseWithResolvers<Found>;
  /** Its answer is not read any more. */
  isOver: boolean;
}

export class Searches {
  readonly #options: SearchesOptions;
  readonly #queue = new FairQueue<Job>(LIMITS);
  /** How many there are of each account. */
  readonly #accounts = new Map<string, number>();
  /** A piece of this one is being done. */
  #current: Job | undefined;

  constructor(options: SearchesOptions) {
    this.#options = options;
  }

  /** The newest messages with these words that the account may read. Throws `busy`. */
  async find(
    { account: { name: account }, address }: SignedInSession,
    words: readonly string[],
    limit: number,
  ): Promise<Found> {
    using _place = this.#takePlace(account);
    using search = this.#options.store.search.begin({ account, words, limit });
    const job: Job = { search, address, done: Promise.withResolvers(), isOver: false };
    const cancel = this.#options.clock.after(TIME, () => this.#giveUp(job));
    try {
      this.#enqueue(job);
      this.#next();
      return await job.done.promise;
    } finally {
      job.isOver = true;
      cancel();
    }
  }

  #takePlace(account: string): Disposable {
    const own = this.#accounts.get(account) ?? 0;
    if (own >= OF_ACCOUNT) {
      const message = `${OF_ACCOUNT} searches of yours are under way: wait for an answer.`;
      throw new ProtocolError("busy", message);
    }
    this.#accounts.set(account, own + 1);
    return { [Symbol.dispose]: () => this.#freePlace(account) };
  }

  #freePlace(account: string): void {
    const own = this.#accounts.get(account);
    assert(own !== undefined && own > 0, "a place that is freed was taken");
    if (own > 1) this.#accounts.set(account, own - 1);
    else this.#accounts.delete(account);
  }

  /** At the end of its network's searches. */
  #enqueue(job: Job): void {
    const displaced = this.#queue.add(job, job.address);
    if (displaced !== undefined) this.#refuse(displaced);
  }

  #next(): void {
    if (this.#current !== undefined) return;
    this.#current = this.#queue.take();
    if (this.#current !== undefined) void this.#continue(this.#current);
  }

  /** Does one piece of a search, which then waits for its next turn. */
  async #continue(job: Job): Promise<void> {
    try {
      const found = await job.search.next();
      if (found === undefined && !job.isOver) this.#enqueue(job);
      if (found !== undefined) {
        job.isOver = true;
        job.done.resolve(found);
      }
    } catch (error) {
      job.isOver = true;
      job.done.reject(error);
    }
    this.#current = undefined;
    this.#next();
  }

  #giveUp(job: Job): void {
    if (job.isOver) return;
    if (job !== this.#current) this.#queue.delete(job, job.address);
    this.#refuse(job);
  }

  #refuse(job: Job): void {
    job.isOver = true;
    job.done.reject(new ProtocolError("busy"));
  }
}
