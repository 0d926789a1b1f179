/** The server's side: each TCP connection becomes a link that opens a connection or joins one. */
import { Buffer } from "node:buffer";
import type { AddressInfo, Server, Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type { Clock } from "../../clock.ts";
import { unmapped } from "../address.ts";
import { HANDSHAKE_TIMED_OUT } from "../closing.ts";
import { HandshakeLog } from "../handshake.ts";
import { Queue } from "../queue.ts";
import type {
  Address,
  Connection,
  HandshakeEvent,
  Listener,
  TransportLimits,
} from "../transport.ts";
import { HandshakeLimiter } from "./handshake_limiter.ts";
import { type Capsule, FAULT, Fault, SECRET_LENGTH } from "./capsules.ts";
import { TlsConnection } from "./connection.ts";
import { textOf } from "./failures.ts";
import { UnopenedLink } from "./unopened_link.ts";
import { TlsLink } from "./tls_link.ts";
import { acceptTls, type SecureSocket } from "./socket.ts";
import { StreamAcceptor } from "./stream_acceptor.ts";

interface ListenerOptions {
  /** It listens already. */
  readonly server: Server;
  readonly context: SecureContext;
  readonly alpn: readonly string[];
  readonly limits: TransportLimits;
  readonly admit: (() => Promise<void>) | undefined;
  readonly onHandshake: ((event: HandshakeEvent) => void) | undefined;
  readonly clock: Clock;
  /** Cryptographically random bytes. */
  readonly random: (length: number) => Uint8Array;
}

/** A TLS connection whose handshake is done. */
interface Arrival extends SecureSocket {
  readonly peer: Address;
  readonly log: HandshakeLog;
}

export class TlsListener implements Listener {
  readonly engine = "tls";
  readonly address: Address;
  readonly #options: ListenerOptions;
  readonly #handshakes: HandshakeLimiter;
  /** By secret, in hex. */
  readonly #connections = new Map<string, TlsConnection>();
  readonly #established = new Queue<Connection>();
  #closing: Promise<void> | undefined;

  constructor(options: ListenerOptions) {
    const { limits, server } = options;
    const { address, port } = server.address() as AddressInfo;
    this.address = { hostname: address, port };
    this.#options = options;
    this.#handshakes = new HandshakeLimiter({
      max: limits.maxHandshakes,
      timeout: limits.handshakeTimeout,
      clock: options.clock,
      handshake: (raw, signal) => this.#handshake(raw, signal),
    });
    server.on("connection", (raw) => this.#handshakes.offer(raw));
  }

  accept(): Promise<Connection | null> {
    return this.#established.take();
  }

  close(code = 0, reason = ""): Promise<void> {
    return this.#closing ??= this.#close(code, reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(code: number, reason: string): Promise<void> {
    const { server } = this.#options;
    const closed = new Promise((resolve) => server.close(resolve));
    this.#established.end();
    const connections = [...this.#connections.values()];
    for (const connection of connections) connection.close(code, reason);
    await Promise.all([
      closed,
      this.#handshakes.close(),
      ...connections.map((connection) => connection.closed),
    ]);
  }

  /** Never rejects. */
  async #handshake(raw: Socket, signal: AbortSignal): Promise<void> {
    const { admit, alpn, clock, context, onHandshake } = this.#options;
    const peer = { hostname: unmapped(raw.remoteAddress ?? ""), port: raw.remotePort ?? 0 };
    const log = new HandshakeLog(onHandshake, clock.now);
    log.report("initial", peer);
    try {
      await admit?.();
      const secured = await acceptTls(raw, { context, alpn }, signal);
      await this.#route({ ...secured, peer, log }, signal);
    } catch (error) {
      const reason = signal.aborted ? HANDSHAKE_TIMED_OUT.reason : textOf(error);
      log.report("failed", peer, { reason });
    }
  }

  /** Waits for the link's first capsule, and for its connection. Rejects when there is none. */
  async #route(arrival: Arrival, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const failed = (reason: string) => reject(new Error(reason));
    const first = (capsule: Capsule, link: TlsLink) => {
      this.#assign(arrival, capsule, link);
      resolve();
    };
    const owner = new UnopenedLink({ first, failed });
    const link = new TlsLink(arrival.socket, owner, this.#options.clock);
    const abort = () => {
      link.destroy();
      failed(HANDSHAKE_TIMED_OUT.reason);
    };
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    try {
      await promise;
    } catch (error) {
      await link.gone; // Until then it counts as a handshake, and is bounded as one.
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Gives the link to its connection. Throws `Fault`. */
  #assign(arrival: Arrival, capsule: Capsule, link: TlsLink): void {
    switch (capsule.type) {
      case "open":
        return this.#open(arrival, link);
      case "attach":
        return this.#attach(arrival, link, capsule.secret, capsule.stream);
      default:
        throw new Fault(FAULT.violation, `${capsule.type} cannot be the first`);
    }
  }

  #open({ alpn, log, peer, serverName }: Arrival, link: TlsLink): void {
    const { clock, limits, random } = this.#options;
    if (this.#closing !== undefined || this.#connections.size >= limits.maxConnections) {
      throw new Fault(FAULT.refused, "the server has no room for another connection");
    }
    const secret = random(SECRET_LENGTH);
    const key = keyOf(secret);
    link.send({ type: "opened", secret, streams: limits.maxStreams });
    const connection = new TlsConnection({
      ...{ link, remote: peer, alpn, serverName, peerCertificate: undefined, limits, clock },
      role: new StreamAcceptor(limits.maxStreams),
    });
    this.#connections.set(key, connection);
    void connection.closed.then(() => this.#connections.delete(key));
    log.report("established", peer, serverName === undefined ? { alpn } : { alpn, serverName });
    this.#established.put(connection);
  }

  #attach({ log, peer }: Arrival, link: TlsLink, secret: Uint8Array, stream: number): void {
    const connection = this.#connections.get(keyOf(secret));
    if (connection === undefined) throw new Fault(FAULT.violation, "no connection has this secret");
    connection.attach(link, stream);
    log.report("attached", peer);
  }
}

function keyOf(secret: Uint8Array): string {
  return Buffer.from(secret).toString("hex");
}
