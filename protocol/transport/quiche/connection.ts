/**
 * One connection on quiche, either role. It moves datagrams and time into quiche, takes datagrams
 * out of it, and tells the streams and the owner what has changed. It owns no socket: the endpoint
 * does.
 */
import { describe, encodeReason, HANDSHAKE_TIMED_OUT } from "../closing.ts";
import type { HandshakeLog } from "../handshake.ts";
import {
  type Address,
  CLOSE_NONE,
  type CloseReason,
  type Connection,
  type Stream,
  TransportError,
  type TransportLimits,
} from "../transport.ts";
import { closeReason } from "./closing.ts";
import { MAX_DATAGRAM } from "./config.ts";
import type { Endpoint } from "./endpoint.ts";
import { isLong, MIN_INITIAL, packetsOf, parseLongHeader } from "./header.ts";
import { hex } from "./hex.ts";
import { Ids } from "./ids.ts";
import type { Loop, Task } from "./loop.ts";
import type { NativeConnection } from "./native.ts";
import { Path } from "./path.ts";
import type { StreamHost } from "./stream_host.ts";
import { Streams } from "./streams.ts";

/** Datagrams that one connection sends in one turn, before the others have theirs. */
const BURST = 64;
/** Datagrams of this length or more may be followed by others; what is shorter ends a burst. */
const NEARLY_FULL = MAX_DATAGRAM - 100;
/** A datagram of fewer bytes, which brings no stream on, does mostly nothing but acknowledge. */
const SMALL = 100;
/**
 * How often a peer that gives no room is reminded, in milliseconds: what would have given it may
 * have been sent to where we are no more (RFC 9000, section 4.1, asks for as much).
 */
const BLOCKED_INTERVAL = 1_000;
/** Between two looks at an address that a peer seems to have moved to, in milliseconds. */
const PROBE_INTERVAL = 200;
/** How many times each address is looked at. */
const MAX_PROBES = 10;
/** The longest that a closed connection is kept to repeat its close to a peer that still sends. */
const CLOSING_TIME = 1_000;
const MAX_FAREWELLS = 8;
/** Room for a probe and not much else. */
const PROBE_LENGTH = 60;

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
  /** Whether to ask quiche for datagrams until it has none, rather than until one is not full. */
  #thorough = true;
  /** How often probes are still to be sent, after the peer has moved. */
  #probes = 0;
  /** Whether the peer has ever answered. */
  #heard = false;
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
    const { hostname: host, port } = remote;
    this.#path = new Path(endpoint.local, { host, port }, role === "client");
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
    this.#streams.flush();
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
    return this.#heard;
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

  get spare(): Uint8Array[] {
    return this.#loop.spare;
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
    const path = this.#path;
    if (path.isAt(hostname, port)) path.received(datagram.length);
    try {
      const info = path.infoOf(hostname, port);
      if (this.#state === "handshake" || !isLong(datagram)) quic.recv(datagram, info);
      // A peer whose handshake is not confirmed closes in a Handshake packet as well, in front; and
      // quiche, which has no keys for that any more, would let all of the datagram go with it.
      else for (const packet of packetsOf(datagram)) quic.recv(packet, info);
    } catch (error) {
      return this.#fail(quic, error);
    }
    if (this.#state === "handshake" && quic.isEstablished()) this.#establish(quic);
    if (quic.isDraining() || quic.isClosed()) return this.#end(closeReason(quic));
    if (this.#state === "handshake") return this.#loop.touch(this);
    if (!path.isAt(hostname, port) || !path.proven) this.#follow(quic, datagram.length);
    const calm = !this.#streams.advance(quic) && datagram.length < SMALL;
    if (calm) this.#loop.touchSoon(this);
    else this.#loop.touch(this);
  }

  flush(): void {
    const quic = this.#quic;
    if (quic === undefined) return;
    this.#streams.flush();
    this.#send(quic);
    if (this.#quic !== undefined) this.#schedule(quic);
  }

  wake(): void {
    const quic = this.#quic;
    if (quic === undefined) return;
    const { time } = this.#loop;
    if (time >= this.#timeout) {
      quic.onTimeout();
      this.#thorough = true;
    }
    if (quic.isClosed()) return this.#end(this.#reason ?? closeReason(quic));
    if (time >= this.#deadline) {
      return this.#reason === undefined
        ? this.abandon(HANDSHAKE_TIMED_OUT)
        : this.#end(this.#reason);
    }
    if (this.#state === "open") {
      if (time - this.#lastSent >= this.#keepAlive) quic.sendAckEliciting();
      if (this.#probes > 0) this.#probe(quic);
      this.#ids.retire(quic);
    }
    this.#loop.touch(this);
  }

  /** The kernel would not take a datagram. In a client's handshake that says: there is no way. */
  sendFailed(error: Error): void {
    if (this.role === "server" || this.#state !== "handshake") return;
    this.#end({ kind: "lost", code: 0, reason: error.message, by: "local" });
  }

  /** Sends what quiche has to send, as far as this turn and the peer's address allow. */
  #send(quic: NativeConnection): void {
    for (let count = 0; count < BURST; count++) {
      const { allowance } = this.#path;
      if (allowance < MIN_INITIAL) return;
      const length = this.#sendOne(quic, allowance);
      if (length === 0) return;
      if (length < NEARLY_FULL && !this.#thorough) return;
    }
    this.#loop.touch(this);
  }

  /** Sends one datagram of at most `room` bytes; returns its length, 0 where there was none. */
  #sendOne(quic: NativeConnection, room: number): number {
    const slot = this.#loop.slot();
    if (slot === undefined) {
      this.#loop.touch(this);
      return 0;
    }
    let sent: ReturnType<NativeConnection["send"]>;
    try {
      sent = this.#next(quic, room < MAX_DATAGRAM ? slot.bytes.subarray(0, room) : slot.bytes);
    } catch (error) {
      slot.release();
      this.#fail(quic, error);
      return 0;
    }
    if (sent === null) {
      slot.release();
      this.#thorough = this.#state !== "open" || this.#path.hasMoved;
      return 0;
    }
    const [length, info] = sent;
    this.#path.sent(length);
    this.#lastSent = this.#loop.time;
    if (this.#state === "closing") this.#farewell = slot.bytes.slice(0, length);
    this.#endpoint.send(slot, length, this.#path.addressOf(info.to), this);
    return length;
  }

  /** Puts quiche's next datagram into `out`. */
  #next(quic: NativeConnection, out: Uint8Array): ReturnType<NativeConnection["send"]> {
    const { hasMoved, host, left, local } = this.#path;
    let sent = quic.send(out);
    if (sent !== null || !hasMoved) return sent;
    // A probe to an address that may get no more bytes holds up whatever is for the others.
    sent = quic.sendOnPath(out, local, host);
    if (sent !== null || this.#probes === 0) return sent;
    for (const address of left) sent ??= quic.sendOnPath(out, local, address);
    return sent;
  }

  #schedule(quic: NativeConnection): void {
    const { time } = this.#loop;
    const timeout = quic.timeout();
    // Whole milliseconds, rounded down: one more, so as not to come too early.
    this.#timeout = timeout === null ? Infinity : time + timeout + 1;
    const idle = this.#state === "open" ? this.#lastSent + this.#keepAlive : Infinity;
    const probe = this.#probes > 0 ? time + PROBE_INTERVAL : Infinity;
    this.#loop.wakeAt(this, Math.min(this.#timeout, this.#deadline, idle, probe));
  }

  /** How long nothing may be sent, in milliseconds. */
  get #keepAlive(): number {
    const keepAlive = this.#limits.keepAlive || Infinity;
    return this.#streams.blocked ? Math.min(keepAlive, BLOCKED_INTERVAL) : keepAlive;
  }

  /** Tells of what a client's first answers are. */
  #observe(datagram: Uint8Array): void {
    this.#heard = true;
    if (this.role === "server" || !isLong(datagram)) return;
    const header = parseLongHeader(datagram);
    if (header === undefined) return;
    if (header.version === 0) this.#log.report("version_negotiation", this.remote);
    else if (header.type === "retry") this.#log.report("retry", this.remote);
  }

  #establish(quic: NativeConnection): void {
    this.#state = "open";
    this.#deadline = Infinity;
    this.#path.proves();
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

  /** Learns where the peer is, from which `received` bytes have just come. */
  #follow(quic: NativeConnection, received: number): void {
    const path = this.#path;
    const active = quic.pathStats().find((one) => one.active);
    if (active !== undefined && !path.isAt(active.peerHost.host, active.peerHost.port)) {
      path.moving(active.peerHost, received);
      this.#probes = MAX_PROBES;
    }
    for (let event = quic.pathEventNext(); event !== null; event = quic.pathEventNext()) {
      if (event.type !== "PeerMigrated") continue;
      path.proves();
      this.#probes = MAX_PROBES;
      this.#probe(quic);
    }
    if (path.proven) return;
    // A path whose validation has failed counts as none until quiche has sent its next probe, and a
    // datagram that finds no path ends the connection: the probe must leave before the next one.
    // quiche fills it up as far as it may, and small ones prove nothing: so that the allowance grows
    // from one to the next, they are kept small until it is enough for a large one.
    if (path.allowance >= MIN_INITIAL) this.#send(quic);
    else if (path.allowance >= PROBE_LENGTH) this.#sendOne(quic, PROBE_LENGTH);
  }

  /**
   * Has quiche send a PATH_CHALLENGE to the address where the peer seems to be, until it has proven
   * that, and then to those that it has left (`Path.proves`). quiche does not repeat a probe by
   * itself that was lost while nothing else was under way.
   */
  #probe(quic: NativeConnection): void {
    this.#probes--;
    const { host, left, local, proven } = this.#path;
    if (!proven) return void quic.probePath(local, host);
    for (const address of left) quic.probePath(local, address);
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
