/**
 * One connection on quiche, either role. It moves datagrams and time into quiche, takes datagrams
 * out of it, and tells the streams and the owner what has changed. It owns no socket: the endpoint
 * does.
 */
import { bytesToHex } from "@noble/hashes/utils.js";
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
import type { Endpoint } from "./endpoint.ts";
import { HandshakeReport } from "./handshake_report.ts";
import { isLong, packetsOf } from "./header.ts";
import { Ids } from "./ids.ts";
import type { Loop, Task } from "./loop.ts";
import type { NativeConnection } from "./native.ts";
import { Path, PROBE_INTERVAL } from "./path.ts";
import { Sender } from "./sender.ts";
import type { StreamHost } from "./stream_host.ts";
import { Streams } from "./streams.ts";

/** A datagram of fewer bytes, which brings no stream on, does mostly nothing but acknowledge. */
const SMALL = 100;
/**
 * How often a peer that gives no room is reminded, in milliseconds: what would have given it may
 * have been sent to where we are no more (RFC 9000, section 4.1, asks for as much).
 */
const BLOCKED_INTERVAL = 1_000;
/** quiche tells whole milliseconds. */
const BELOW_A_MILLISECOND = 0.5;
/** The longest that a closed connection is kept, to repeat its close to a peer that still sends. */
const CLOSING_TIME = 1_000;

interface ConnectionOptions {
  readonly role: "client" | "server";
  readonly quic: NativeConnection;
  /** Held for the connection, which lets go of it when it ends. */
  readonly endpoint: Endpoint;
  readonly loop: Loop;
  readonly remote: Address;
  /** Our first connection ID. */
  readonly id: Uint8Array;
  /** A client's own choice of our ID: what it sends before it has heard from us may come late. */
  readonly clientsId?: Uint8Array | undefined;
  readonly serverName?: string | undefined;
  readonly limits: TransportLimits;
  readonly log: HandshakeLog;
  readonly onEstablished: (connection: QuicheConnection) => void;
  /** It has ended, before or after it was established. */
  readonly onEnded: (connection: QuicheConnection, reason: CloseReason) => void;
}

/** What a connection keeps of its options: nothing that would outlive its end. */
type LastingOptions = Pick<ConnectionOptions, "limits" | "onEstablished" | "onEnded">;

/**
 * `closing`: we have closed, and quiche keeps the connection for three probe timeouts, so that a
 * peer that has missed it can be told again (RFC 9000, section 10.2). `closed`: all is let go of.
 */
type State = "handshake" | "open" | "closing" | "closed";

interface ConnectionIds {
  readonly source: string;
  readonly destination: string;
}

export class QuicheConnection implements Connection, Task, StreamHost {
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
  readonly #loop: Loop;
  readonly #path: Path;
  readonly #ids: Ids;
  readonly #report: HandshakeReport;
  readonly #sender: Sender;
  readonly #streams: Streams;
  readonly #settle: (reason: CloseReason) => void;
  #state: State = "handshake";
  /** `undefined` once closed: whoever still holds the connection does not hold quiche's part. */
  #quic: NativeConnection | undefined;
  #lastIds: ConnectionIds;
  /** When quiche is due, when addresses are probed again, and when anything at all is due. */
  #timeout = Infinity;
  #probeAt = Infinity;
  #wakeAt = Infinity;
  /** The stream that was last written to. */
  #lastWriter: number | undefined;
  /** When a handshake is given up, or a closing period ends. */
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
    this.#ids = new Ids(this, endpoint);
    this.#ids.add(id);
    if (clientsId !== undefined) this.#ids.add(clientsId);
    this.#lastIds = { source: bytesToHex(id), destination: "" };
    this.#report = new HandshakeReport(log, this);
    this.#sender = new Sender(this, loop, this.#path, endpoint);
    this.#streams = new Streams(this, role, lasting.limits.maxStreams);
    this.#deadline = loop.now() + lasting.limits.handshakeTimeout;
    const { promise, resolve } = Promise.withResolvers<CloseReason>();
    this.closed = promise;
    this.#settle = resolve;
    loop.touch(this);
  }

  get remote(): Address {
    return this.#path.peer;
  }

  ids(): ConnectionIds {
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

  async rebind(): Promise<void> {
    if (this.role === "server") {
      throw new TransportError("unsupported", "Cannot rebind a server's side of a connection");
    }
    if (this.quic === undefined) throw this.ended();
    const left = this.#sender.endpoint;
    const taken = await left.sibling();
    // While the socket was being opened the connection may have ended, or moved elsewhere.
    if (this.quic === undefined || this.#sender.endpoint !== left) {
      await taken.release();
      if (this.quic === undefined) throw this.ended();
      return;
    }
    this.#sender.endpoint = taken;
    this.#ids.move(taken);
    this.#sender.beThorough();
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
    // At once: when a probe timeout of an unconfirmed handshake comes between, quiche 0.18 sends empty
    // Handshake packets without end, and never the close.
    this.#send(quic);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close(CLOSE_NONE);
    await this.closed;
  }

  // For whoever dials or listens.

  /** Whether the peer has ever answered. */
  get heard(): boolean {
    return this.#report.heard;
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

  wrote(stream: number): void {
    if (stream !== this.#lastWriter) {
      this.#lastWriter = stream;
      this.#sender.beThorough();
    }
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
    if (this.#state === "closing") return this.#sender.repeatClose();
    if (this.#state === "handshake") this.#report.observe(datagram);
    const info = this.#path.infoOf(quic, hostname, port, datagram.length);
    try {
      if (this.#state === "handshake" || !isLong(datagram)) quic.recv(datagram, info);
      // A peer whose handshake is not confirmed closes in a Handshake packet as well, in front; and
      // quiche, which has no keys for that any more, would let all of the datagram go with it.
      else for (const packet of packetsOf(datagram)) quic.recv(packet, info);
    } catch (error) {
      return this.#fail(quic, error);
    }
    if (this.#state === "handshake" && quic.isEstablished()) this.#establish(quic);
    if (quic.isDraining()) {
      // What came before the close, in the same datagram, is for those who wait for it.
      this.#streams.advance(quic);
      return this.#end(closeReason(quic));
    }
    if (this.#state === "handshake") return this.#loop.touch(this);
    // At once: when only one is left, quiche closes the connection if the peer retires another.
    this.#ids.retire(quic);
    if (!this.#path.settled) this.#follow(quic);
    const advanced = this.#streams.advance(quic);
    if (advanced || this.#sender.thorough || datagram.length >= SMALL) this.#loop.touch(this);
    else this.#loop.touchSoon(this);
  }

  flush(): void {
    const quic = this.#quic;
    // What the streams still write touches nothing: it leaves with this flush.
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
    // Woken early, to acknowledge (`touchSoon`).
    if (time < this.#wakeAt) return this.#loop.touch(this);
    if (time >= this.#timeout) {
      quic.onTimeout();
      this.#path.timeOut(quic);
      this.#sender.beThorough();
    }
    if (quic.isClosed()) return this.#end(this.#reason ?? closeReason(quic));
    if (time >= this.#deadline) {
      // A handshake is given up, or a close has had the time to arrive.
      return this.#reason ? this.#end(this.#reason) : this.abandon(HANDSHAKE_TIMED_OUT);
    }
    if (this.#state === "open") {
      if (time >= this.#keepAliveAt) quic.sendAckEliciting();
      if (time >= this.#probeAt) {
        this.#probeAt = Infinity;
        this.#path.probe(quic, this.#sender.emit);
      }
    }
    this.#loop.touch(this);
  }

  /** The kernel would not take a datagram. In a client's handshake that says: there is no way. */
  sendFailed(error: Error): void {
    if (this.role === "server" || this.#state !== "handshake") return;
    this.#end({ kind: "lost", code: 0, reason: error.message, by: "local" });
  }

  #send(quic: NativeConnection): void {
    try {
      this.#sender.sendAll(quic);
    } catch (error) {
      this.#fail(quic, error);
    }
  }

  #schedule(quic: NativeConnection): void {
    const { time } = this.#loop;
    const timeout = quic.timeout();
    // Whole milliseconds, rounded down: one more, so as not to come too early.
    this.#timeout = timeout === null ? Infinity : time + timeout + 1;
    if (this.#path.probing) this.#probeAt = Math.min(this.#probeAt, time + PROBE_INTERVAL);
    this.#wakeAt = Math.min(this.#timeout, this.#deadline, this.#keepAliveAt, this.#probeAt);
    this.#loop.wakeAt(this, this.#wakeAt);
  }

  /** When something must be sent, if nothing else is. */
  get #keepAliveAt(): number {
    if (this.#state !== "open") return Infinity;
    const keepAlive = this.#options.limits.keepAlive || Infinity;
    const interval = this.#streams.blocked ? Math.min(keepAlive, BLOCKED_INTERVAL) : keepAlive;
    return this.#sender.lastSent + interval;
  }

  #establish(quic: NativeConnection): void {
    this.#state = "open";
    this.#deadline = Infinity;
    this.#path.validate();
    this.alpn = new TextDecoder().decode(quic.applicationProto());
    if (this.role === "server") this.serverName = quic.serverName() ?? undefined;
    else this.peerCertificate = quic.peerCertChain()?.[0];
    this.#report.established();
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
    // Without a close of its own, quiche has but dropped the datagram.
    if (close.kind === "lost" || this.#state === "closing") return;
    this.#leave({ ...close, reason: close.reason === "" ? String(error) : close.reason });
  }

  /** We have closed: tells the streams, and waits until the close has had time to arrive. */
  #leave(reason: CloseReason): void {
    if (this.#state === "handshake") this.#report.failed(reason);
    this.#reason = reason;
    this.#state = "closing";
    this.#deadline = this.#loop.now() + CLOSING_TIME;
    this.#sender.closing = true;
    this.#streams.fail(this.ended());
    this.#loop.touch(this);
  }

  /** Lets go of everything. */
  #end(reason: CloseReason): void {
    if (this.#quic === undefined) return;
    if (this.#state === "handshake") this.#report.failed(reason);
    this.#lastIds = this.ids();
    this.#reason = reason;
    this.#state = "closed";
    this.#quic = undefined;
    this.#loop.drop(this);
    this.#ids.drop();
    this.#streams.fail(this.ended());
    this.#options.onEnded(this, reason);
    this.#sender.endpoint.release().then(() => this.#settle(reason));
  }
}
