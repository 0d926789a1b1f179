/** Waiting that a signal or the time can end. */
import { clearTimeout, setTimeout } from "node:timers";
import { TransportError } from "./transport.ts";

export function aborted(): TransportError {
  return new TransportError("aborted", "The dialling was given up");
}

/**
 * The promise's outcome; or `aborted` as soon as the signal says so, or `timeout` when it takes too
 * long. What the promise does afterwards is ignored.
 */
export async function patiently<T>(
  promise: Promise<T>,
  limits: { readonly signal: AbortSignal | undefined; readonly timeout?: number },
): Promise<T> {
  const { signal, timeout } = limits;
  promise.catch(() => {});
  if (signal?.aborted) throw aborted();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const abort = () => reject(aborted());
  const late = () => reject(new TransportError("timeout", `No answer in ${timeout} ms`));
  const timer = timeout === undefined ? undefined : setTimeout(late, timeout);
  signal?.addEventListener("abort", abort);
  try {
    return await Promise.race([promise, ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
