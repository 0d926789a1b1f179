/**
 * One stream: its bytes, the end of each direction, and the credit that bounds them. Stream 0 shares
 * the first link with the connection; every other stream has a link of its own.
 */
import { CLOSE_NONE, type Stream, StreamError } from "../transport.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";
import { type Capsule, DATA_PIECE, FAULT, Fault, INITIAL_CREDIT } from "./capsules.ts";
import type { LinkOwner, TlsLink } from "./tls_link.ts";

/** What a stream needs of its connection. */
export interface StreamHost {
  /** Unread bytes that the peer may send. */
  readonly window: number;
  /** Bytes have come from the peer. */
  noteActivity(): void;
  /** Tells the peer that the stream was reset. */
  sendReset(stream: TlsStream, code: number): void;
  fault(fault: Fault): void;
  /** Both directions are over. */
  streamOver(stream: TlsStream): void;
}

interface Reader {
  readonly resolve: (chunk: Uint8Array | null) => void;
  readonly reject: (error: Error) => void;
}

/** A chunk that waits, or a part of it, for credit or room. */
interface Writer {
  readonly chunk: Uint8Array;
  taken: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Bytes that a stream gives to its link at once: whole TLS records. */
const MAX_PIECE = 4 * DATA_PIECE;
/** Bytes. A peer that grants more breaks the protocol. */
const MAX_CREDIT = 2 ** 32;

export class TlsStream implements Stream, LinkOwner {
  readonly id: number;
  readonly #host: StreamHost;
  readonly #link: TlsLink;
  readonly #received = new ReceiveBuffer();
  /** Bytes that we may still send. */
  #credit = INITIAL_CREDIT;
  /** Bytes that the peer may still send. */
  #granted = INITIAL_CREDIT;
  /** Bytes that were read here and not given back as credit. */
  #consumed = 0;
  #reader: Reader | undefined;
  #writer: Writer | undefined;
  /** What `end` returned: settles when FIN is sent or never will be. */
  #ending: PromiseWithResolvers<void> | undefined;
  #finReceived = false;
  #finSent = false;
  /** Why a direction ended without FIN. */
  #readError: Error | undefined;
  #writeError: Error | undefined;

  constructor(id: number, link: TlsLink, host: StreamHost) {
    this.id = id;
    this.#link = link;
    this.#host = host;
    this.#grant(host.window - INITIAL_CREDIT);
  }

  read(): Promise<Uint8Array | null> {
    if (this.#reader !== undefined) {
      return Promise.reject(new TypeError(`Cannot read stream ${this.id}: a read is pending`));
    }
    if (this.#readError !== undefined) return Promise.reject(this.#readError);
    if (this.#received.length > 0) {
      const chunk = this.#received.take();
      this.#consume(chunk.length);
      return Promise.resolve(chunk);
    }
    if (this.#finReceived) return Promise.resolve(null);
    return new Promise((resolve, reject) => this.#reader = { resolve, reject });
  }

  write(chunk: Uint8Array): Promise<void> {
    if (this.#writeError !== undefined) return Promise.reject(this.#writeError);
    const reason = this.#ending ? "it has ended" : this.#writer ? "a write is pending" : undefined;
    if (reason !== undefined) {
      return Promise.reject(new TypeError(`Cannot write stream ${this.id}: ${reason}`));
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#writer = { chunk, taken: 0, resolve, reject };
    this.#advance();
    return promise;
  }

  end(): Promise<void> {
    if (this.#ending === undefined) {
      this.#ending = Promise.withResolvers();
      if (this.#writeError !== undefined) this.#ending.resolve();
      this.#advance();
    }
    return this.#ending.promise;
  }

  reset(code: number): void {
    if (this.isOver) return;
    this.#host.sendReset(this, code);
    this.fail(new StreamError(code, `Stream ${this.id} was reset here (${code})`));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.reset(CLOSE_NONE);
    return Promise.resolve();
  }

  // For the link.

  receive(capsule: Capsule): void {
    this.#host.noteActivity();
    switch (capsule.type) {
      case "data":
        return this.#receiveData(capsule.bytes);
      case "fin":
        return this.#receiveFin();
      case "credit":
        return this.#receiveCredit(capsule.bytes);
      case "close": // The server refused the link. The connection may be about to close.
        this.#link.destroy();
        return this.broken();
      default:
        throw new Fault(FAULT.violation, `${capsule.type} does not belong on a stream`);
    }
  }

  /** There is room to send again. */
  drained(): void {
    this.#advance();
  }

  fault(fault: Fault): void {
    this.#host.fault(fault);
  }

  /** The stream's own link has broken. The peer may not notice by itself. */
  broken(): void {
    if (!this.isOver) this.#host.sendReset(this, CLOSE_NONE);
    this.fail(new StreamError(CLOSE_NONE, `Stream ${this.id} has lost its TLS connection`));
  }

  // For the connection.

  /** Whether the peer has sent bytes or FIN. */
  get hasArrived(): boolean {
    return this.#received.length > 0 || this.#finReceived;
  }

  get isOver(): boolean {
    return this.#readOver && this.#writeOver;
  }

  /** Whether both directions have ended with FIN. */
  get isWhole(): boolean {
    return this.#finReceived && this.#finSent;
  }

  /** The peer has reset it. */
  wasReset(code: number): void {
    this.fail(new StreamError(code, `Stream ${this.id} was reset by the peer (${code})`));
  }

  /** Ends the directions that have not ended. */
  fail(error: Error): void {
    if (this.isOver) return;
    if (!this.#readOver) {
      this.#readError = error;
      this.#received.clear();
      this.#reader?.reject(error);
      this.#reader = undefined;
    }
    if (!this.#writeOver) {
      this.#writeError = error;
      this.#writer?.reject(error);
      this.#writer = undefined;
      this.#ending?.resolve();
    }
    this.#host.streamOver(this);
  }

  get #readOver(): boolean {
    return this.#finReceived || this.#readError !== undefined;
  }

  get #writeOver(): boolean {
    return this.#finSent || this.#writeError !== undefined;
  }

  #receiveData(bytes: Uint8Array): void {
    if (this.#finReceived) throw new Fault(FAULT.finalSize, "a stream goes on after its end");
    this.#granted -= bytes.length;
    if (this.#granted < 0) throw new Fault(FAULT.flowControl, "more than was granted");
    if (this.#readError !== undefined) return;
    const reader = this.#reader;
    if (reader === undefined) return this.#received.put(bytes);
    this.#reader = undefined;
    this.#consume(bytes.length);
    reader.resolve(bytes.slice());
  }

  #receiveFin(): void {
    if (this.#finReceived) throw new Fault(FAULT.finalSize, "a stream ends twice");
    if (this.#readError !== undefined) return;
    this.#finReceived = true;
    this.#reader?.resolve(null);
    this.#reader = undefined;
    if (this.isOver) this.#host.streamOver(this);
  }

  #receiveCredit(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit > MAX_CREDIT) throw new Fault(FAULT.flowControl, "credit without bounds");
    this.#advance();
  }

  /** Gives credit back, half a window at a time. */
  #consume(bytes: number): void {
    this.#consumed += bytes;
    if (this.#consumed < this.#host.window / 2) return;
    this.#grant(this.#consumed);
    this.#consumed = 0;
  }

  #grant(bytes: number): void {
    if (bytes <= 0 || this.#readOver) return;
    this.#granted += bytes;
    this.#link.send({ type: "credit", bytes });
  }

  /** Sends as much as credit and the link allow, then FIN. */
  #advance(): void {
    const writer = this.#writer;
    while (writer !== undefined && writer === this.#writer) {
      if (writer.taken === writer.chunk.length) {
        this.#writer = undefined;
        writer.resolve();
        break;
      }
      if (this.#credit === 0 || !this.#link.hasRoom) return;
      const piece = Math.min(MAX_PIECE, this.#credit);
      const bytes = writer.chunk.subarray(writer.taken, writer.taken + piece);
      this.#credit -= bytes.length;
      writer.taken += bytes.length;
      this.#link.send({ type: "data", bytes });
    }
    if (this.#ending === undefined || this.#writeOver) return;
    this.#finSent = true;
    this.#link.send({ type: "fin" });
    this.#ending.resolve();
    if (this.isOver) this.#host.streamOver(this);
  }
}
