/**
 * One connection on quiche, either role. It moves datagrams and time into quiche, takes datagrams
 * out of it, and tells the streams and the owner what has changed. It owns no socket: the endpoint
 * does.
 */
import {
  type Address,
  CLOSE_NONE,
  type CloseReason,
  type Connection,
  type Stream,
  TransportError,
  type TransportLimits,
} from "../transport.ts";
import { closeReason, describe, encodeReason, HANDSHAKE_TIMED_OUT } from "./closing.ts";
import { MAX_DATAGRAM } from "./config.ts";
import type { Endpoint } from "./endpoint.ts";
import type { HandshakeLog } from "./handshake.ts";
import { isLong, parseLongHeader } from "./header.ts";
import { hex } from "./hex.ts";
import { Ids } from "./ids.ts";
import type { Loop, Task } from "./loop.ts";
import type { NativeConnection } from "./native.ts";
import { Path } from "./path.ts";
import type { StreamHost } from "./stream.ts";
import { Streams } from "./streams.ts";

/** Datagrams that one connection sends in one turn, before the others have theirs. */
const BURST = 64;
/** The longest that a closed connection is kept to repeat its close to a peer that still sends. */
const CLOSING_TIME = 1_000;
const MAX_FAREWELLS = 8;
/** How many times what it has received a server sends to an unproven address (RFC 9000, 8.1). */
const AMPLIFICATION = 3;

export interface ConnectionOptions {
  readonly role: "client" | "server";
  readonly quic: NativeConnection;
  /** Held for the connection, which lets go of it when it ends. */
  readonly endpoint: Endpoint;
  readonly loop: Loop;
  readonly remote: Address;
  /** Our first connection ID. */
  readonly id: Uint8Array;
  readonly serverName?: string | undefined;
  readonly limits: TransportLimits;
  readonly log: HandshakeLog;
  readonly onEstablished: (connection: QuicheConnection) => void;
  /** It has ended, before or after it was established. */
  readonly onEnded: (connection: QuicheConnection, reason: CloseReason) => void;
}

/**
 * `closing`: we have closed, and quiche keeps the connection for three probe timeouts, so that a
 * peer that has missed it can be told again (RFC 9000, section 10.2). `closed`: all is let go of.
 */
type State = "handshake" | "open" | "closing" | "closed";

export class QuicheConnection implements Connection, Task, StreamHost {
  readonly engine = "quiche";
  readonly role: "client" | "server";
  readonly closed: Promise<CloseReason>;
  alpn = "";
  serverName: string | undefined;
  peerCertificate: Uint8Array | undefined;

  // The loop's fields.
  dirty = false;
  due = Infinity;
  tick = -1;

  readonly #loop: Loop;
  readonly #limits: TransportLimits;
  readonly #log: HandshakeLog;
  readonly #streams: Streams;
  readonly #ids: Ids;
  readonly #path: Path;
  readonly #onEstablished: (connection: QuicheConnection) => void;
  readonly #onEnded: (connection: QuicheConnection, reason: CloseReason) => void;
  readonly #settle: (reason: CloseReason) => void;
  #endpoint: Endpoint;
  #state: State = "handshake";
  #quic: NativeConnection | undefined;
  #lastIds: { readonly source: string; readonly destination: string };
  /** When quiche wants to be woken. */
  #timeout = Infinity;
  /** When a handshake is given up, or a closing period ends. */
  #deadline: number;
  #lastSent: number;
  /** Bytes in and out during the handshake: until then the peer's address is not proven. */
  #bytesIn = 0;
  #bytesOut = 0;
  #reason: CloseReason | undefined;
  /** The last datagram of a closing connection. */
  #farewell: Uint8Array | undefined;
  #farewells = 0;

  constructor(options: ConnectionOptions) {
    const { endpoint, id, limits, loop, quic, remote, role } = options;
    this.role = role;
    this.serverName = options.serverName;
    this.#quic = quic;
    this.#endpoint = endpoint;
    this.#loop = loop;
    this.#limits = limits;
    this.#log = options.log;
    this.#onEstablished = options.onEstablished;
    this.#onEnded = options.onEnded;
    this.#path = new Path(endpoint.local, { host: remote.hostname, port: remote.port });
    this.#ids = new Ids(this, endpoint, id);
    this.#lastIds = { source: hex(id), destination: "" };
    this.#lastSent = loop.now();
    this.#deadline = this.#lastSent + limits.handshakeTimeout;
    this.#streams = new Streams(this, role, limits.maxStreams);
    const { promise, resolve } = Promise.withResolvers<CloseReason>();
    this.closed = promise;
    this.#settle = resolve;
    loop.touch(this);
  }

  get remote(): Address {
    return this.#path.peer;
  }

  ids(): { readonly source: string; readonly destination: string } {
    const quic = this.#quic;
    if (quic === undefined) return this.#lastIds;
    return { source: hex(quic.sourceId()), destination: hex(quic.destinationId()) };
  }

  rtt(): number | undefined {
    return this.#quic?.pathStats().find((path) => path.active)?.rtt;
  }

  openStream(): Promise<Stream> {
    return this.#streams.open();
  }

  accept(): Promise<Stream | null> {
    return this.#streams.accept();
  }

  async rebind(): Promise<void> {
    if (this.role === "server") {
      throw new TransportError("unsupported", "Cannot rebind a server's side of a connection");
    }
    if (this.quic === undefined) throw this.ended();
    const left = this.#endpoint;
    const taken = await left.sibling();
    // While the socket was being opened the connection may have ended, or moved elsewhere.
    if (this.quic === undefined || this.#endpoint !== left) {
      await taken.release();
      if (this.quic === undefined) throw this.ended();
      return;
    }
    this.#endpoint = taken;
    this.#ids.move(taken);
    // Something to acknowledge: so the peer learns the new address at once.
    this.quic.sendAckEliciting();
    this.#loop.touch(this);
    await left.release();
  }

  close(code: number, reason = ""): void {
    const quic = this.quic;
    if (quic === undefined) return;
    // quiche sends nothing but the close after it: what streams have been given leaves first.
    this.#send(quic);
    quic.close(true, code, encodeReason(reason));
    this.#leave({ kind: "application", code, reason, by: "local" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close(CLOSE_NONE);
    await this.closed;
  }

  // For whoever dials or listens.

  /** Whether the peer has ever answered. */
  get heard(): boolean {
    return this.#bytesIn > 0;
  }

  /** Closes without waiting for anything: the close is sent once. */
  abandon(reason: CloseReason): void {
    const quic = this.#quic;
    if (quic === undefined) return;
    quic.close(reason.kind === "application", reason.code, encodeReason(reason.reason));
    this.#send(quic);
    this.#end(reason);
  }

  // For streams.

  get quic(): NativeConnection | undefined {
    return this.#state === "closing" ? undefined : this.#quic;
  }

  get scratch(): Uint8Array {
    return this.#loop.scratch;
  }

  touch(): void {
    this.#loop.touch(this);
  }

  ended(): TransportError {
    const close = this.#reason;
    if (close === undefined) return new TransportError("closed", "The connection has ended");
    return new TransportError("closed", `The connection was ${describe(close)}`, { close });
  }

  // For the endpoint and the loop.

  /** A datagram for this connection; its bytes are overwritten. */
  receive(datagram: Uint8Array, hostname: string, port: number): void {
    const quic = this.#quic;
    if (quic === undefined) return;
    if (this.#state === "closing") return this.#repeatFarewell();
    if (this.#state === "handshake") this.#observe(datagram);
    const moved = !this.#path.isAt(hostname, port);
    try {
      quic.recv(datagram, this.#path.infoOf(hostname, port));
    } catch (error) {
      return this.#fail(quic, error);
    }
    this.#loop.touch(this);
    if (this.#state === "handshake" && quic.isEstablished()) this.#establish(quic);
    if (quic.isDraining() || quic.isClosed()) return this.#end(closeReason(quic));
    if (moved) this.#follow(quic);
    this.#streams.advance(quic);
  }

  flush(): void {
    const quic = this.#quic;
    if (quic === undefined) return;
    this.#send(quic);
    this.#schedule(quic);
  }

  wake(): void {
    const quic = this.#quic;
    if (quic === undefined) return;
    const { time } = this.#loop;
    if (time >= this.#timeout) quic.onTimeout();
    if (quic.isClosed()) return this.#end(this.#reason ?? closeReason(quic));
    if (time >= this.#deadline) {
      return this.#reason === undefined
        ? this.abandon(HANDSHAKE_TIMED_OUT)
        : this.#end(this.#reason);
    }
    if (this.#state === "open") {
      const { keepAlive } = this.#limits;
      if (keepAlive > 0 && time - this.#lastSent >= keepAlive) quic.sendAckEliciting();
      this.#follow(quic);
    }
    this.#loop.touch(this);
  }

  /** The kernel would not take a datagram. In a client's handshake that says: there is no way. */
  sendFailed(error: Error): void {
    if (this.role === "server" || this.#state !== "handshake") return;
    this.#end({ kind: "lost", code: 0, reason: error.message, by: "local" });
  }

  /** Sends what quiche has to send, as far as this turn allows. */
  #send(quic: NativeConnection): void {
    const loop = this.#loop;
    for (let count = 0; count < BURST; count++) {
      if (!this.#maySend()) return;
      const slot = loop.slot();
      if (slot === undefined) break;
      let sent: ReturnType<NativeConnection["send"]>;
      try {
        sent = quic.send(slot.bytes);
      } catch (error) {
        slot.release();
        return this.#fail(quic, error);
      }
      if (sent === null) return slot.release();
      const [length, info] = sent;
      this.#bytesOut += length;
      this.#lastSent = loop.time;
      if (this.#state === "closing") this.#farewell = slot.bytes.slice(0, length);
      this.#endpoint.send(slot, length, this.#path.addressOf(info.to), this);
    }
    loop.touch(this);
  }

  /** A server must not be made to flood an address that somebody else has given as theirs. */
  #maySend(): boolean {
    if (this.role === "client" || this.#state !== "handshake") return true;
    return this.#bytesOut + MAX_DATAGRAM <= AMPLIFICATION * this.#bytesIn;
  }

  #schedule(quic: NativeConnection): void {
    const { time } = this.#loop;
    const timeout = quic.timeout();
    // Whole milliseconds, rounded down: one more, so as not to come too early.
    this.#timeout = timeout === null ? Infinity : time + timeout + 1;
    const { keepAlive } = this.#limits;
    const idle = this.#state === "open" && keepAlive > 0 ? this.#lastSent + keepAlive : Infinity;
    this.#loop.wakeAt(this, Math.min(this.#timeout, this.#deadline, idle));
  }

  /** Tells of what a client's first answers are. */
  #observe(datagram: Uint8Array): void {
    this.#bytesIn += datagram.length;
    if (this.role === "server" || !isLong(datagram)) return;
    const header = parseLongHeader(datagram);
    if (header === undefined) return;
    if (header.version === 0) this.#log.report("version_negotiation", this.remote);
    else if (header.type === "retry") this.#log.report("retry", this.remote);
  }

  #establish(quic: NativeConnection): void {
    this.#state = "open";
    this.#deadline = Infinity;
    this.alpn = new TextDecoder().decode(quic.applicationProto());
    if (this.role === "server") this.serverName = quic.serverName() ?? undefined;
    else this.peerCertificate = quic.peerCertChain()?.[0];
    const { source, destination } = this.ids();
    this.#log.report("established", this.remote, {
      alpn: this.alpn,
      ...(this.serverName === undefined ? {} : { serverName: this.serverName }),
      sourceId: source,
      destinationId: destination,
    });
    this.#ids.issue(quic);
    this.#onEstablished(this);
  }

  /** Learns where the peer is now, and which of our IDs it has given up. */
  #follow(quic: NativeConnection): void {
    for (let event = quic.pathEventNext(); event !== null; event = quic.pathEventNext()) {
      if (event.type === "New") this.#path.opened(event.peer);
      if (event.type !== "PeerMigrated") continue;
      for (const left of this.#path.moved(event.new)) quic.probePath(this.#path.local, left);
    }
    this.#ids.retire(quic);
  }

  /** quiche has found a fault, the peer's or ours: it may have a close to send. */
  #fail(quic: NativeConnection, error: unknown): void {
    if (quic.isClosed()) return this.#end(closeReason(quic));
    const { code, reason, ...rest } = closeReason(quic);
    // Without a close of its own, quiche has but dropped the datagram.
    if (rest.kind === "lost") return;
    this.#leave({ ...rest, code, reason: reason === "" ? String(error) : reason });
  }

  /** We have closed: tells the streams, and waits until the close has had time to arrive. */
  #leave(reason: CloseReason): void {
    this.#reportFailure(reason);
    this.#reason = reason;
    this.#state = "closing";
    this.#deadline = this.#loop.now() + CLOSING_TIME;
    this.#streams.fail(this.ended());
    this.#loop.touch(this);
  }

  #repeatFarewell(): void {
    if (this.#farewell === undefined || this.#farewells === MAX_FAREWELLS) return;
    const slot = this.#loop.slot();
    if (slot === undefined) return;
    this.#farewells++;
    slot.bytes.set(this.#farewell);
    this.#endpoint.send(slot, this.#farewell.length, this.#path.remote, this);
  }

  /** Lets go of everything. */
  #end(reason: CloseReason): void {
    if (this.#quic === undefined) return;
    this.#reportFailure(reason);
    this.#lastIds = this.ids();
    this.#reason = reason;
    this.#state = "closed";
    this.#quic = undefined;
    this.#loop.drop(this);
    this.#ids.drop();
    this.#streams.fail(this.ended());
    this.#onEnded(this, reason);
    this.#endpoint.release().then(() => this.#settle(reason));
  }

  #reportFailure(reason: CloseReason): void {
    if (this.#state !== "handshake") return;
    this.#log.report("failed", this.remote, { ...sourceOf(this.ids()), reason: describe(reason) });
  }
}

function sourceOf(ids: { source: string; destination: string }) {
  return { sourceId: ids.source, destinationId: ids.destination };
}
