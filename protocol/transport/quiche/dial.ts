/** Dials a server: from a name to one connection that is established and verified. */
import { bytesToHex } from "@noble/hashes/utils.js";
import { isIP } from "node:net";
import type { Clock } from "../../clock.ts";
import { resolveHosts } from "../address.ts";
import { ABORTED, describe } from "../closing.ts";
import { HandshakeLog } from "../handshake.ts";
import { race } from "../race.ts";
import {
  type Address,
  CERTIFICATE_REFUSED,
  type CloseReason,
  type DialOptions,
  TransportError,
  type TransportLimits,
  type VerifyPeer,
} from "../transport.ts";
import { verifierOf } from "../trust.ts";
import { abortedError, waitFor } from "../wait_for.ts";
import type { ClientEndpoints } from "./client_endpoints.ts";
import { makeConfig } from "./config.ts";
import { QuicheConnection } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";
import type { EventLoop } from "./event_loop.ts";
import { recordKeys } from "./key_record.ts";
import type { NativeConfig, NativeConnection, Quiche } from "./native.ts";
import type { WhenRefused } from "./socket.ts";

interface DialContext {
  readonly quiche: Quiche;
  readonly clock: Clock;
  readonly loop: EventLoop;
  readonly endpoints: ClientEndpoints;
  readonly whenRefused: WhenRefused;
  readonly limits: TransportLimits;
}

export async function dial(context: DialContext, options: DialOptions): Promise<QuicheConnection> {
  const verify = verifierOf(options);
  const { alpn, hostname, onKeys, port, signal } = options;
  const { clock } = context;
  const logsKeys = onKeys !== undefined;
  const config = makeConfig(context.quiche, { alpn, limits: context.limits, logsKeys });
  const timeout = context.limits.handshakeTimeout;
  const addresses = await waitFor(resolveHosts(hostname), { clock, signal, timeout });
  const connection = await race(
    addresses,
    (address, stop) => {
      const either = signal === undefined ? stop : AbortSignal.any([signal, stop]);
      return connect(context, config, options, { hostname: address, port }, either);
    },
    { clock, discard: (late) => late.abandon(ABORTED) },
  );
  await requireTrust(connection, verify, { clock, signal });
  return connection;
}

/** Tries one address. Settles when the handshake has succeeded or failed. */
async function connect(
  context: DialContext,
  config: NativeConfig,
  options: DialOptions,
  remote: Address,
  signal: AbortSignal,
): Promise<QuicheConnection> {
  if (signal.aborted) throw abortedError();
  const { endpoints, limits, loop, whenRefused } = context;
  const endpoint = await endpoints.take(remote.hostname);
  const name = options.serverName ?? (isIP(options.hostname) === 0 ? options.hostname : undefined);
  const id = endpoint.newId();
  let quic: NativeConnection;
  let handOverKeys: () => void;
  try {
    quic = begin(context.quiche, endpoint, config, name, id, remote);
    handOverKeys = recordKeys(quic, options.onKeys);
  } catch (error) {
    await endpoint.release();
    throw error;
  }
  const log = new HandshakeLog(options.onHandshake, loop.now);
  const { promise, resolve, reject } = Promise.withResolvers<QuicheConnection>();
  const connection = new QuicheConnection({
    role: "client",
    quic,
    endpoint,
    loop,
    remote,
    id,
    serverName: name,
    limits,
    log,
    onEstablished: resolve,
    onEnded: (ended, reason) => {
      reject(signal.aborted ? abortedError() : failure(ended, reason));
    },
  });
  log.report("initial", connection.remote, {
    sourceId: bytesToHex(id),
    destinationId: bytesToHex(quic.destinationId()),
  });
  const over = new AbortController();
  whenRefused(remote, over.signal).then(() =>
    connection.sendFailed(new Error("nothing listens there"))
  );
  const giveUp = () => connection.abandon(ABORTED);
  signal.addEventListener("abort", giveUp);
  if (signal.aborted) giveUp();
  try {
    return await promise;
  } catch (error) {
    await connection.closed;
    throw error;
  } finally {
    over.abort();
    handOverKeys();
    signal.removeEventListener("abort", giveUp);
  }
}

function begin(
  quiche: Quiche,
  endpoint: Endpoint,
  config: NativeConfig,
  name: string | undefined,
  id: Uint8Array,
  { hostname, port }: Address,
): NativeConnection {
  const peer = { host: hostname, port };
  try {
    return quiche.Connection.connect(name, id, endpoint.local, peer, config);
  } catch (cause) {
    const message = `Cannot connect to ${hostname} port ${port} as ${JSON.stringify(name)}`;
    throw new TransportError("unreachable", message, { cause });
  }
}

/** Throws if the server is not the expected one, after closing the connection. */
async function requireTrust(
  connection: QuicheConnection,
  verify: VerifyPeer,
  limits: { readonly clock: Clock; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const leaf = connection.peerCertificate;
  // `verify` may ask the user. It has time for as long as the connection lives.
  const lost = connection.closed.then((close): never => {
    throw failure(connection, close);
  });
  let known: boolean;
  try {
    const judged = (async () => leaf !== undefined && await verify(leaf))();
    known = await waitFor(Promise.race([judged, lost]), limits);
  } catch (error) {
    connection.abandon(ABORTED);
    await connection.closed;
    throw error;
  }
  if (known) return;
  connection.close(CERTIFICATE_REFUSED, "the certificate was refused");
  const close = await connection.closed;
  const { hostname, port } = connection.remote;
  throw new TransportError(
    "certificate",
    `The server at ${hostname} port ${port} is not the expected one: its certificate differs`,
    { close },
  );
}

function failure(connection: QuicheConnection, close: CloseReason): TransportError {
  const { hostname, port } = connection.remote;
  const why = close.kind === "idle" && !connection.heard ? "no answer" : describe(close);
  const message = `Cannot connect to ${hostname} port ${port}: ${why}`;
  return new TransportError(failureCode(connection.heard, close), message, { close });
}

function failureCode(heard: boolean, { kind }: CloseReason): TransportError["code"] {
  if (kind === "application" || kind === "transport") return "refused";
  return heard ? "timeout" : "unreachable";
}
