/**
 * Why something was not done, as an error: the server refused it, the connection broke before it
 * answered, or this client cannot do it now.
 */

/** A request or a command was not done. `message` may be the server's: not trusted. */
export class RefusedError extends Error {
  override readonly name: string = "RefusedError";
  readonly code: string;
  /** Sign-in attempts that are left on this connection, where the server says so. */
  readonly attempts: number | undefined;

  constructor(code: string, message: string, attempts?: number) {
    super(message);
    this.code = code;
    this.attempts = attempts;
  }
}

/** The connection broke, or the server dropped the answer: whether it was done is unknown. */
export class UnansweredError extends RefusedError {
  override readonly name = "UnansweredError";

  constructor() {
    super(
      "no_answer",
      "It is not known whether that was done: the connection broke. Look, and try again.",
    );
  }
}

/** Refusals that a retry may overcome. */
export const TEMPORARY_REFUSALS: ReadonlySet<string> = new Set(["busy", "rate_limited"]);

/** Milliseconds to wait before such a retry. */
export const RETRY_DELAY = 1000;

/** For a request that needs a connection while there is none. */
export function notConnected(): RefusedError {
  return new RefusedError("not_connected", "Not connected right now; try again in a moment.");
}

/** Whether it is a refusal with one of these codes. */
export function isRefusedAs(failure: unknown, codes: ReadonlySet<string>): boolean {
  return failure instanceof RefusedError && codes.has(failure.code);
}
