/**
 * The engine on Deno's own QUIC (quinn and rustls): the server's default on Deno.
 *
 * What Deno does not give, this engine does not have: no certificate of the peer, no connection
 * IDs, no round trip, no Retry, no moving of a client's socket, no windows to set, no code with a
 * reset. It never connects without a pin, because nothing else would tell whom it talks to.
 *
 * The module can be imported anywhere; only `listen` and `dial` need Deno.
 */
import { setImmediate } from "node:timers";
import { patiently } from "./abort.ts";
import { resolveHosts, unmapped } from "./address.ts";
import { closeOfFailure } from "./builtin/failures.ts";
import { BuiltinStream, type StreamOwner } from "./builtin/stream.ts";
import { describe, HANDSHAKE_TIMED_OUT } from "./closing.ts";
import { HandshakeLog } from "./handshake.ts";
import { Queue } from "./queue.ts";
import { race } from "./race.ts";
import {
  type Address,
  CLOSE_NONE,
  type CloseReason,
  type Connection,
  DEFAULT_LIMITS,
  type DialOptions,
  type Engine,
  type Listener,
  type ListenOptions,
  type Stream,
  TransportError,
  type TransportLimits,
} from "./transport.ts";

export const engine: Engine = { name: "builtin", listen, dial };

const now = () => performance.now();

// deno-lint-ignore require-await -- refusals reject like everything else
async function listen(options: ListenOptions): Promise<Listener> {
  requireDeno();
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const endpoint = bind(options.hostname, options.port);
  let listener: Deno.QuicListener;
  try {
    listener = endpoint.listen({
      cert: options.certificate,
      key: options.privateKey,
      alpnProtocols: [...options.alpn],
      ...quicOptions(limits),
    });
  } catch (cause) {
    endpoint.close();
    const message = `Cannot listen with this certificate and key: ${textOf(cause)}`;
    throw new TransportError("certificate", message, { cause });
  }
  return new BuiltinListener(listener, limits, options.onHandshake);
}

async function dial(options: DialOptions): Promise<Connection> {
  requireDeno();
  if (options.hashes === undefined || options.hashes.length === 0) {
    throw new TransportError(
      "certificate",
      "Cannot connect without the server's pin: Deno's QUIC does not show certificates. " +
        "Give the pin, or use the quiche engine.",
    );
  }
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { hostname, port, signal } = options;
  const timeout = limits.handshakeTimeout;
  const addresses = await patiently(resolveHosts(hostname), { signal, timeout });
  return await race(
    addresses,
    (address, stop) => {
      const either = signal === undefined ? stop : AbortSignal.any([signal, stop]);
      return connect(options, limits, { hostname: address, port }, either);
    },
    { discard: (late) => late.close(CLOSE_NONE) },
  );
}

/** One attempt at one address. */
async function connect(
  { onHandshake, serverName, hostname, alpn, hashes = [] }: DialOptions,
  limits: TransportLimits,
  peer: Address,
  signal: AbortSignal,
): Promise<BuiltinConnection> {
  const endpoint = bindAny();
  // `connectQuic` takes WebTransport's `serverCertificateHashes`; its types do not say so.
  const connecting: Deno.ConnectQuicOptions<false> & {
    serverCertificateHashes: readonly { algorithm: "sha-256"; value: Uint8Array }[];
  } = {
    ...peer,
    endpoint,
    serverName: serverName ?? hostname,
    alpnProtocols: [...alpn],
    serverCertificateHashes: hashes.map((value) => ({ algorithm: "sha-256", value })),
    ...quicOptions(limits),
  };
  const log = new HandshakeLog(onHandshake, now);
  log.report("initial", peer);
  try {
    const timeout = limits.handshakeTimeout;
    const conn = await patiently(Deno.connectQuic(connecting), { signal, timeout });
    log.report("established", peer, { alpn: conn.protocol ?? "" });
    return new BuiltinConnection(conn, "client");
  } catch (failure) {
    endpoint.close();
    const error = dialError(failure, peer);
    log.report("failed", peer, { reason: error.message });
    throw error;
  }
}

class BuiltinListener implements Listener {
  readonly engine = "builtin";
  readonly address: Address;
  readonly #listener: Deno.QuicListener;
  readonly #limits: TransportLimits;
  readonly #onHandshake: ListenOptions["onHandshake"];
  readonly #connections = new Set<BuiltinConnection>();
  readonly #established = new Queue<Connection>();
  readonly #accepting: Promise<void>;
  #handshakes = 0;
  #closing: Promise<void> | undefined;

  constructor(
    listener: Deno.QuicListener,
    limits: TransportLimits,
    onHandshake: ListenOptions["onHandshake"],
  ) {
    this.address = plain(listener.endpoint.addr);
    this.#listener = listener;
    this.#limits = limits;
    this.#onHandshake = onHandshake;
    this.#accepting = this.#acceptAll();
  }

  accept(): Promise<Connection | null> {
    return this.#established.take();
  }

  close(code = CLOSE_NONE, reason = ""): Promise<void> {
    return this.#closing ??= this.#close(code, reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(code: number, reason: string): Promise<void> {
    this.#established.end();
    const connections = [...this.#connections];
    for (const connection of connections) connection.close(code, reason);
    // Handshakes under way go with the endpoint, and so does the wait for new ones.
    this.#listener.endpoint.close({ closeCode: code, reason });
    await Promise.all([this.#accepting, ...connections.map((connection) => connection.closed)]);
  }

  async #acceptAll(): Promise<void> {
    while (true) {
      let incoming: Deno.QuicIncoming;
      try {
        incoming = await this.#listener.incoming();
      } catch {
        return; // The endpoint has closed; nothing else ends this wait.
      }
      if (this.#connections.size + this.#handshakes >= this.#limits.maxConnections) {
        incoming.refuse();
      } else if (this.#handshakes >= this.#limits.maxHandshakes) {
        incoming.ignore();
      } else {
        void this.#handshake(incoming);
      }
    }
  }

  async #handshake(incoming: Deno.QuicIncoming): Promise<void> {
    const log = new HandshakeLog(this.#onHandshake, now);
    let conn: Deno.QuicConn;
    try {
      // With `zeroRtt` the connection is there before its handshake, and can be given up in time.
      // Nobody is shown it earlier for that: early data, which may be a replay, waits unread.
      conn = incoming.accept({ zeroRtt: true });
    } catch (failure) {
      log.report("failed", UNKNOWN_PEER, { reason: textOf(failure) });
      return;
    }
    this.#handshakes++;
    const peer = plain(conn.remoteAddr);
    log.report("initial", peer);
    const connection = new BuiltinConnection(conn, "server");
    const deadline = setTimeout(
      () => connection.close(CLOSE_NONE, HANDSHAKE_TIMED_OUT.reason),
      this.#limits.handshakeTimeout,
    );
    await conn.handshake;
    // A handshake that fails resolves too, and `closed` in the same turn.
    await new Promise((resolve) => setImmediate(resolve));
    clearTimeout(deadline);
    this.#handshakes--;
    if (connection.over !== undefined) {
      log.report("failed", peer, { reason: connection.over.reason });
      return;
    }
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
    const { alpn, serverName } = connection;
    log.report("established", peer, serverName === undefined ? { alpn } : { alpn, serverName });
    if (!this.#established.put(connection)) connection.close(CLOSE_NONE);
  }
}

class BuiltinConnection implements Connection, StreamOwner {
  readonly engine = "builtin";
  readonly role: Connection["role"];
  readonly peerCertificate = undefined;
  /** Settles when QUIC has ended; `closed` follows when everything pending has settled too. */
  readonly ended: Promise<CloseReason>;
  readonly closed: Promise<CloseReason>;
  /** How it ended, once it has. */
  over: CloseReason | undefined;
  readonly #conn: Deno.QuicConn;
  readonly #incoming: ReadableStreamDefaultReader<Deno.QuicBidirectionalStream>;
  readonly #streams = new Set<BuiltinStream>();
  /** Calls of `openStream` and `accept` that wait. */
  readonly #waiting = new Set<Promise<unknown>>();
  /** What `close` was called with: Deno does not say it again. */
  #closing: CloseReason | undefined;

  constructor(conn: Deno.QuicConn, role: Connection["role"]) {
    this.role = role;
    this.#conn = conn;
    this.#incoming = conn.incomingBidirectionalStreams.getReader();
    this.ended = conn.closed.then(
      ({ closeCode: code, reason }): CloseReason =>
        this.#closing ?? { kind: "application", code, reason, by: "peer" },
      (failure) => closeOfFailure(textOf(failure)),
    ).then((close) => this.over = close);
    this.closed = this.ended.then((close) => this.#release(close));
    // Sotto has no use for DATAGRAM frames, but this quinn takes them, and empty ones without bound
    // (GHSA-2hv7-gw8g-gpq5): the first one ends the connection.
    conn.readDatagram().then(() => this.close(CLOSE_NONE, "no DATAGRAM frames here"), () => {});
  }

  get remote(): Address {
    return plain(this.#conn.remoteAddr);
  }

  get alpn(): string {
    return this.#conn.protocol ?? "";
  }

  get serverName(): string | undefined {
    return this.#conn.serverName ?? undefined;
  }

  ids(): undefined {}

  rtt(): undefined {}

  openStream(): Promise<Stream> {
    return this.#wait(this.#open());
  }

  accept(): Promise<Stream | null> {
    return this.#wait(this.#accept());
  }

  rebind(): Promise<void> {
    const message = "Deno's QUIC cannot move a connection to a new port; the quiche engine can.";
    return Promise.reject(new TransportError("unsupported", message));
  }

  close(code: number, reason = ""): void {
    if (this.#closing !== undefined || this.over !== undefined) return;
    this.#closing = { kind: "application", code, reason, by: "local" };
    this.#conn.close({ closeCode: code, reason });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close(CLOSE_NONE);
    await this.closed;
  }

  forget(stream: BuiltinStream): void {
    this.#streams.delete(stream);
  }

  async #open(): Promise<Stream> {
    let pair: Deno.QuicBidirectionalStream;
    try {
      pair = await this.#conn.createBidirectionalStream({ waitUntilAvailable: true });
    } catch {
      const close = await this.ended;
      throw new TransportError("closed", `The connection was ${describe(close)}`, { close });
    }
    return this.#adopt(pair);
  }

  async #accept(): Promise<Stream | null> {
    try {
      const { value } = await this.#incoming.read();
      return value === undefined ? null : this.#adopt(value);
    } catch {
      return null; // The connection has failed; `closed` says how.
    }
  }

  #adopt(pair: Deno.QuicBidirectionalStream): BuiltinStream {
    const stream = new BuiltinStream(pair, this);
    this.#streams.add(stream);
    return stream;
  }

  async #wait<T>(call: Promise<T>): Promise<T> {
    this.#waiting.add(call);
    try {
      return await call;
    } finally {
      this.#waiting.delete(call);
    }
  }

  /** Rule 3: whatever waited for this connection has its answer before `closed` has. */
  async #release(close: CloseReason): Promise<CloseReason> {
    await Promise.allSettled([
      ...this.#waiting,
      ...[...this.#streams].map((stream) => stream.idle()),
    ]);
    this.#streams.clear();
    return close;
  }
}

function requireDeno(): void {
  if (typeof globalThis.Deno?.QuicEndpoint === "function") return;
  const message = "The builtin engine needs Deno with --unstable-net; use the quiche engine here.";
  throw new TransportError("unsupported", message);
}

function bind(hostname: string, port: number): Deno.QuicEndpoint {
  try {
    return new Deno.QuicEndpoint({ hostname, port });
  } catch (cause) {
    const taken = cause instanceof Deno.errors.AddrInUse;
    throw new TransportError(
      taken ? "address_in_use" : "unreachable",
      `Cannot use UDP port ${port} of ${hostname}: ${textOf(cause)}`,
      { cause },
    );
  }
}

/** A socket for a client: both families where the machine has both. */
function bindAny(): Deno.QuicEndpoint {
  try {
    return bind("::", 0);
  } catch {
    return bind("0.0.0.0", 0);
  }
}

function quicOptions(limits: TransportLimits): Deno.QuicTransportOptions {
  return {
    maxIdleTimeout: limits.idleTimeout,
    maxConcurrentBidirectionalStreams: limits.maxStreams,
    maxConcurrentUnidirectionalStreams: 0,
    ...(limits.keepAlive > 0 ? { keepAliveInterval: limits.keepAlive } : {}),
  };
}

/** Deno does not tell who sent a first datagram that it refuses by itself. */
const UNKNOWN_PEER: Address = { hostname: "::", port: 0 };

function dialError(failure: unknown, { hostname, port }: Address): TransportError {
  if (failure instanceof TransportError && failure.code !== "timeout") return failure;
  const text = textOf(failure);
  const whom = `${hostname} port ${port}`;
  if (text.includes("invalid peer certificate")) {
    const message = `The server at ${whom} is not the one that was meant: its certificate differs`;
    return new TransportError("certificate", message, { cause: failure });
  }
  const close = closeOfFailure(text);
  const unheard = failure instanceof TransportError || close.kind === "idle";
  return new TransportError(
    unheard ? "unreachable" : "refused",
    `Cannot connect to ${whom}: ${unheard ? "nobody answers" : describe(close)}`,
    unheard ? { cause: failure } : { cause: failure, close },
  );
}

function plain(address: Deno.NetAddr): Address {
  return { hostname: unmapped(address.hostname), port: address.port };
}

function textOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
