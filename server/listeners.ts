/**
 * Opens the server's listeners: QUIC on the engine that suits the platform, and TLS for clients whose
 * network blocks UDP. What happens on a connection is the business of `peer_connection.ts`.
 */
import process from "node:process";
import type { ServerCertificate } from "../certs/load.ts";
import { formatHostPort } from "../protocol/host_port.ts";
import { describeSystemError, errorCode } from "../protocol/system_error.ts";
import { openKeyLog } from "../protocol/transport/key_log.ts";
import {
  type Engine,
  type HandshakeEvent,
  type Listener,
  type ListenOptions,
  type TakeKeys,
  TransportError,
} from "../protocol/transport/transport.ts";
import { ALPN } from "../protocol/version.ts";
import type { EngineChoice, ServerConfig } from "./config.ts";
import { describe, type Logger } from "./log.ts";

/** A listener cannot be opened. The message says why, and what to do. */
class ListenError extends Error {
  override readonly name = "ListenError";
}

interface ListenersOptions extends Pick<ListenOptions, "admit"> {
  readonly log: Logger;
}

/** Opens the listener for QUIC. Throws `ListenError`. */
export async function listenQuic(
  config: ServerConfig,
  certificate: ServerCertificate,
  options: ListenersOptions,
): Promise<Listener> {
  const engine = await loadEngine(config.engine);
  const onKeys = await keyLog(config, engine, options.log);
  return await listen(engine, config, config.port, certificate, { ...options, onKeys });
}

/**
 * Opens the listener for TLS. `undefined` if TLS is off, or if its port is `same` as that of QUIC and
 * not free: the server then works with QUIC alone, and logs it. `quicPort`: the real one.
 */
export async function listenTls(
  config: ServerConfig,
  quicPort: number,
  certificate: ServerCertificate,
  options: ListenersOptions,
): Promise<Listener | undefined> {
  const { tlsPort } = config;
  if (tlsPort === "off") return undefined;
  const { engine } = await import("../protocol/transport/tls/engine.ts");
  const port = tlsPort === "same" ? quicPort : tlsPort;
  try {
    return await listen(engine, config, port, certificate, options);
  } catch (error) {
    if (tlsPort !== "same") throw error;
    options.log.warn("no_tls", { port, error: describe(error) });
    return undefined;
  }
}

/** Deno's own QUIC is faster and leaks nothing; other platforms have one engine only. */
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
  { log, ...hooks }: ListenersOptions & Pick<ListenOptions, "onKeys">,
): Promise<Listener> {
  const on = (hostname: string) =>
    engine.listen({
      hostname,
      port,
      certificate,
      privateKey,
      alpn: [ALPN],
      limits: { maxConnections: config.limits.maxConnections },
      ...hooks,
      ...(log.writes("debug") ? { onHandshake: (event) => logHandshake(log, event) } : {}),
    }).catch((error) => {
      throw listenError(error, engine, hostname, port);
    });
  try {
    return await on(config.host);
  } catch (error) {
    const { cause } = error as Error;
    const isTaken = cause instanceof TransportError && cause.code === "address_in_use";
    if (config.host !== "::" || isTaken) throw error;
    log.warn("no_ipv6", { error: describe(error) });
    return await on("0.0.0.0");
  }
}

/** Where the keys of connections go; `undefined`: nowhere. Throws `ListenError`. */
async function keyLog(
  { keyLog: file }: ServerConfig,
  { name }: Engine,
  log: Logger,
): Promise<TakeKeys | undefined> {
  if (file === undefined) return undefined;
  if (name !== "quiche") {
    log.warn("no_key_log", { engine: name, advice: "Only --engine quiche can log keys." });
    return undefined;
  }
  try {
    const onKeys = await openKeyLog(file);
    log.warn("key_log", { file, danger: "Anyone who has this file can read the traffic." });
    return onKeys;
  } catch (cause) {
    const reason = describeSystemError(cause);
    throw new ListenError(
      `Cannot write keys to ${file}: ${reason}. Unset SSLKEYLOGFILE, or name another file.`,
      { cause },
    );
  }
}

function listenError(cause: unknown, { name }: Engine, host: string, port: number): unknown {
  if (!(cause instanceof TransportError)) return cause;
  const [protocol, option] = name === "tls" ? ["TCP", "--tls-port"] : ["UDP", "--port"];
  const where = `${protocol} port ${port} of ${formatHostPort(host)}`;
  const fail = (reason: string) => new ListenError(`Cannot use ${where}: ${reason}`, { cause });
  if (cause.code === "address_in_use") {
    return fail(`another program is using it. Stop that program, or choose another ${option}.`);
  }
  if (cause.code !== "unreachable") return new ListenError(cause.message, { cause });
  switch (errorCode(cause.cause)) {
    case "EACCES":
    case "EPERM":
      return fail(`permission denied. Choose a ${option} above 1023.`);
    case "EADDRNOTAVAIL":
      return fail("this machine does not have that address. Give one that it has as --host.");
    default:
      return fail("that address cannot be used. Check --host: :: means all addresses.");
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
