/**
 * Whether a failed attempt to transfer a file is worth another one: an `InterruptedError` is, a
 * `RefusedError` is not.
 */
import { ProtocolError } from "../../protocol/errors.ts";
import { StreamError, TransportError } from "../../protocol/transport/transport.ts";
import { RefusedError, TEMPORARY_REFUSALS } from "../session/refused_error.ts";

/** An attempt broke off; the next one continues it. The message may be the server's: not trusted. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

/** Errors of the server that another attempt may overcome, and faults of a stream that was cut. */
const RETRIABLE: ReadonlySet<string> = new Set([
  ...TEMPORARY_REFUSALS,
  ...["internal", "draining", "silence", "unfinished_file"],
  ...["frame_truncated", "frame_malformed", "frame_too_large"],
]);

/** The error for a failure that the server reports. */
export function errorOf({ code, message }: { code: string; message: string }): Error {
  return RETRIABLE.has(code) ? new InterruptedError(message) : new RefusedError(code, message);
}

/** Carries out an attempt. Throws `InterruptedError` for what streams and connections throw. */
export async function interruptible(attempt: () => Promise<void>): Promise<void> {
  try {
    await attempt();
  } catch (failure) {
    const interrupted = failure instanceof StreamError || failure instanceof TransportError ||
      failure instanceof ProtocolError;
    throw interrupted ? new InterruptedError(failure.message) : failure;
  }
}
