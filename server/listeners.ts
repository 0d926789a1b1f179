/**
 * Where the server listens: QUIC on the engine that suits the platform, and TLS beside it for those
 * to whom UDP does not get through. What is said on a connection is for `peer_connection.ts`.
 */
import process from "node:process";
import type { ServerCertificate } from "../certs/load.ts";
import { formatHostPort } from "../protocol/host_port.ts";
import {
  type Engine,
  type HandshakeEvent,
  type Listener,
  TransportError,
} from "../protocol/transport/transport.ts";
import { ALPN } from "../protocol/version.ts";
import type { EngineChoice, ServerConfig } from "./config.ts";
import { describe, type Logger } from "./log.ts";

/** Takes connections over QUIC. Throws `TransportError`. */
export async function listenQuic(
  config: ServerConfig,
  certificate: ServerCertificate,
  log: Logger,
): Promise<Listener> {
  const engine = await loadEngine(config.engine);
  return await listen(engine, config, config.port, certificate, log);
}

/**
 * Takes connections over TLS; `undefined` where that is off, or where the port that nobody asked for
 * by its number is taken: the server goes on with QUIC alone, and says so. `quicPort`: the one that
 * QUIC has got.
 */
export async function listenTls(
  config: ServerConfig,
  quicPort: number,
  certificate: ServerCertificate,
  log: Logger,
): Promise<Listener | undefined> {
  const { tlsPort } = config;
  if (tlsPort === "off") return undefined;
  const { engine } = await import("../protocol/transport/tls/engine.ts");
  const port = tlsPort === "same" ? quicPort : tlsPort;
  try {
    return await listen(engine, config, port, certificate, log);
  } catch (error) {
    if (tlsPort !== "same") throw error;
    log.warn("no_tls", { port, error: describe(error) });
    return undefined;
  }
}

/** Deno's own QUIC is faster and leaks nothing; elsewhere there is one engine. */
async function loadEngine(choice: EngineChoice): Promise<Engine> {
  const onDeno = process.versions["deno"] !== undefined;
  const name = choice === "auto" ? (onDeno ? "builtin" : "quiche") : choice;
  const { engine } = name === "builtin"
    ? await import("../protocol/transport/builtin.ts")
    : await import("../protocol/transport/quiche/engine.ts");
  return engine;
}

async function listen(
  engine: Engine,
  config: ServerConfig,
  port: number,
  { certificate, privateKey }: ServerCertificate,
  log: Logger,
): Promise<Listener> {
  const on = (hostname: string) =>
    engine.listen({
      hostname,
      port,
      certificate,
      privateKey,
      alpn: [ALPN],
      limits: { maxConnections: config.limits.maxConnections },
      ...(log.writes("debug") ? { onHandshake: (event) => logHandshake(log, event) } : {}),
    });
  try {
    return await on(config.host);
  } catch (error) {
    const taken = error instanceof TransportError && error.code === "address_in_use";
    if (config.host !== "::" || taken) throw error;
    log.warn("no_ipv6", { error: describe(error) });
    return await on("0.0.0.0");
  }
}

function logHandshake(log: Logger, event: HandshakeEvent): void {
  log.debug("handshake", {
    stage: event.stage,
    peer: formatHostPort(event.peer.hostname, event.peer.port),
    alpn: event.alpn,
    server_name: event.serverName,
    milliseconds: Math.round(event.elapsed * 10) / 10,
    source_id: event.sourceId,
    destination_id: event.destinationId,
    reason: event.reason,
  });
}
