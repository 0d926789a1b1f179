/** Waits that fail after a limit, which only a test that hangs reaches. */

/** Milliseconds. No machine is so slow. */
const LIMIT = 60_000;

/** The promise's value. After the limit, throws an error that says what did not happen. */
export async function within<T>(
  promise: Promise<T>,
  what: string | (() => string),
  limit = LIMIT,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Error(`Waited ${limit} ms for ${typeof what === "string" ? what : what()}`));
  }, limit);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Calls `look` every few milliseconds until it returns something. */
export async function poll<T>(
  look: () => T | undefined | Promise<T | undefined>,
  what: string | (() => string),
  interval = 20,
): Promise<T> {
  const deadline = performance.now() + LIMIT;
  while (true) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) {
      throw new Error(`Waited ${LIMIT} ms for ${typeof what === "string" ? what : what()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}
