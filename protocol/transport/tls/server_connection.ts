/** The server's end of a connection over TLS: links are attached to it, each for one stream. */
import { type Stream, TransportError } from "../transport.ts";
import { type Capsule, FAULT, Fault, ID_STEP } from "./capsules.ts";
import { type ConnectionOptions, TlsConnection } from "./connection.ts";
import type { Link } from "./link.ts";

export interface ServerConnectionOptions extends ConnectionOptions {
  /** What the client's further links attach by. */
  readonly secret: Uint8Array;
}

export class ServerConnection extends TlsConnection {
  readonly role = "server";
  readonly peerCertificate = undefined;
  /** How many streams the client may have opened so far, those that are over among them. */
  #allowed: number;
  #zeroArrived = false;
  /** The ID after the highest that has been used. */
  #nextId = ID_STEP;
  /** Lower ones that have not been used: links overtake each other. At most `maxStreams`. */
  readonly #skipped = new Set<number>();

  constructor(options: ServerConnectionOptions) {
    // Before anything else can be sent: `super` sends credit.
    const streams = options.limits.maxStreams;
    options.link.send({ type: "opened", secret: options.secret, streams });
    super(options);
    this.#allowed = streams;
  }

  openStream(): Promise<Stream> {
    const message = "Over TLS only the client opens streams: a server cannot dial it";
    return Promise.reject(this.ended ?? new TransportError("unsupported", message));
  }

  /** Takes a link that has named this connection; throws `Fault` when it cannot be taken. */
  attach(link: Link, id: number): void {
    if (this.ended !== undefined) throw new Fault(FAULT.refused, "the connection has ended");
    if (!this.#claim(id)) throw new Fault(FAULT.streamState, `stream ${id} was opened before`);
    this.arrivals.put(this.addStream(id, link));
  }

  protected override receiveZero(capsule: Capsule): void {
    super.receiveZero(capsule);
    if (this.#zeroArrived || !this.zero.hasArrived) return;
    this.#zeroArrived = true;
    this.arrivals.put(this.zero);
  }

  protected override receiveOwn({ type }: Capsule): void {
    throw new Fault(FAULT.violation, `${type} came on a connection that is open`);
  }

  /** The client has given up a stream whose link never came: if it comes now, it is too late. */
  protected override unknownReset(id: number): void {
    if (this.#claim(id)) this.streamGone();
  }

  protected override streamGone(): void {
    this.#allowed++;
    this.first.send({ type: "streams", streams: this.#allowed });
  }

  protected override stop(): Promise<void> {
    return Promise.resolve();
  }

  /** Whether nobody has used the ID so far. */
  #claim(id: number): boolean {
    if (id >= this.#allowed * ID_STEP) throw new Fault(FAULT.streamLimit, "too many streams");
    if (id < this.#nextId) return this.#skipped.delete(id);
    for (let lower = this.#nextId; lower < id; lower += ID_STEP) this.#skipped.add(lower);
    this.#nextId = id + ID_STEP;
    return true;
  }
}
