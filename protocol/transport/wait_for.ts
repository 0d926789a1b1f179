/** Waiting that a signal or a time limit ends. */
import type { Clock } from "../clock.ts";
import { TransportError } from "./transport.ts";

interface WaitLimits {
  readonly clock: Pick<Clock, "after">;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds; left out: no limit. */
  readonly timeout?: number;
}

export function abortedError(): TransportError {
  return new TransportError("aborted", "Connecting was cancelled");
}

/**
 * Waits for the promise's outcome. Throws `TransportError`: `aborted` when the signal fires first,
 * `timeout` when the time is over. What the promise does afterwards is ignored.
 */
export async function waitFor<T>(promise: Promise<T>, limits: WaitLimits): Promise<T> {
  const { clock, signal, timeout } = limits;
  promise.catch(() => {});
  if (signal?.aborted) throw abortedError();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const abort = () => reject(abortedError());
  const late = () => reject(new TransportError("timeout", `No answer in ${timeout} ms`));
  const cancel = timeout === undefined ? () => {} : clock.after(timeout, late);
  signal?.addEventListener("abort", abort);
  try {
    return await Promise.race([promise, ended]);
  } finally {
    cancel();
    signal?.removeEventListener("abort", abort);
  }
}
