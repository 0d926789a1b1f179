/**
 * All transfers of one account: how many there may be, how many move at once, and that each is
 * continued after a break of the connection.
 *
 * `MAX_TRANSFERS` move or wait; one more is refused. Each has a bounded number of events
 * (`transfer.ts`), so all of them have.
 */
import { untilAborted } from "../../protocol/abort.ts";
import { assert } from "../../protocol/assert.ts";
import type { Clock } from "../../protocol/clock.ts";
import { describeSystemError } from "../../protocol/system_error.ts";
import type { EventSink } from "../event_queue.ts";
import { RefusedError } from "../session/refused_error.ts";
import type { SessionConnection } from "../session/session_connection.ts";
import type { CurrentSession } from "../session/signed_in_session.ts";
import { retry } from "./retry.ts";
import { Semaphore } from "./semaphore.ts";
import { Transfer, type TransferInfo } from "./transfer.ts";

/** Transfers that move at once: fewer than a server allows one connection (`LIMITS.transfers`). */
const MAX_ACTIVE = 3;
/** Transfers that move or wait. */
const MAX_TRANSFERS = 32;

interface TransfersOptions {
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly events: EventSink;
  readonly session: Pick<CurrentSession, "connection" | "next">;
}

/** What an attempt works with. */
export interface TransferAttempt {
  readonly connection: Pick<SessionConnection, "upload" | "download">;
  readonly clock: Clock;
  readonly transfer: Pick<Transfer, "addTransferred" | "signal" | "startAttempt">;
}

/** Carries out a transfer; `false`: it was stopped. Throws `RefusedError`. */
type TransferTask = (transfer: Transfer) => Promise<boolean>;

export class Transfers {
  readonly #options: TransfersOptions;
  readonly #semaphore = new Semaphore(MAX_ACTIVE);
  /** Each with the promise of its end. A `Map` keeps the order. */
  readonly #running = new Map<Transfer, Promise<void>>();
  /** Bytes of transfers that have ended. */
  #movedBytes = 0;
  #isClosed = false;
  #unfinished = 0;

  constructor(options: TransfersOptions) {
    this.#options = options;
  }

  /** Those that move or wait, the oldest first. */
  get all(): readonly Transfer[] {
    return [...this.#running.keys()];
  }

  /** Bytes that were hashed, sent or received so far. */
  get movedBytes(): number {
    return this.all.reduce((sum, transfer) => sum + transfer.movedBytes, this.#movedBytes);
  }

  /** Whether `close` was called. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Transfers that `close` has stopped. */
  get unfinished(): number {
    return this.#unfinished;
  }

  /** Resolves when there are none. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  /** Stops all transfers, and those that are started from now on. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unfinished = this.all.filter(({ isComplete }) => !isComplete).length;
    for (const transfer of this.all) transfer.stop();
  }

  /** Stops the transfer with this number, if there is one; resolves when it has ended. */
  async stop(number: number): Promise<void> {
    for (const [transfer, ended] of this.#running) {
      if (transfer.info.number !== number) continue;
      transfer.stop();
      await ended;
    }
  }

  /** Throws `RefusedError` when there is no room for so many more. */
  checkRoom(more: number): void {
    const { size } = this.#running;
    if (size + more <= MAX_TRANSFERS) return;
    const message = `${size} files are being transferred or wait, and ${MAX_TRANSFERS} is the ` +
      "limit. Try again when some have finished; /files lists them.";
    throw new RefusedError("too_many_files", message);
  }

  /** By its number or ID; without either, the newest. Throws `RefusedError`. */
  find(id: string | undefined): Transfer {
    const { all } = this;
    const found = id === undefined
      ? all.at(-1)
      : all.find((transfer) => transfer.id === id || String(transfer.info.number) === id);
    if (found !== undefined) return found;
    throw new RefusedError("unknown_file", "No such file is being transferred; /files lists them.");
  }

  /**
   * Starts a transfer, after another one; resolves when it has ended, and never rejects. Call
   * `checkRoom` first.
   */
  start(info: TransferInfo, previous: Promise<void>, task: TransferTask): Promise<void> {
    assert(this.#running.size < MAX_TRANSFERS, "transfers are bounded");
    const { clock, events } = this.#options;
    const transfer = new Transfer(info, clock, events);
    if (this.#isClosed) {
      this.#unfinished += 1;
      transfer.stop();
    }
    const ended = this.#run(transfer, previous, task);
    this.#running.set(transfer, ended);
    return ended;
  }

  /** Attempts a transfer until it succeeds; `false`: it was stopped. Throws `RefusedError`. */
  retry(transfer: Transfer, run: (attempt: TransferAttempt) => Promise<void>): Promise<boolean> {
    const { clock, random, session } = this.#options;
    return retry(
      (connection: SessionConnection) => run({ connection, clock, transfer }),
      { session, transfer, clock, random },
    );
  }

  async #run(transfer: Transfer, previous: Promise<void>, task: TransferTask): Promise<void> {
    const { name, direction } = transfer.info;
    await untilAborted(transfer.signal, previous);
    if (!this.#semaphore.isFree) {
      const text = `${name} waits until another file is transferred; /files lists them.`;
      this.#options.events.put({ event: "notice", code: "waiting", text });
    }
    using permit = await this.#semaphore.acquire(transfer.signal);
    try {
      if (permit === undefined || !await task(transfer)) {
        const command = direction === "up" ? "/send" : "/accept";
        transfer.fail("stopped", `${name} was stopped. ${command} it again to continue.`);
      }
    } catch (failure) {
      if (failure instanceof RefusedError) {
        transfer.fail(failure.code, `${name}: ${failure.message}`);
      } else {
        const reason = describeSystemError(failure);
        transfer.fail("failed", `${name} could not be transferred: ${reason}.`);
      }
    } finally {
      this.#movedBytes += transfer.movedBytes;
      this.#running.delete(transfer);
    }
  }
}
