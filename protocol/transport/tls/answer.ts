/** One TLS handshake of a client, in time or not at all. */
import { clearTimeout, setTimeout } from "node:timers";
import { aborted } from "../abort.ts";
import { HANDSHAKE_TIMED_OUT } from "../closing.ts";
import { TransportError } from "../transport.ts";
import { connectTls, leafOf, type Secured, type Target } from "./socket.ts";

/** A server that has its certificate's key. Whether it is the one that was meant is not known yet. */
export interface Answer extends Secured {
  readonly target: Target;
  /** Its certificate, DER. */
  readonly leaf: Uint8Array;
}

/** Throws `TransportError`; `aborted` when the signal says that nobody waits any more. */
export async function answerOf(
  target: Target,
  options: { readonly timeout: number; readonly signal: AbortSignal },
): Promise<Answer> {
  const { signal, timeout } = options;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeout);
  try {
    const secured = await connectTls(target, AbortSignal.any([signal, late.signal]));
    const leaf = leafOf(secured.socket);
    if (leaf !== undefined) return { ...secured, target, leaf };
    secured.socket.destroy();
    throw new TransportError("certificate", "it shows no certificate");
  } catch (error) {
    if (signal.aborted) throw aborted();
    if (late.signal.aborted) {
      const message = `Cannot connect to ${nameOf(target)}: no answer in ${timeout} ms`;
      throw new TransportError("unreachable", message, { close: HANDSHAKE_TIMED_OUT });
    }
    if (!(error instanceof TransportError)) throw error;
    const { cause, close, code, message } = error;
    const whole = `Cannot connect to ${nameOf(target)}: ${message}`;
    throw new TransportError(code, whole, close === undefined ? { cause } : { cause, close });
  } finally {
    clearTimeout(timer);
  }
}

export function nameOf({ address }: Target): string {
  return `${address.hostname} port ${address.port}`;
}
