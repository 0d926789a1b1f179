/** What an `AbortSignal` ends: waiting, and work that knows no signals. */

/** Calls back once the signal fires, or at once if it has. Disposing of the result takes it back. */
export function onAbort(signal: AbortSignal, callback: () => void): Disposable {
  if (signal.aborted) callback();
  else signal.addEventListener("abort", callback, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", callback) };
}

/** What the promise resolves with; `undefined` if the signal fires first. */
export async function untilAborted<T>(
  signal: AbortSignal,
  promise: Promise<T>,
): Promise<T | undefined> {
  const aborted = Promise.withResolvers<undefined>();
  using _ = onAbort(signal, () => aborted.resolve(undefined));
  return await Promise.race([aborted.promise, promise]);
}
