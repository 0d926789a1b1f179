/** The client's role in a connection over TLS: it dials a link for each stream that it opens. */
import type { TransportError } from "../transport.ts";
import { type Capsule, FAULT, Fault, ID_STEP } from "./capsules.ts";
import type { OpenedStream, StreamRole } from "./connection.ts";
import type { TlsLink } from "./tls_link.ts";

/** Makes a further TLS connection to the same server, verified. Throws `TransportError`. */
export type DialLink = (signal: AbortSignal) => Promise<TlsLink>;

interface StreamOpenerOptions {
  /** From `opened`: what further links attach by. */
  readonly secret: Uint8Array;
  /** From `opened`: how many streams may be opened. */
  readonly streams: number;
  readonly dialLink: DialLink;
}

interface Waiting {
  readonly resolve: (stream: Promise<OpenedStream>) => void;
  readonly reject: (error: TransportError) => void;
}

export class StreamOpener implements StreamRole {
  readonly name = "client";
  readonly #secret: Uint8Array;
  readonly #dialLink: DialLink;
  readonly #stopped = new AbortController();
  /** Links that are being dialled. */
  readonly #dialling = new Set<Promise<TlsLink>>();
  /** How many streams the server allows in all, and how many were opened or are about to be. */
  #allowed: number;
  #opened = 0;
  #nextId = 0;
  #waiting: Waiting[] = [];
  #ended: TransportError | undefined;

  constructor({ secret, streams, dialLink }: StreamOpenerOptions) {
    this.#secret = secret;
    this.#allowed = streams;
    this.#dialLink = dialLink;
  }

  open(): Promise<OpenedStream> {
    if (this.#waiting.length === 0 && this.#opened < this.#allowed) return this.#open();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  receive(capsule: Capsule): void {
    if (capsule.type !== "streams") {
      throw new Fault(FAULT.violation, `${capsule.type} came from a server`);
    }
    this.#allowed = Math.max(this.#allowed, capsule.streams);
    this.#advance();
  }

  claim(): boolean {
    throw new Fault(FAULT.violation, "a server cannot open streams");
  }

  /** The server says when there is room for another. */
  streamEnded(): undefined {}

  async stop(ended: TransportError): Promise<void> {
    this.#ended = ended;
    for (const { reject } of this.#waiting.splice(0)) reject(ended);
    this.#stopped.abort();
    await Promise.allSettled(this.#dialling);
  }

  #advance(): void {
    while (this.#opened < this.#allowed) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) return;
      waiting.resolve(this.#open());
    }
  }

  async #open(): Promise<OpenedStream> {
    this.#opened++;
    if (this.#nextId === 0) {
      this.#nextId = ID_STEP;
      return { id: 0, link: undefined };
    }
    let link: TlsLink;
    try {
      link = await this.#dial();
    } catch (error) {
      this.#opened--;
      this.#advance();
      throw error;
    }
    const id = this.#nextId;
    this.#nextId += ID_STEP;
    link.send({ type: "attach", secret: this.#secret, stream: id });
    return { id, link };
  }

  async #dial(): Promise<TlsLink> {
    const dialling = this.#dialLink(this.#stopped.signal);
    this.#dialling.add(dialling);
    try {
      const link = await dialling;
      if (this.#ended === undefined) return link;
      link.destroy();
      throw this.#ended;
    } finally {
      this.#dialling.delete(dialling);
    }
  }
}
