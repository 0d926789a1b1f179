/**
 * What both ends of a connection over TLS share. Its first link opens it, carries stream 0, and says
 * what concerns all of it: keep-alive, resets and the close. Every further stream has a link of its
 * own, so that it holds up no other. The ends differ in who opens streams, and how many there may be.
 */
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
import { type Capsule, type Fault, INITIAL_CREDIT } from "./capsules.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { Link, LinkOwner } from "./link.ts";
import { type StreamHost, TlsStream } from "./stream.ts";

export interface ConnectionOptions {
  /** Becomes the connection's. */
  readonly link: Link;
  readonly remote: Address;
  readonly alpn: string;
  readonly serverName: string | undefined;
  readonly limits: TransportLimits;
  /** Milliseconds; never goes back. */
  readonly now: () => number;
}

export abstract class TlsConnection implements Connection, LinkOwner, StreamHost {
  readonly engine = "tls";
  abstract readonly role: "client" | "server";
  abstract readonly peerCertificate: Uint8Array | undefined;
  readonly remote: Address;
  readonly alpn: string;
  readonly serverName: string | undefined;
  readonly closed: Promise<CloseReason>;
  readonly window: number;
  /** Its end, as an error, once it has ended. */
  ended: TransportError | undefined;
  protected readonly first: Link;
  /** Stream 0: there from the start, whether it is used or not. */
  protected readonly zero: TlsStream;
  /** Streams that the peer has opened. */
  protected readonly arrivals = new Queue<Stream>();
  /** The streams that have links of their own, until those are gone. */
  readonly #streams = new Map<number, { readonly stream: TlsStream; readonly link: Link }>();
  readonly #heartbeat: Heartbeat;
  /** A ping has come that was not answered yet. */
  #asked = false;
  readonly #settle: (reason: CloseReason) => void;

  constructor({ alpn, limits, link, now, remote, serverName }: ConnectionOptions) {
    this.remote = remote;
    this.alpn = alpn;
    this.serverName = serverName;
    this.window = Math.max(limits.streamWindow, INITIAL_CREDIT);
    this.first = link;
    this.first.owner = this;
    this.zero = new TlsStream(0, link, this);
    this.#heartbeat = new Heartbeat({
      now,
      idleTimeout: limits.idleTimeout,
      keepAlive: limits.keepAlive,
      ping: () => link.send({ type: "ping" }),
      idle: () => this.#leave(IDLE),
    });
    const { promise, resolve } = Promise.withResolvers<CloseReason>();
    this.closed = promise;
    this.#settle = resolve;
  }

  ids(): undefined {}

  rtt(): number | undefined {
    return this.#heartbeat.roundTrip;
  }

  abstract openStream(): Promise<Stream>;

  accept(): Promise<Stream | null> {
    return this.arrivals.take();
  }

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

  // For the first link.

  receive(capsule: Capsule): void {
    this.heard();
    switch (capsule.type) {
      case "data":
      case "fin":
      case "credit":
        return this.receiveZero(capsule);
      case "reset":
        return this.#wasReset(capsule.stream, capsule.code);
      case "ping":
        return this.#answer();
      case "pong":
        return this.#heartbeat.answered();
      case "close":
        return this.#end(capsule.close);
      default:
        return this.receiveOwn(capsule);
    }
  }

  drained(): void {
    this.#pong();
    this.zero.drained();
  }

  fault({ code, message }: Fault): void {
    this.#leave({ kind: "transport", code, reason: message, by: "local" });
  }

  broken(reason: string): void {
    this.#end({ kind: "lost", code: 0, reason, by: "local" });
  }

  // For streams.

  heard(): void {
    this.#heartbeat.heard();
  }

  tellReset(stream: TlsStream, code: number): void {
    this.first.send({ type: "reset", stream: stream.id, code });
  }

  over(stream: TlsStream): void {
    if (this.ended !== undefined) return;
    if (stream === this.zero) return this.streamGone();
    const link = this.#streams.get(stream.id)?.link;
    // Who has reset a stream leaves it to the peer to hang up: hearing of the reset, it will.
    if (stream.isWhole) link?.finish();
    else link?.leave();
  }

  // For the two ends.

  /** A capsule for stream 0. */
  protected receiveZero(capsule: Capsule): void {
    this.zero.receive(capsule);
  }

  /** A capsule that only one end may send. */
  protected abstract receiveOwn(capsule: Capsule): void;

  /** A stream is over that was not known here any more, or not yet. */
  protected abstract unknownReset(id: number): void;

  /** A stream and its link are over. */
  protected abstract streamGone(): void;

  /** The connection has ended: whoever waits must hear of it before the promise resolves. */
  protected abstract stop(ended: TransportError): Promise<void>;

  /** A stream with a link of its own. */
  protected addStream(id: number, link: Link): TlsStream {
    const stream = new TlsStream(id, link, this);
    this.#streams.set(id, { stream, link });
    link.owner = stream;
    void link.gone.then(() => {
      this.#streams.delete(id);
      if (this.ended === undefined) this.streamGone();
    });
    // It may have broken while it had another owner.
    if (!link.isOpen) stream.broken();
    return stream;
  }

  /** One answer for all pings that come at once, and none while the peer does not read. */
  #answer(): void {
    if (this.#asked) return;
    this.#asked = true;
    queueMicrotask(() => this.#pong());
  }

  #pong(): void {
    if (!this.#asked || !this.first.hasRoom) return;
    this.#asked = false;
    this.first.send({ type: "pong" });
  }

  #wasReset(id: number, code: number): void {
    if (id === this.zero.id) return this.zero.wasReset(code);
    const known = this.#streams.get(id);
    if (known === undefined) return this.unknownReset(id);
    known.stream.wasReset(code);
    known.link.destroy();
  }

  /** Tells the peer that it is over, and leaves it to the peer to hang up. */
  #leave(reason: CloseReason): void {
    if (this.ended !== undefined) return;
    this.first.send({ type: "close", close: reason });
    this.#stop(reason);
    this.first.finish();
    for (const { link } of this.#streams.values()) link.leave();
  }

  /** The peer has closed, or is gone. */
  #end(reason: CloseReason): void {
    if (this.ended !== undefined) return;
    this.#stop(reason);
    this.first.destroy();
  }

  #stop(close: CloseReason): void {
    this.#heartbeat.stop();
    const message = `The connection was ${describe(close)}`;
    const ended = new TransportError("closed", message, { close });
    this.ended = ended;
    this.zero.fail(ended);
    for (const { stream } of this.#streams.values()) stream.fail(ended);
    this.arrivals.end();
    void this.#release(this.stop(ended)).then(() => this.#settle(close));
  }

  /** The first link goes first: through it the peer learns how the others have ended. */
  async #release(stopped: Promise<void>): Promise<void> {
    await this.first.gone;
    const links = [...this.#streams.values()].map(({ link }) => link);
    for (const link of links) link.destroy();
    await Promise.all([stopped, ...links.map((link) => link.gone)]);
  }
}
