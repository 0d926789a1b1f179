/** Dials a server and checks its pin before a byte is sent. It knows no frames. */
import { fingerprint, parsePin } from "../../certs/fingerprint.ts";
import { formatHostPort } from "../../protocol/host_port.ts";
import {
  type Connection,
  type Engine,
  type HandshakeEvent,
  TransportError,
} from "../../protocol/transport/transport.ts";
import { ALPN } from "../../protocol/version.ts";
import type { Log } from "../log.ts";
import { KeyChangedError, type Trust, UntrustedError } from "./trust.ts";

/** Milliseconds. A server on the other side of the world answers sooner. */
const HANDSHAKE_TIMEOUT = 5000;

interface DialServerOptions {
  readonly engine: Engine;
  readonly host: string;
  readonly port: number;
  readonly trust: Trust;
  readonly signal: AbortSignal;
  readonly log?: Log | undefined;
}

export interface DialledServer {
  readonly connection: Connection;
  /** The pin that the server has. */
  readonly pin: string;
}

/** Throws `TransportError`, `KeyChangedError`, `UntrustedError`. */
export async function dialServer(options: DialServerOptions): Promise<DialledServer> {
  const { trust } = options;
  const server = formatHostPort(options.host, options.port);
  const expected = await trust.expected();
  const seen: Seen = { pin: undefined };
  try {
    const connection = await dial(options, expected?.pin, seen);
    if (expected !== undefined) await trust.proven?.(expected.pin);
    return { connection, pin: expected?.pin ?? "" };
  } catch (failure) {
    const refused = failure instanceof TransportError && failure.code === "certificate";
    if (!refused) throw failure;
    if (expected !== undefined) throw new KeyChangedError(server, expected, seen.pin);
  }
  if (seen.pin === undefined) {
    throw new UntrustedError(
      `Unknown server ${server}, and this platform cannot show its key: ` +
        `give --pin SHA256:…, or the invite line.`,
    );
  }
  // No connection stays open while the user decides.
  if (!await trust.meet(seen.pin)) {
    throw new UntrustedError(
      `Unknown server ${server}, not trusted. It shows the key ${seen.pin}. ` +
        `If the server prints the same, connect with --pin ${seen.pin}, or with --accept-new.`,
    );
  }
  return { connection: await dial(options, seen.pin, seen), pin: seen.pin };
}

interface Seen {
  pin: string | undefined;
}

function dial(
  options: DialServerOptions,
  expected: string | undefined,
  seen: Seen,
): Promise<Connection> {
  const { engine, host, port, signal, log } = options;
  const hash = expected === undefined ? undefined : parsePin(expected);
  return engine.dial({
    hostname: host,
    port,
    alpn: [ALPN],
    signal,
    limits: { handshakeTimeout: HANDSHAKE_TIMEOUT },
    verify: (leaf) => {
      seen.pin = fingerprint(leaf);
      return seen.pin === expected;
    },
    ...(hash && { hashes: [hash] }),
    ...(log && { onHandshake: (event: HandshakeEvent) => log("handshake", fieldsOf(event)) }),
  });
}

function fieldsOf(event: HandshakeEvent): Parameters<Log>[1] {
  const { stage, peer, elapsed, alpn, serverName, sourceId, destinationId, reason } = event;
  return {
    stage,
    peer: formatHostPort(peer.hostname, peer.port),
    ms: Math.round(elapsed * 10) / 10,
    alpn,
    server_name: serverName,
    source_id: sourceId,
    destination_id: destinationId,
    reason,
  };
}
