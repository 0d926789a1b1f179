/**
 * Attempts to transfer a file, one after the other, each on the connection that is current then. It
 * ends when an attempt succeeds or is refused, when the transfer is stopped, or when attempt after
 * attempt gets no further although there is a connection.
 */
import { type Clock, sleep } from "../../protocol/clock.ts";
import { backoff } from "../session/backoff.ts";
import { RefusedError } from "../session/refused_error.ts";
import { InterruptedError } from "./interrupted_error.ts";
import type { Transfer } from "./transfer.ts";

/** Attempts in a row that get no further. With the waits between them it is about four minutes. */
const MAX_FAILURES = 12;

interface RetryOptions<Connection> {
  readonly session: {
    readonly connection: Connection | undefined;
    /** Waits for a connection. `undefined`: the signal fired first. */
    next(signal: AbortSignal): Promise<Connection | undefined>;
  };
  readonly transfer: Pick<Transfer, "signal" | "movedBytes">;
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
}

/** Resolves when an attempt has succeeded; `false`: the transfer was stopped. Throws `RefusedError`. */
export async function retry<Connection>(
  attempt: (connection: Connection) => Promise<void>,
  { session, transfer, clock, random }: RetryOptions<Connection>,
): Promise<boolean> {
  const { signal } = transfer;
  for (let failures = 0; failures < MAX_FAILURES;) {
    const connection = await session.next(signal);
    if (connection === undefined) return false;
    const before = transfer.movedBytes;
    try {
      await attempt(connection);
      return true;
    } catch (failure) {
      if (signal.aborted) return false;
      if (!(failure instanceof InterruptedError)) throw failure;
      // An attempt whose connection broke says nothing about the next connection.
      if (transfer.movedBytes > before || connection !== session.connection) failures = 0;
      if (!await sleep(clock, backoff(failures++, random), signal)) return false;
    }
  }
  throw new RefusedError("no_answer", "Attempt after attempt got no further. Try again later.");
}
