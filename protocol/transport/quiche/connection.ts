/**
 * One connection on quiche, of a client or a server. It moves datagrams and time into quiche, takes
 * datagrams out of it, and tells its streams and its owner what has changed. The endpoint owns the
 * socket.
 */
import { bytesToHex } from "@noble/hashes/utils.js";
import { assert } from "../../assert.ts";
import { encodeReason, HANDSHAKE_TIMED_OUT } from "../closing.ts";
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
import { ConnectionIds } from "./connection_ids.ts";
import { DatagramSender } from "./datagram_sender.ts";
import type { Endpoint, Receiver } from "./endpoint.ts";
import type { EventLoop, Task } from "./event_loop.ts";
import { type ConnectionIdPair, HandshakeReport } from "./handshake_report.ts";
import { isLong, packetsOf } from "./header.ts";
import { KeepAlive } from "./keep_alive.ts";
import { closeReason, type NativeConnection } from "./native.ts";
import { Path, PROBE_INTERVAL } from "./path.ts";
import { StreamHost } from "./stream_host.ts";
import { StreamTable } from "./stream_table.ts";

/** A shorter datagram with nothing for a stream does little more than acknowledge. */
const SMALL = 100;
/** quiche rounds the round trip down to milliseconds. */
const BELOW_A_MILLISECOND = 0.5;
/** How long a closed connection is kept, to repeat its close to a peer that still sends. */
const CLOSING_TIME = 1_000;

interface ConnectionOptions {
  readonly role: "client" | "server";
  readonly quic: NativeConnection;
  /** The connection releases it when it ends. */
  readonly endpoint: Endpoint;
  readonly loop: EventLoop;
  readonly remote: Address;
  /** The first connection ID of this end. */
  readonly id: Uint8Array;
  /** The ID that the client chose for its server: its first datagrams carry it. */
  readonly clientsId?: Uint8Array | undefined;
  readonly serverName?: string | undefined;
  readonly limits: TransportLimits;
  readonly log: HandshakeLog;
  readonly onEstablished: (connection: QuicheConnection) => void;
  /** Called once, before or after `onEstablished`. */
  readonly onEnded: (connection: QuicheConnection, reason: CloseReason) => void;
}

/** The options that the connection keeps. */
type LastingOptions = Pick<ConnectionOptions, "limits" | "onEstablished" | "onEnded">;

/**
 * `closing`: this end has closed, and quiche keeps the connection for three probe timeouts, so that
 * the close can be repeated (RFC 9000, section 10.2). `closed`: everything is released.
 */
type State = "handshake" | "open" | "closing" | "closed";

export class QuicheConnection implements Connection, Task, Receiver {
  readonly engine = "quiche";
  readonly role: "client" | "server";
  readonly closed: Promise<CloseReason>;
  alpn = "";
  serverName: string | undefined;
  peerCertificate: Uint8Array | undefined;

  // The loop's fields (`Task`).
  dirty = false;
  due = Infinity;
  tick = -1;

  readonly #options: LastingOptions;
  readonly #loop: EventLoop;
  readonly #path: Path;
  readonly #ids: ConnectionIds;
  readonly #report: HandshakeReport;
  readonly #sender: DatagramSender;
  readonly #host: StreamHost;
  readonly #streams: StreamTable;
  readonly #keepAlive: KeepAlive;
  readonly #settle: (reason: CloseReason) => void;
  #state: State = "handshake";
  /** `undefined` once closed, so that a kept connection does not keep quiche's part. */
  #quic: NativeConnection | undefined;
  #lastIds: ConnectionIdPair;
  /** When quiche is due, when addresses are probed again, and when anything at all is due. */
  #timeout = Infinity;
  #probeAt = Infinity;
  #finsDueAt = Infinity;
  #wakeAt = Infinity;
  /** When the handshake is given up, or the closing period ends. */
  #deadline: number;
  #reason: CloseReason | undefined;

  constructor(options: ConnectionOptions) {
    const { clientsId, endpoint, id, loop, quic, log, remote, role, serverName, ...lasting } =
      options;
    this.role = role;
    this.serverName = serverName;
    this.#options = lasting;
    this.#quic = quic;
    this.#loop = loop;
    const host = { host: remote.hostname, port: remote.port };
    this.#path = new Path(endpoint.local, host, role === "client");
    this.#ids = new ConnectionIds(endpoint, this);
    this.#ids.add(id);
    if (clientsId !== undefined) this.#ids.add(clientsId);
    this.#lastIds = { source: bytesToHex(id), destination: "" };
    this.#report = new HandshakeReport(log, role);
    const onFailed = (error: Error) => this.sendFailed(error);
    this.#sender = new DatagramSender({ loop, path: this.#path, endpoint, onFailed });
    this.#host = new StreamHost({
      quic,
      scratch: loop.scratch,
      spare: loop.spare,
      touch: () => loop.touch(this),
      streamChanged: () => this.#sender.beThorough(),
    });
    this.#streams = new StreamTable(this.#host, role, lasting.limits.maxStreams);
    this.#keepAlive = new KeepAlive(role, lasting.limits.keepAlive);
    this.#deadline = loop.now() + lasting.limits.handshakeTimeout;
    const { promise, resolve } = Promise.withResolvers<CloseReason>();
    this.closed = promise;
    this.#settle = resolve;
    loop.touch(this);
  }

  get remote(): Address {
    return this.#path.peer;
  }

  ids(): ConnectionIdPair {
    const quic = this.#quic;
    if (quic === undefined) return this.#lastIds;
    return { source: bytesToHex(quic.sourceId()), destination: bytesToHex(quic.destinationId()) };
  }

  rtt(): number | undefined {
    const rtt = this.#quic?.pathStats().find(({ peerHost }) => this.#path.isHome(peerHost))?.rtt;
    return rtt === 0 ? BELOW_A_MILLISECOND : rtt;
  }

  openStream(): Promise<Stream> {
    return this.#streams.open();
  }

  accept(): Promise<Stream | null> {
    return this.#streams.accept();
  }

  forgotten(): Promise<void> {
    return this.#keepAlive.forgotten();
  }

  silence(): number {
    return this.#loop.now() - this.#keepAlive.heardAt;
  }

  async rebind(): Promise<void> {
    if (this.role === "server") {
      throw new TransportError("unsupported", "Cannot rebind a server's side of a connection");
    }
    if (this.#host.quic === undefined) throw this.#host.ended();
    const left = this.#sender.endpoint;
    const taken = await left.sibling();
    const { quic } = this.#host;
    // The connection may have ended, or another `rebind` may have been faster.
    if (quic === undefined || this.#sender.endpoint !== left) {
      await taken.release();
      if (quic === undefined) throw this.#host.ended();
      return;
    }
    this.#sender.endpoint = taken;
    this.#ids.moveTo(taken);
    this.#sender.beThorough();
    // Tells the peer the new address at once.
    quic.sendAckEliciting();
    this.#loop.touch(this);
    await left.release();
  }

  close(code: number, reason = ""): void {
    const { quic } = this.#host;
    if (quic === undefined) return;
    // After it quiche sends nothing but the close: what streams have written goes first.
    this.#streams.flush();
    this.#send(quic);
    quic.close(true, code, encodeReason(reason));
    this.#leave({ kind: "application", code, reason, by: "local" });
    // At once: when a probe timeout of an unconfirmed handshake comes between, quiche 0.18 sends empty
    // Handshake packets without end, and never the close.
    this.#send(quic);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close(CLOSE_NONE);
    await this.closed;
  }

  // For `dial` and the listener.

  /** Whether the peer has ever answered. */
  get heard(): boolean {
    return this.#report.heard;
  }

  /** Closes without waiting: the close is sent once. */
  abandon(reason: CloseReason): void {
    const quic = this.#quic;
    if (quic === undefined) return;
    quic.close(reason.kind === "application", reason.code, encodeReason(reason.reason));
    this.#send(quic);
    this.#end(reason);
  }

  // For the endpoint and the loop.

  receive(datagram: Uint8Array, hostname: string, port: number): void {
    const quic = this.#quic;
    if (quic === undefined) return;
    if (this.#state === "closing") return this.#sender.repeatClose();
    this.#keepAlive.heard(this.#loop.now());
    if (this.#state === "handshake") this.#report.observe(datagram, this.remote);
    const info = this.#path.infoOf(quic, hostname, port, datagram.length);
    try {
      if (this.#state === "handshake" || !isLong(datagram)) quic.recv(datagram, info);
      // A peer whose handshake is not confirmed closes in a Handshake packet too, which comes first.
      // quiche has dropped those keys by now, and would drop the whole datagram.
      else for (const packet of packetsOf(datagram)) quic.recv(packet, info);
    } catch (error) {
      return this.#fail(quic, error);
    }
    if (this.#state === "handshake" && quic.isEstablished()) this.#establish(quic);
    if (quic.isDraining()) {
      // The same datagram may have brought data in front of the close.
      this.#streams.advance(quic);
      return this.#end(closeReason(quic));
    }
    if (this.#state === "handshake") return this.#loop.touch(this);
    // At once: with only one left, quiche closes the connection if the peer retires another.
    this.#ids.replaceRetired(quic);
    if (!this.#path.settled) this.#follow(quic);
    const advanced = this.#streams.advance(quic);
    if (advanced || this.#sender.thorough || datagram.length >= SMALL) this.#loop.touch(this);
    else this.#loop.touchSoon(this);
  }

  receiveUnrouted(hostname: string, port: number): void {
    const { peer } = this.#path;
    if (this.#state !== "open" || hostname !== peer.hostname || port !== peer.port) return;
    this.#keepAlive.seemForgotten(this.#loop.now());
  }

  flush(): void {
    const quic = this.#quic;
    // Still dirty, so that what the streams write now schedules no further flush.
    if (quic !== undefined) this.#streams.flush();
    this.dirty = false;
    if (quic === undefined) return;
    this.#send(quic);
    if (this.#quic !== undefined) this.#schedule(quic);
  }

  wake(): void {
    const quic = this.#quic;
    if (quic === undefined) return;
    const { time } = this.#loop;
    // Woken early by `touchSoon`, to acknowledge.
    if (time < this.#wakeAt) return this.#loop.touch(this);
    if (time >= this.#timeout) {
      quic.onTimeout();
      this.#path.timeOut(quic);
      this.#sender.beThorough();
    }
    if (quic.isClosed()) return this.#end(this.#reason ?? closeReason(quic));
    if (time >= this.#deadline) {
      // The closing period is over, or the handshake took too long.
      return this.#reason ? this.#end(this.#reason) : this.abandon(HANDSHAKE_TIMED_OUT);
    }
    if (this.#state === "open") {
      if (time >= this.#keepAlive.silentAt) this.#keepAlive.seemForgotten(time);
      if (time >= this.#keepAliveAt()) {
        quic.sendAckEliciting();
        this.#keepAlive.asked(time);
      }
      if (time >= this.#finsDueAt) this.#streams.repeatFins(quic, time);
      if (time >= this.#probeAt) {
        this.#probeAt = Infinity;
        this.#path.probe(quic, this.#sender.emit);
      }
    }
    this.#loop.touch(this);
  }

  /** The kernel did not take a datagram. To a client's handshake that means: there is no route. */
  sendFailed(error: Error): void {
    if (this.role === "server" || this.#state !== "handshake") return;
    this.#end({ kind: "lost", code: 0, reason: error.message, by: "local" });
  }

  #send(quic: NativeConnection): void {
    try {
      if (this.#sender.sendAll(quic)) this.#loop.touch(this);
    } catch (error) {
      this.#fail(quic, error);
    }
  }

  #schedule(quic: NativeConnection): void {
    const { time } = this.#loop;
    const timeout = quic.timeout();
    // quiche rounds down, and must not be woken too early.
    this.#timeout = timeout === null ? Infinity : time + timeout + 1;
    if (this.#path.probing) this.#probeAt = Math.min(this.#probeAt, time + PROBE_INTERVAL);
    this.#finsDueAt = this.#streams.finsDueAt(time);
    const next = Math.min(this.#keepAliveAt(), this.#keepAlive.silentAt, this.#probeAt);
    this.#wakeAt = Math.min(this.#timeout, this.#deadline, this.#finsDueAt, next);
    this.#loop.wakeAt(this, this.#wakeAt);
  }

  #keepAliveAt(): number {
    if (this.#state !== "open") return Infinity;
    return this.#keepAlive.dueAt(this.#sender.lastSent, this.#streams.blocked);
  }

  #establish(quic: NativeConnection): void {
    assert(this.#state === "handshake", "a handshake is done once");
    this.#state = "open";
    this.#deadline = Infinity;
    this.#path.validate();
    this.alpn = new TextDecoder().decode(quic.applicationProto());
    if (this.role === "server") this.serverName = quic.serverName() ?? undefined;
    else this.peerCertificate = quic.peerCertChain()?.[0];
    this.#report.established(this, this.remote, this.ids());
    this.#ids.issue(quic);
    this.#options.onEstablished(this);
  }

  /** The peer may have moved. */
  #follow(quic: NativeConnection): void {
    try {
      this.#path.follow(quic, this.#sender.emit);
    } catch (error) {
      this.#fail(quic, error);
    }
  }

  /** quiche has found a fault, the peer's or ours: it may have a close to send. */
  #fail(quic: NativeConnection, error: unknown): void {
    if (quic.isClosed()) return this.#end(closeReason(quic));
    const close = closeReason(quic);
    // Without a close, quiche has only dropped the datagram.
    if (close.kind === "lost" || this.#state === "closing") return;
    this.#leave({ ...close, reason: close.reason === "" ? String(error) : close.reason });
  }

  /** This end has closed: ends the streams, and begins the closing period. */
  #leave(reason: CloseReason): void {
    if (this.#state === "handshake") this.#report.failed(reason, this.remote, this.ids());
    this.#reason = reason;
    this.#state = "closing";
    this.#deadline = this.#loop.now() + CLOSING_TIME;
    this.#sender.startClosing();
    this.#host.end(reason);
    this.#streams.fail(this.#host.ended());
    this.#loop.touch(this);
  }

  /** Releases everything. */
  #end(reason: CloseReason): void {
    if (this.#quic === undefined) return;
    if (this.#state === "handshake") this.#report.failed(reason, this.remote, this.ids());
    this.#lastIds = this.ids();
    this.#reason = reason;
    this.#state = "closed";
    this.#quic = undefined;
    this.#loop.drop(this);
    this.#ids.unrouteAll();
    this.#host.end(reason);
    this.#streams.fail(this.#host.ended());
    this.#options.onEnded(this, reason);
    this.#sender.endpoint.release().then(() => this.#settle(reason));
  }
}
