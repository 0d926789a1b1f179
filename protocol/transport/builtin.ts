/**
 * The engine on Deno's own QUIC (quinn and rustls): the server's default on Deno.
 *
 * It lacks what Deno lacks: the peer's certificate, connection IDs, the round trip, Retry, a change
 * of the client's address, windows, the code of a reset. It never connects without a pin, since
 * nothing else would identify the server.
 *
 * The module can be imported anywhere; only `listen` and `dial` need Deno.
 */
import { setImmediate } from "node:timers";
import { type Clock, systemClock } from "../clock.ts";
import { resolveHosts } from "./address.ts";
import { Admission } from "./admission.ts";
import { BuiltinConnection, plain, textOf } from "./builtin/connection.ts";
import { closeOfFailure } from "./builtin/failures.ts";
import { describe, GAVE_WAY, HANDSHAKE_TIMED_OUT } from "./closing.ts";
import { HandshakeLog } from "./handshake.ts";
import { HandshakeShares } from "./handshake_shares.ts";
import { Queue } from "./queue.ts";
import { race } from "./race.ts";
import { waitFor } from "./wait_for.ts";
import { wordsOf } from "../system_error.ts";
import {
  type Address,
  CLOSE_NONE,
  type Connection,
  DEFAULT_LIMITS,
  type DialOptions,
  type Engine,
  type Listener,
  type ListenOptions,
  TransportError,
  type TransportLimits,
} from "./transport.ts";

/** Idle timeouts and keep-alives are Deno's, in real time. Everything else is by this clock. */
export function makeEngine(clock: Clock): Engine {
  return {
    name: "builtin",
    listen: (options) => listen(clock, options),
    dial: (options) => dial(clock, options),
  };
}

export const engine: Engine = makeEngine(systemClock);

// deno-lint-ignore require-await -- refusals reject like everything else
async function listen(clock: Clock, options: ListenOptions): Promise<Listener> {
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
  const { admit, onHandshake } = options;
  return new BuiltinListener({ listener, limits, clock, admit, onHandshake });
}

async function dial(clock: Clock, options: DialOptions): Promise<Connection> {
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
  const addresses = await waitFor(resolveHosts(hostname), { clock, signal, timeout });
  return await race(
    addresses,
    (address, stop) => {
      const either = signal === undefined ? stop : AbortSignal.any([signal, stop]);
      return connect({ clock, limits }, options, { hostname: address, port }, either);
    },
    { clock, discard: (late) => late.close(CLOSE_NONE) },
  );
}

/** One attempt at one address. */
async function connect(
  { clock, limits }: { readonly clock: Clock; readonly limits: TransportLimits },
  { onHandshake, serverName, hostname, alpn, hashes = [] }: DialOptions,
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
  const log = new HandshakeLog(onHandshake, clock.now);
  log.report("initial", peer);
  try {
    const timeout = limits.handshakeTimeout;
    const conn = await waitFor(Deno.connectQuic(connecting), { clock, signal, timeout });
    log.report("established", peer, { alpn: conn.protocol ?? "" });
    return new BuiltinConnection(conn, "client");
  } catch (failure) {
    endpoint.close();
    const error = dialError(failure, peer);
    log.report("failed", peer, { reason: error.message });
    throw error;
  }
}

/** Milliseconds between clients that are looked at while all places are taken. */
const LOOK_INTERVAL = 5;
/** Milliseconds after which a handshake is unlikely to be an honest one. */
const SLOW_HANDSHAKE = 2_000;

interface BuiltinListenerOptions {
  readonly listener: Deno.QuicListener;
  readonly limits: TransportLimits;
  readonly clock: Clock;
  readonly admit: ListenOptions["admit"];
  readonly onHandshake: ListenOptions["onHandshake"];
}

class BuiltinListener implements Listener {
  readonly engine = "builtin";
  readonly address: Address;
  readonly #listener: Deno.QuicListener;
  readonly #limits: TransportLimits;
  readonly #clock: Clock;
  readonly #onHandshake: ListenOptions["onHandshake"];
  readonly #connections = new Set<BuiltinConnection>();
  readonly #established = new Queue<Connection>();
  readonly #accepting: Promise<void>;
  readonly #admission: Admission<Deno.QuicIncoming>;
  readonly #handshaking: HandshakeShares<BuiltinConnection>;
  #lookedAt = -Infinity;
  #closing: Promise<void> | undefined;

  constructor({ admit, clock, limits, listener, onHandshake }: BuiltinListenerOptions) {
    this.address = plain(listener.endpoint.addr);
    this.#listener = listener;
    this.#limits = limits;
    this.#handshaking = new HandshakeShares(limits.maxHandshakes);
    this.#clock = clock;
    this.#onHandshake = onHandshake;
    this.#admission = new Admission({ admit, begin: (incoming) => this.#begin(incoming) });
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
    this.#admission.clear();
    const connections = [...this.#connections];
    for (const connection of connections) connection.close(code, reason);
    // Handshakes end with the endpoint, and so does the wait for new ones.
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
      if (!this.#admission.offer(incoming)) incoming.ignore();
    }
  }

  #begin(incoming: Deno.QuicIncoming): void {
    if (this.#connections.size + this.#handshaking.size >= this.#limits.maxConnections) {
      incoming.refuse();
    } else if (this.#mayBegin()) {
      void this.#handshake(incoming);
    } else {
      incoming.ignore();
    }
  }

  /**
   * Whether to look at a client: Deno tells its address only when it has been accepted (reading
   * `QuicIncoming.remoteAddr` refuses it). While all places are taken, few are looked at, since it
   * costs a signature, and none while the handshakes under way are new and will soon be done.
   */
  #mayBegin(): boolean {
    if (this.#handshaking.size < this.#limits.maxHandshakes) return true;
    const now = this.#clock.now();
    if (now - this.#lookedAt < LOOK_INTERVAL) return false;
    if (now - this.#handshaking.oldest < SLOW_HANDSHAKE) return false;
    this.#lookedAt = now;
    return true;
  }

  /** Gives the handshake a place, or ends it. `false`: it has ended. */
  #takePlace(connection: BuiltinConnection, peer: Address): boolean {
    const place = this.#handshaking.place(peer.hostname);
    const leaving = place === undefined ? connection : place.giveUp;
    leaving?.close(CLOSE_NONE, GAVE_WAY);
    if (leaving !== undefined) this.#handshaking.delete(leaving);
    if (place === undefined) return false;
    this.#handshaking.add(connection, peer.hostname, this.#clock.now());
    return true;
  }

  async #handshake(incoming: Deno.QuicIncoming): Promise<void> {
    const log = new HandshakeLog(this.#onHandshake, this.#clock.now);
    let conn: Deno.QuicConn;
    try {
      // With `zeroRtt` the connection is there before its handshake, and can be given up in time.
      // `accept` returns it only after the handshake: early data, which may be a replay, waits.
      conn = incoming.accept({ zeroRtt: true });
    } catch (failure) {
      log.report("failed", UNKNOWN_PEER, { reason: textOf(failure) });
      return;
    }
    const peer = plain(conn.remoteAddr);
    log.report("initial", peer);
    const connection = new BuiltinConnection(conn, "server");
    if (!this.#takePlace(connection, peer)) return log.report("failed", peer, { reason: GAVE_WAY });
    const cancelDeadline = this.#clock.after(
      this.#limits.handshakeTimeout,
      () => connection.close(CLOSE_NONE, HANDSHAKE_TIMED_OUT.reason),
    );
    await conn.handshake;
    // A handshake that fails resolves too, and `closed` in the same turn.
    await new Promise((resolve) => setImmediate(resolve));
    cancelDeadline();
    this.#handshaking.delete(connection);
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
      `Cannot use UDP port ${port} of ${hostname}: ${wordsOf(cause) ?? "check the address"}`,
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

/** Deno does not report the sender of a first datagram that it refuses. */
const UNKNOWN_PEER: Address = { hostname: "::", port: 0 };

function dialError(failure: unknown, { hostname, port }: Address): TransportError {
  if (failure instanceof TransportError && failure.code !== "timeout") return failure;
  const text = textOf(failure);
  const whom = `${hostname} port ${port}`;
  if (text.includes("invalid peer certificate")) {
    const message = `The server at ${whom} is not the expected one: its certificate differs`;
    return new TransportError("certificate", message, { cause: failure });
  }
  const close = closeOfFailure(text);
  const unheard = failure instanceof TransportError || close.kind === "idle";
  return new TransportError(
    unheard ? "unreachable" : "refused",
    `Cannot connect to ${whom}: ${unheard ? "no answer" : describe(close)}`,
    unheard ? { cause: failure } : { cause: failure, close },
  );
}
