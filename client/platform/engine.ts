/**
 * Which way a client dials: QUIC, on quiche, which shows the server's key (where that has no build
 * for the platform, on the one built into Deno, which can only check a key that is known); TLS over
 * TCP, where UDP does not get through; or the one that answers first.
 */
import process from "node:process";
import { race } from "../../protocol/transport/race.ts";
import {
  type Connection,
  type Engine,
  TransportError,
} from "../../protocol/transport/transport.ts";

export type TransportChoice = "auto" | "quic" | "tls";

type Way = () => Promise<Engine>;

/** Milliseconds that QUIC is tried by itself: most answer sooner, and nobody waits two seconds. */
const HEAD_START = 1_500;

/** The client's engine. `tell` is told, once each, what is not as it was asked for. */
export async function clientEngine(
  transport: TransportChoice,
  tell: (text: string) => void,
): Promise<Engine> {
  if (transport === "tls") return await tlsEngine();
  const quic = await quicEngine(tell);
  return transport === "quic" ? quic : eitherWay(quic, tlsEngine, tell);
}

async function tlsEngine(): Promise<Engine> {
  return (await import("../../protocol/transport/tls/engine.ts")).engine;
}

async function quicEngine(tell: (text: string) => void): Promise<Engine> {
  const { engine } = await import("../../protocol/transport/quiche/engine.ts");
  if (process.versions["deno"] === undefined) return engine;
  const builtin = async () => (await import("../../protocol/transport/builtin.ts")).engine;
  return withFallback(engine, builtin, tell);
}

/**
 * Dials with the first engine, and beside it with the second when that takes long or fails. A way by
 * which a server has shown a key that was not expected is the first to be tried next time: that is
 * the first contact, and what follows when a person has said yes.
 */
export function eitherWay(
  first: Engine,
  second: () => Promise<Engine>,
  tell: (text: string) => void,
  headStart: number = HEAD_START,
): Engine {
  const ways = [() => Promise.resolve(first), second];
  let told = false;
  let answered: Way | undefined;
  return {
    name: first.name,
    listen: (options) => first.listen(options),
    async dial(options) {
      const inOrder = answered === second ? ways.toReversed() : ways;
      answered = undefined;
      // A server with another key than was meant is there: no other way leads to the right one.
      const refused = new AbortController();
      let refusal: unknown;
      const dial = async (way: Way, stop: AbortSignal): Promise<Connection> => {
        refused.signal.throwIfAborted();
        const signals = [stop, refused.signal, ...options.signal ? [options.signal] : []];
        try {
          return await (await way()).dial({ ...options, signal: AbortSignal.any(signals) });
        } catch (failure) {
          if (failure instanceof TransportError && failure.code === "certificate") {
            refusal ??= failure;
            answered = way;
            refused.abort();
          }
          throw failure;
        }
      };
      const discard = (late: Connection) => late.close(0);
      const connection = await race(inOrder, dial, { headStart, discard }).catch((failure) => {
        throw refusal ?? failure;
      });
      if (connection.engine !== "tls") told = false;
      else if (!told) {
        told = true;
        tell("QUIC does not get through (UDP may be blocked): connected over TLS instead.");
      }
      return connection;
    },
  };
}

/** Dials with another engine once the first has said that it cannot work on this platform. */
export function withFallback(
  first: Engine,
  second: () => Promise<Engine>,
  onFallback: (reason: string) => void,
): Engine {
  let chosen = first;
  return {
    name: first.name,
    listen: (options) => chosen.listen(options),
    async dial(options) {
      try {
        return await chosen.dial(options);
      } catch (failure) {
        const unsupported = failure instanceof TransportError && failure.code === "unsupported";
        if (!unsupported || chosen !== first) throw failure;
        onFallback(failure.message);
        chosen = await second();
        return await chosen.dial(options);
      }
    },
  };
}
