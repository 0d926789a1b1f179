/** Dials a server and checks its pin before a byte is sent. It knows no frames. */
import { untilAborted } from "../../protocol/abort.ts";
import { fingerprint, parsePin } from "../../certs/fingerprint.ts";
import { CLOSE_DONE } from "../../protocol/errors.ts";
import { formatHostPort } from "../../protocol/host_port.ts";
import {
  type Connection,
  type Engine,
  type HandshakeEvent,
  TransportError,
} from "../../protocol/transport/transport.ts";
import { ALPN } from "../../protocol/version.ts";
import type { Log } from "../log.ts";
import { type Expectation, KeyChangedError, type Trust, UntrustedError } from "./trust.ts";

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

/** Throws `TransportError`, `KeyChangedError`, `UntrustedError`, and what `trust` throws. */
export async function dialServer(options: DialServerOptions): Promise<DialledServer> {
  const expected = await options.trust.expected();
  return expected === undefined
    ? await dialUnknown(options)
    : await dialExpected(options, expected);
}

async function dialExpected(
  options: DialServerOptions,
  expected: Expectation,
): Promise<DialledServer> {
  const { host, port, trust } = options;
  const { pin } = expected;
  const seen: Seen = { pin: undefined };
  let connection: Connection;
  try {
    connection = await dial(options, pin, seen);
  } catch (failure) {
    if (!isRefused(failure)) throw failure;
    throw new KeyChangedError(formatHostPort(host, port), expected, seen.pin);
  }
  try {
    await trust.proven?.(pin);
  } catch (failure) {
    connection.close(CLOSE_DONE);
    throw failure;
  }
  return { connection, pin };
}

/** Dials once to see the pin, and again if the user trusts it. */
async function dialUnknown(options: DialServerOptions): Promise<DialledServer> {
  const { host, port, trust, signal } = options;
  const server = formatHostPort(host, port);
  const pin = await pinOf(options);
  if (pin === undefined) {
    throw new UntrustedError(
      `Unknown server ${server}, and this platform cannot show its key: ` +
        `give --pin SHA256:…, or the invite line.`,
    );
  }
  // No connection stays open while the user decides.
  const isTrusted = await untilAborted(signal, trust.meet(pin));
  if (isTrusted === undefined) throw new TransportError("aborted", "Dialling was aborted.");
  if (!isTrusted) {
    throw new UntrustedError(
      `Unknown server ${server}, not trusted. It shows the key ${pin}. ` +
        `If the server prints the same, connect with --pin ${pin}, or with --accept-new.`,
    );
  }
  return { connection: await dial(options, pin, { pin }), pin };
}

/** The pin that the server shows; `undefined`: the engine hides it. */
async function pinOf(options: DialServerOptions): Promise<string | undefined> {
  const seen: Seen = { pin: undefined };
  try {
    await using _ = await dial(options, undefined, seen);
  } catch (failure) {
    if (!isRefused(failure)) throw failure;
  }
  return seen.pin;
}

/** The engine refused the certificate: it is not the expected one, or none is expected. */
function isRefused(failure: unknown): boolean {
  return failure instanceof TransportError && failure.code === "certificate";
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
