/** The client's side: from a name to one connection that is established and verified. */
import {
  type Address,
  CERTIFICATE_REFUSED,
  type CloseReason,
  type Connection,
  type DialOptions,
  TransportError,
  type TransportLimits,
} from "../transport.ts";
import { isIP, isIPv6 } from "node:net";
import { describe } from "./closing.ts";
import { makeConfig } from "./config.ts";
import { QuicheConnection } from "./connection.ts";
import { Endpoint, type EndpointOptions } from "./endpoint.ts";
import { HandshakeLog } from "./handshake.ts";
import { hex } from "./hex.ts";
import type { Loop } from "./loop.ts";
import type { NativeConfig, Quiche } from "./native.ts";

export interface DialContext extends Pick<EndpointOptions, "openSocket" | "random"> {
  readonly quiche: Quiche;
  readonly loop: Loop;
  readonly limits: TransportLimits;
}

/** One attempt at one address. */
export async function connect(
  context: DialContext,
  config: NativeConfig,
  options: DialOptions,
  remote: Address,
): Promise<QuicheConnection> {
  const { limits, loop, openSocket, quiche, random } = context;
  const endpoint = await Endpoint.open({
    openSocket,
    random,
    address: { hostname: isIPv6(remote.hostname) ? "::" : "0.0.0.0", port: 0 },
    closeWhenIdle: true,
  });
  const name = options.serverName ?? (isIP(options.hostname) === 0 ? options.hostname : undefined);
  const id = endpoint.newId();
  const log = new HandshakeLog(options.onHandshake, loop.now);
  const peer = { host: remote.hostname, port: remote.port };
  const quic = quiche.Connection.connect(name, id, endpoint.local, peer, config);
  const { promise, resolve, reject } = Promise.withResolvers<QuicheConnection>();
  new QuicheConnection({
    role: "client",
    quic,
    endpoint,
    loop,
    remote,
    id,
    ...(name === undefined ? {} : { serverName: name }),
    limits,
    log,
    onEstablished: resolve,
    onEnded: (_, reason) => reject(failure(remote, reason)),
  });
  log.report("initial", remote, { sourceId: hex(id), destinationId: hex(quic.destinationId()) });
  return await promise;
}

function failure({ hostname, port }: Address, close: CloseReason): TransportError {
  const code = close.kind === "idle"
    ? "timeout"
    : close.kind === "lost"
    ? "unreachable"
    : "refused";
  return new TransportError(
    code,
    `Cannot connect to ${hostname} port ${port}: ${describe(close)}`,
    { close },
  );
}

export async function dial(context: DialContext, options: DialOptions): Promise<Connection> {
  const config = makeConfig(context.quiche, { alpn: options.alpn, limits: context.limits });
  const connection = await connect(context, config, options, {
    hostname: options.hostname,
    port: options.port,
  });
  const leaf = connection.peerCertificate;
  if (leaf === undefined || !(await options.verify?.(leaf))) {
    connection.close(CERTIFICATE_REFUSED, "certificate refused");
    throw new TransportError("certificate", "The server's certificate was not accepted");
  }
  return connection;
}
