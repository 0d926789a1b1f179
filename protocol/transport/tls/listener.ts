/** The server's side: from TCP connections to links, each of which opens a connection or joins one. */
import { Buffer } from "node:buffer";
import type { AddressInfo, Server, Socket } from "node:net";
import type { SecureContext } from "node:tls";
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
import { Admission } from "./admission.ts";
import { type Capsule, FAULT, Fault, SECRET_LENGTH } from "./capsules.ts";
import { textOf } from "./failures.ts";
import { Greeting } from "./greeting.ts";
import { Link } from "./link.ts";
import { ServerConnection } from "./server_connection.ts";
import { acceptTls, type Secured } from "./socket.ts";

export interface ListenerOptions {
  /** Listening already. */
  readonly server: Server;
  readonly context: SecureContext;
  readonly alpn: readonly string[];
  readonly limits: TransportLimits;
  readonly onHandshake: ((event: HandshakeEvent) => void) | undefined;
  readonly now: () => number;
  /** Bytes that nobody can guess. */
  readonly random: (length: number) => Uint8Array;
}

/** A link whose handshake is done, and what is known of it. */
interface Arrival extends Secured {
  readonly peer: Address;
  readonly log: HandshakeLog;
}

export class TlsListener implements Listener {
  readonly engine = "tls";
  readonly address: Address;
  readonly #options: ListenerOptions;
  readonly #admission: Admission;
  /** By their secrets, in hex. */
  readonly #connections = new Map<string, ServerConnection>();
  readonly #established = new Queue<Connection>();
  #closing: Promise<void> | undefined;

  constructor(options: ListenerOptions) {
    const { limits, server } = options;
    const { address, port } = server.address() as AddressInfo;
    this.address = { hostname: address, port };
    this.#options = options;
    this.#admission = new Admission({
      most: limits.maxHandshakes,
      timeout: limits.handshakeTimeout,
      handshake: (raw, signal) => this.#handshake(raw, signal),
    });
    server.on("connection", (raw) => this.#admission.offer(raw));
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
      this.#admission.close(),
      ...connections.map((connection) => connection.closed),
    ]);
  }

  /** Never rejects. */
  async #handshake(raw: Socket, signal: AbortSignal): Promise<void> {
    const { alpn, context, now, onHandshake } = this.#options;
    const peer = { hostname: unmapped(raw.remoteAddress ?? ""), port: raw.remotePort ?? 0 };
    const log = new HandshakeLog(onHandshake, now);
    log.report("initial", peer);
    try {
      const secured = await acceptTls(raw, { context, alpn }, signal);
      await this.#greet({ ...secured, peer, log }, signal);
    } catch (error) {
      const reason = signal.aborted ? HANDSHAKE_TIMED_OUT.reason : textOf(error);
      log.report("failed", peer, { reason });
    }
  }

  /** Resolves when the link's first capsule has found it a place; rejects when there is none. */
  async #greet(arrival: Arrival, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const failed = (reason: string) => reject(new Error(reason));
    const first = (capsule: Capsule, link: Link) => {
      this.#place(arrival, capsule, link);
      resolve();
    };
    const link = new Link(arrival.socket, new Greeting({ first, failed }));
    const abort = () => {
      link.destroy();
      failed(HANDSHAKE_TIMED_OUT.reason);
    };
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    try {
      await promise;
    } catch (error) {
      await link.gone; // Its farewell counts as handshake: so these are bounded too.
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Throws `Fault` where there is no place. */
  #place(arrival: Arrival, capsule: Capsule, link: Link): void {
    switch (capsule.type) {
      case "open":
        return this.#open(arrival, link);
      case "attach":
        return this.#attach(arrival, link, capsule.secret, capsule.stream);
      default:
        throw new Fault(FAULT.violation, `${capsule.type} cannot be the first`);
    }
  }

  #open({ alpn, log, peer, serverName }: Arrival, link: Link): void {
    const { limits, now, random } = this.#options;
    if (this.#closing !== undefined || this.#connections.size >= limits.maxConnections) {
      throw new Fault(FAULT.refused, "the server has no room for another connection");
    }
    const secret = random(SECRET_LENGTH);
    const key = keyOf(secret);
    const connection = new ServerConnection({
      ...{ link, remote: peer, alpn, serverName, limits, now, secret },
    });
    this.#connections.set(key, connection);
    void connection.closed.then(() => this.#connections.delete(key));
    log.report("established", peer, serverName === undefined ? { alpn } : { alpn, serverName });
    this.#established.put(connection);
  }

  #attach({ log, peer }: Arrival, link: Link, secret: Uint8Array, stream: number): void {
    const connection = this.#connections.get(keyOf(secret));
    if (connection === undefined) throw new Fault(FAULT.violation, "no connection has this secret");
    connection.attach(link, stream);
    log.report("attached", peer);
  }
}

function keyOf(secret: Uint8Array): string {
  return Buffer.from(secret).toString("hex");
}
