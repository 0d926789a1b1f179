/**
 * QUIC where UDP passes, and TLS over TCP where a network blocks it: an engine that dials with two
 * others, and keeps the connection that is established first.
 */
import { systemClock } from "../../protocol/clock.ts";
import { race } from "../../protocol/transport/race.ts";
import {
  CLOSE_NONE,
  type Connection,
  type DialOptions,
  type Engine,
  TransportError,
} from "../../protocol/transport/transport.ts";

/** Milliseconds before TLS is tried beside QUIC, which usually takes less. */
const HEAD_START = 1_500;

/**
 * Dials with QUIC, and beside it with TLS when QUIC takes long or fails. `notify` is told when TLS
 * takes the place of QUIC, once until QUIC works again. `tls` is loaded when it is needed.
 */
export function racingEngine(
  quic: Engine,
  tls: () => Promise<Engine>,
  notify: (text: string) => void,
  headStart: number = HEAD_START,
): Engine {
  const loadQuic = () => Promise.resolve(quic);
  const inOrder = [loadQuic, tls];
  // A refused certificate is followed by another attempt, once the user trusts the server. That one
  // starts with the engine that has reached the server.
  let next: readonly (() => Promise<Engine>)[] = inOrder;
  let isNotified = false;
  return {
    name: quic.name,
    listen: (options) => quic.listen(options),
    async dial(options) {
      const loaders = next;
      next = inOrder;
      const connection = await dialFirst(loaders, options, headStart, (refused) => {
        next = refused === tls ? inOrder.toReversed() : inOrder;
      });
      if (connection.engine !== "tls") isNotified = false;
      else if (!isNotified) {
        isNotified = true;
        notify("QUIC does not get through (UDP may be blocked): connected over TLS instead.");
      }
      return connection;
    },
  };
}

/**
 * The first connection. `onRefused` is told which engine saw a certificate that was refused: the
 * server is there and has another key, so the other engine is given up.
 */
async function dialFirst(
  loaders: readonly (() => Promise<Engine>)[],
  options: DialOptions,
  headStart: number,
  onRefused: (load: () => Promise<Engine>) => void,
): Promise<Connection> {
  const stop = new AbortController();
  let refusal: TransportError | undefined;
  const dial = async (load: () => Promise<Engine>, lost: AbortSignal): Promise<Connection> => {
    stop.signal.throwIfAborted();
    const signals = [lost, stop.signal, ...options.signal ? [options.signal] : []];
    try {
      return await (await load()).dial({ ...options, signal: AbortSignal.any(signals) });
    } catch (failure) {
      if (failure instanceof TransportError && failure.code === "certificate") {
        refusal ??= failure;
        onRefused(load);
        stop.abort();
      }
      throw failure;
    }
  };
  const discard = (late: Connection) => late.close(CLOSE_NONE);
  try {
    return await race(loaders, dial, { clock: systemClock, headStart, discard });
  } catch (failure) {
    throw refusal ?? failure;
  }
}
