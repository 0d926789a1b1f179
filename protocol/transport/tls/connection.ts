/**
 * One connection over TLS. Its first link opens it, carries stream 0, and carries what concerns the
 * whole connection: keep-alive, resets and the close. Every further stream has a link of its own, so
 * that it delays no other. `StreamRole` is what client and server do differently: who opens streams,
 * and how many.
 */
import type { Clock } from "../../clock.ts";
import { describe, IDLE } from "../closing.ts";
import { Queue } from "../queue.ts";
import {
  type Address,
  CLOSE_NONE,
  type CloseReason,
  type Connection,
  type Stream,
  TransportError,
  type TransportLimits,
} from "../transport.ts";
import { type Capsule, FAULT, Fault, INITIAL_CREDIT } from "./capsules.ts";
import { KeepAlive } from "./keep_alive.ts";
import { type StreamHost, TlsStream } from "./stream.ts";
import type { LinkOwner, TlsLink } from "./tls_link.ts";

/** A stream that is to be opened here, and its link; without one it is stream 0. */
export interface OpenedStream {
  readonly id: number;
  readonly link: TlsLink | undefined;
}

/** What one end does with streams. It knows no connection. */
export interface StreamRole {
  readonly name: "client" | "server";
  /** Opens a stream. Throws `TransportError`. */
  open(): Promise<OpenedStream>;
  /** Takes a capsule that only this role receives. Throws `Fault` for any other. */
  receive(capsule: Capsule): void;
  /** Whether a stream that the peer opens is new. Throws `Fault` when it may not be opened. */
  claim(id: number): boolean;
  /** A stream and its link are over. Returns the capsule that tells the peer, if there is one. */
  streamEnded(): Capsule | undefined;
  /** The connection has ended. Resolves when no link is being dialled. */
  stop(ended: TransportError): Promise<void>;
}

interface TlsConnectionOptions {
  /** The first link. The connection owns it from now on. */
  readonly link: TlsLink;
  readonly role: StreamRole;
  readonly remote: Address;
  readonly alpn: string;
  readonly serverName: string | undefined;
  readonly peerCertificate: Uint8Array | undefined;
  readonly limits: TransportLimits;
  readonly clock: Clock;
}

export class TlsConnection implements Connection, LinkOwner, StreamHost {
  readonly engine = "tls";
  readonly role: "client" | "server";
  readonly peerCertificate: Uint8Array | undefined;
  readonly remote: Address;
  readonly alpn: string;
  readonly serverName: string | undefined;
  readonly closed: Promise<CloseReason>;
  readonly window: number;
  readonly #role: StreamRole;
  readonly #first: TlsLink;
  /** Stream 0: there from the start, whether it is used or not. */
  readonly #zero: TlsStream;
  /** Streams that the peer has opened. */
  readonly #arrivals = new Queue<Stream>();
  /** The streams with links of their own, until those are gone. */
  readonly #streams = new Map<number, { readonly stream: TlsStream; readonly link: TlsLink }>();
  readonly #keepAlive: KeepAlive;
  readonly #settle: (reason: CloseReason) => void;
  /** Why it ended, once it has. */
  #ended: TransportError | undefined;
  #zeroArrived = false;
  /** A ping is not answered yet. */
  #owesPong = false;

  constructor(options: TlsConnectionOptions) {
    const { alpn, clock, limits, link, peerCertificate, remote, role, serverName } = options;
    this.#role = role;
    this.role = role.name;
    this.peerCertificate = peerCertificate;
    this.remote = remote;
    this.alpn = alpn;
    this.serverName = serverName;
    this.window = Math.max(limits.streamWindow, INITIAL_CREDIT);
    this.#first = link;
    this.#first.owner = this;
    this.#zero = new TlsStream(0, link, this);
    this.#keepAlive = new KeepAlive({
      clock,
      idleTimeout: limits.idleTimeout,
      interval: limits.keepAlive,
      ping: () => link.send({ type: "ping" }),
      idle: () => this.#leave(IDLE),
    });
    const { promise, resolve } = Promise.withResolvers<CloseReason>();
    this.closed = promise;
    this.#settle = resolve;
  }

  ids(): undefined {}

  rtt(): number | undefined {
    return this.#keepAlive.roundTrip;
  }

  async openStream(): Promise<Stream> {
    if (this.#ended !== undefined) throw this.#ended;
    let opened: OpenedStream;
    try {
      opened = await this.#role.open();
    } catch (error) {
      throw this.#ended ?? error;
    }
    if (opened.link === undefined) return this.#zero;
    if (this.#ended === undefined) return this.#addStream(opened.id, opened.link);
    opened.link.destroy();
    throw this.#ended;
  }

  accept(): Promise<Stream | null> {
    return this.#arrivals.take();
  }

  /** It sees no signs. */
  forgotten(): Promise<void> {
    return new Promise(() => {});
  }

  silence(): undefined {}

  rebind(): Promise<void> {
    const message = "A connection over TLS cannot move: TCP is bound to its addresses";
    return Promise.reject(new TransportError("unsupported", message));
  }

  close(code: number, reason = ""): void {
    this.#leave({ kind: "application", code, reason, by: "local" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close(CLOSE_NONE);
    await this.closed;
  }

  /** Takes a link that has named this connection. Throws `Fault` when it may not join. */
  attach(link: TlsLink, id: number): void {
    if (this.#ended !== undefined) throw new Fault(FAULT.refused, "the connection has ended");
    if (!this.#role.claim(id)) throw new Fault(FAULT.streamState, `stream ${id} was opened before`);
    this.#arrivals.put(this.#addStream(id, link));
  }

  // For the first link.

  receive(capsule: Capsule): void {
    this.noteActivity();
    switch (capsule.type) {
      case "data":
      case "fin":
      case "credit":
        return this.#receiveZero(capsule);
      case "reset":
        return this.#wasReset(capsule.stream, capsule.code);
      case "ping":
        return this.#scheduleAnswer();
      case "pong":
        return this.#keepAlive.answered();
      case "close":
        return this.#end(capsule.close);
      default:
        return this.#role.receive(capsule);
    }
  }

  drained(): void {
    this.#sendPong();
    this.#zero.drained();
  }

  fault({ code, message }: Fault): void {
    this.#leave({ kind: "transport", code, reason: message, by: "local" });
  }

  broken(reason: string): void {
    this.#end({ kind: "lost", code: 0, reason, by: "local" });
  }

  // For streams.

  noteActivity(): void {
    this.#keepAlive.noteActivity();
  }

  sendReset(stream: TlsStream, code: number): void {
    this.#first.send({ type: "reset", stream: stream.id, code });
  }

  streamOver(stream: TlsStream): void {
    if (this.#ended !== undefined) return;
    if (stream === this.#zero) return this.#streamEnded();
    const link = this.#streams.get(stream.id)?.link;
    // After a reset the peer hangs up, once the reset has reached it.
    if (stream.isWhole) link?.finish();
    else link?.leave();
  }

  #receiveZero(capsule: Capsule): void {
    this.#zero.receive(capsule);
    if (this.role === "client" || this.#zeroArrived || !this.#zero.hasArrived) return;
    this.#zeroArrived = true;
    this.#arrivals.put(this.#zero);
  }

  #addStream(id: number, link: TlsLink): TlsStream {
    const stream = new TlsStream(id, link, this);
    this.#streams.set(id, { stream, link });
    link.owner = stream;
    void link.gone.then(() => {
      this.#streams.delete(id);
      if (this.#ended === undefined) this.#streamEnded();
    });
    // It may have broken while it had another owner.
    if (!link.isOpen) stream.broken();
    return stream;
  }

  #streamEnded(): void {
    const capsule = this.#role.streamEnded();
    if (capsule !== undefined) this.#first.send(capsule);
  }

  /** One answer for all pings that come at once, and none while the peer does not read. */
  #scheduleAnswer(): void {
    if (this.#owesPong) return;
    this.#owesPong = true;
    queueMicrotask(() => this.#sendPong());
  }

  #sendPong(): void {
    if (!this.#owesPong || !this.#first.hasRoom) return;
    this.#owesPong = false;
    this.#first.send({ type: "pong" });
  }

  #wasReset(id: number, code: number): void {
    if (id === this.#zero.id) return this.#zero.wasReset(code);
    const known = this.#streams.get(id);
    if (known !== undefined) {
      known.stream.wasReset(code);
      return known.link.destroy();
    }
    // The client has given up a stream whose link never came: a link that comes now is too late.
    if (this.role === "server" && this.#role.claim(id)) this.#streamEnded();
  }

  /** Tells the peer that the connection is over, and leaves it to the peer to hang up. */
  #leave(reason: CloseReason): void {
    if (this.#ended !== undefined) return;
    this.#first.send({ type: "close", close: reason });
    this.#stop(reason);
    this.#first.finish();
    for (const { link } of this.#streams.values()) link.leave();
  }

  /** The peer has closed, or is gone. */
  #end(reason: CloseReason): void {
    if (this.#ended !== undefined) return;
    this.#stop(reason);
    this.#first.destroy();
  }

  #stop(close: CloseReason): void {
    this.#keepAlive.stop();
    const message = `The connection was ${describe(close)}`;
    const ended = new TransportError("closed", message, { close });
    this.#ended = ended;
    this.#zero.fail(ended);
    for (const { stream } of this.#streams.values()) stream.fail(ended);
    this.#arrivals.end();
    void this.#release(this.#role.stop(ended)).then(() => this.#settle(close));
  }

  /** The first link goes first: it tells the peer how the others have ended. */
  async #release(stopped: Promise<void>): Promise<void> {
    await this.#first.gone;
    const links = [...this.#streams.values()].map(({ link }) => link);
    for (const link of links) link.destroy();
    await Promise.all([stopped, ...links.map((link) => link.gone)]);
  }
}
