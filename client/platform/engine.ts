/**
 * The engine that a client dials with: QUIC, TLS over TCP, or both at once.
 *
 * For QUIC, quiche shows the server's certificate, so a client can ask about an unknown server. On
 * platforms for which quiche is not built, Deno's own engine takes its place, which can only check
 * a known key.
 */
import process from "node:process";
import type { Engine, TakeKeys } from "../../protocol/transport/transport.ts";
import { fallbackEngine } from "./fallback_engine.ts";
import { racingEngine } from "./racing_engine.ts";

export type TransportChoice = "auto" | "quic" | "tls";

/**
 * `notify` is told, once each, that another engine is used than was asked for. `onKeys` gets the keys
 * of QUIC connections on quiche.
 */
export async function clientEngine(
  transport: TransportChoice,
  notify: (text: string) => void,
  onKeys?: TakeKeys,
): Promise<Engine> {
  if (transport === "tls") return await tlsEngine();
  const quic = await quicEngine(notify, onKeys);
  return transport === "quic" ? quic : racingEngine(quic, tlsEngine, notify);
}

async function tlsEngine(): Promise<Engine> {
  return (await import("../../protocol/transport/tls/engine.ts")).engine;
}

async function quicEngine(
  notify: (text: string) => void,
  onKeys: TakeKeys | undefined,
): Promise<Engine> {
  const { engine: quiche } = await import("../../protocol/transport/quiche/engine.ts");
  const engine: Engine = {
    ...quiche,
    dial: (options) => quiche.dial({ ...options, onKeys }),
  };
  if (process.versions["deno"] === undefined) return engine;
  const builtin = async () => (await import("../../protocol/transport/builtin.ts")).engine;
  return fallbackEngine(engine, builtin, notify);
}
