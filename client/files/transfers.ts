/**
 * The files that are on their way: a bound on how many there are, so many of them moving at once,
 * and each going on after every break of the connection, on the session that there is then.
 *
 * `MOST` files are on their way or wait for their turn, and one more is refused. Progress that
 * nobody has looked at is not told again (`passage.ts`): so events are bounded by the files.
 */
import type { Clock } from "../../protocol/clock.ts";
import { RefusedError } from "../session/refused_error.ts";
import type { SessionConnection } from "../session/session_connection.ts";
import type { CurrentSession } from "../session/signed_in_session.ts";
import type { EventQueue } from "../event_queue.ts";
import type { Attempt } from "./attempt.ts";
import { retry } from "./retry.ts";
import { describeSystemError } from "../../protocol/system_error.ts";
import { Transfer, type TransferInfo } from "./transfer.ts";
import { Semaphore } from "./semaphore.ts";
import { unlessAborted } from "./unless_aborted.ts";

/** Files that move at once: a server takes `LIMITS.transfers` of one connection. */
const AT_ONCE = 3;
/** Files on their way, those that wait for their turn included. */
const MOST = 32;

export interface TransfersOptions {
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly events: Pick<EventQueue, "put">;
  readonly session: Pick<CurrentSession, "connection" | "next">;
}

/** Takes one across; says whether it came to its end. Throws `RefusedError`. */
export type Work = (passage: Transfer) => Promise<boolean>;

export class Transfers {
  readonly #options: TransfersOptions;
  readonly #turns = new Semaphore(AT_ONCE);
  readonly #passages = new Map<Transfer, Promise<void>>();
  /** By those that are over. */
  #moved = 0;

  constructor(options: TransfersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#passages.size;
  }

  /** In the order in which they were begun. */
  get all(): readonly Transfer[] {
    return [...this.#passages.keys()];
  }

  /** Bytes that were moved or read so far. */
  get moved(): number {
    return this.all.reduce((sum, { movedBytes }) => sum + movedBytes, this.#moved);
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    while (this.#passages.size > 0) await Promise.all(this.#passages.values());
  }

  /** Stops all of them. */
  stop(): void {
    for (const passage of this.all) passage.stop();
  }

  /** Stops one, and resolves when it has let go of everything. */
  async end(number: number): Promise<void> {
    for (const [passage, done] of this.#passages) {
      if (passage.way.number !== number) continue;
      passage.stop();
      await done;
    }
  }

  /** Throws `RefusedError` when there is no room for so many more. */
  checkRoom(more: number): void {
    if (this.#passages.size + more <= MOST) return;
    const message = `${this.#passages.size} files are on their way or wait, and ${MOST} are the ` +
      "most. Try again when some are across; /files lists them.";
    throw new RefusedError("too_many_files", message);
  }

  /** By its number or ID; without either, the newest. Throws `RefusedError`. */
  find(id: string | undefined): Transfer {
    const { all } = this;
    const found = id === undefined
      ? all.at(-1)
      : all.find((one) => one.id === id || String(one.way.number) === id);
    if (found !== undefined) return found;
    throw new RefusedError("unknown_file", "No such file is on its way; /files lists them.");
  }

  /** Begins one, after another; and resolves when it is over. */
  start(way: TransferInfo, before: Promise<void>, work: Work): Promise<void> {
    const { clock, events } = this.#options;
    const passage = new Transfer(way, clock, events);
    const done = this.#run(passage, before, work);
    this.#passages.set(passage, done);
    return done;
  }

  /** Attempt after attempt; `false`: it was stopped. Throws `RefusedError`. */
  carry(passage: Transfer, once: (attempt: Attempt) => Promise<void>): Promise<boolean> {
    const { clock, random, session } = this.#options;
    const { signal } = passage;
    return retry(
      (link: SessionConnection) =>
        once({
          link,
          clock,
          signal,
          begun: (transferred) => passage.begun(transferred),
          moved: (bytes) => passage.moved(bytes),
        }),
      {
        link: (signal) => session.next(signal),
        isCurrent: (link) => link === session.connection,
        moved: () => passage.movedBytes,
        clock,
        random,
        signal,
      },
    );
  }

  async #run(passage: Transfer, before: Promise<void>, work: Work): Promise<void> {
    await unlessAborted(passage.signal, before);
    if (!this.#turns.free) {
      const text = `${passage.way.name} waits for its turn; /files lists what is on its way.`;
      this.#options.events.put({ event: "notice", code: "waiting", text });
    }
    const over = await this.#turns.acquire(passage.signal);
    try {
      if (over === undefined || !await work(passage)) {
        const { name, direction } = passage.way;
        const again = direction === "up" ? "/send" : "/accept";
        passage.failed("stopped", `${name} is not across. ${again} it again to go on with it.`);
      }
    } catch (failure) {
      const { name } = passage.way;
      if (failure instanceof RefusedError) {
        passage.failed(failure.code, `${name}: ${failure.message}`);
      } else {passage.failed(
          "failed",
          `${name} could not be taken across (${describeSystemError(failure)}).`,
        );}
    } finally {
      over?.();
      this.#moved += passage.movedBytes;
      this.#passages.delete(passage);
    }
  }
}
