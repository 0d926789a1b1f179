/** The client's end of a connection over TLS: it dials a link for each stream that it opens. */
import type { Stream, TransportError } from "../transport.ts";
import { type Capsule, FAULT, Fault, ID_STEP } from "./capsules.ts";
import { type ConnectionOptions, TlsConnection } from "./connection.ts";
import type { Link } from "./link.ts";

/** A further TLS connection to the same server, verified; throws `TransportError`. */
export type DialLink = (signal: AbortSignal) => Promise<Link>;

export interface ClientConnectionOptions extends ConnectionOptions {
  readonly peerCertificate: Uint8Array;
  /** From `opened`: what further links attach by, and how many streams may be opened. */
  readonly secret: Uint8Array;
  readonly streams: number;
  readonly dialLink: DialLink;
}

interface Opener {
  readonly resolve: (stream: Promise<Stream>) => void;
  readonly reject: (error: TransportError) => void;
}

export class ClientConnection extends TlsConnection {
  readonly role = "client";
  readonly peerCertificate: Uint8Array;
  readonly #secret: Uint8Array;
  readonly #dialLink: DialLink;
  readonly #stopped = new AbortController();
  /** Links that are being dialled. */
  readonly #dialling = new Set<Promise<Link>>();
  /** How many streams the server has allowed so far, and how many were opened or are about to be. */
  #allowed: number;
  #opened = 0;
  #nextId = 0;
  #openers: Opener[] = [];

  constructor(options: ClientConnectionOptions) {
    super(options);
    this.peerCertificate = options.peerCertificate;
    this.#secret = options.secret;
    this.#allowed = options.streams;
    this.#dialLink = options.dialLink;
  }

  openStream(): Promise<Stream> {
    if (this.ended !== undefined) return Promise.reject(this.ended);
    if (this.#openers.length === 0 && this.#opened < this.#allowed) return this.#open();
    return new Promise((resolve, reject) => this.#openers.push({ resolve, reject }));
  }

  protected override receiveOwn(capsule: Capsule): void {
    if (capsule.type !== "streams") {
      throw new Fault(FAULT.violation, `${capsule.type} came from a server`);
    }
    this.#allowed = Math.max(this.#allowed, capsule.streams);
    this.#advance();
  }

  /** What the server says of a stream that is over here. */
  protected override unknownReset(): void {}

  /** The server says when there is room for another. */
  protected override streamGone(): void {}

  protected override async stop(ended: TransportError): Promise<void> {
    for (const { reject } of this.#openers.splice(0)) reject(ended);
    this.#stopped.abort();
    await Promise.allSettled(this.#dialling);
  }

  #advance(): void {
    while (this.#opened < this.#allowed) {
      const opener = this.#openers.shift();
      if (opener === undefined) return;
      opener.resolve(this.#open());
    }
  }

  async #open(): Promise<Stream> {
    this.#opened++;
    if (this.#nextId === 0) {
      this.#nextId = ID_STEP;
      return this.zero;
    }
    let link: Link;
    try {
      link = await this.#dial();
    } catch (error) {
      this.#opened--;
      this.#advance();
      throw this.ended ?? error;
    }
    const id = this.#nextId;
    this.#nextId += ID_STEP;
    link.send({ type: "attach", secret: this.#secret, stream: id });
    return this.addStream(id, link);
  }

  async #dial(): Promise<Link> {
    const dialling = this.#dialLink(this.#stopped.signal);
    this.#dialling.add(dialling);
    try {
      const link = await dialling;
      if (this.ended === undefined) return link;
      link.destroy();
      throw this.ended;
    } finally {
      this.#dialling.delete(dialling);
    }
  }
}
