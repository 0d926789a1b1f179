/**
 * One stream: its bytes, the end of each direction, and the credit that bounds them. A stream has a
 * link of its own, but for stream 0, which shares the first link with what is said about them all.
 */
import { CLOSE_NONE, type Stream, StreamError } from "../transport.ts";
import { Arrived } from "./arrived.ts";
import { type Capsule, DATA_PIECE, FAULT, Fault, INITIAL_CREDIT } from "./capsules.ts";
import type { Link, LinkOwner } from "./link.ts";

/** What a stream needs of its connection. */
export interface StreamHost {
  /** The peer may send so many bytes that nobody has read. */
  readonly window: number;
  /** Something has come. */
  heard(): void;
  /** Has the peer end the stream too. */
  tellReset(stream: TlsStream, code: number): void;
  fault(fault: Fault): void;
  /** Both directions are over. */
  over(stream: TlsStream): void;
}

interface Reader {
  readonly resolve: (chunk: Uint8Array | null) => void;
  readonly reject: (error: Error) => void;
}

/** A chunk of which a part still waits for credit or room. */
interface Writer {
  readonly chunk: Uint8Array;
  taken: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The most that one stream gives to its link at once: whole TLS records. */
const MAX_PIECE = 4 * DATA_PIECE;
/** Nobody reads so far ahead; a peer that grants more is at fault. */
const MAX_CREDIT = 2 ** 32;

export class TlsStream implements Stream, LinkOwner {
  readonly id: number;
  readonly #host: StreamHost;
  readonly #link: Link;
  readonly #arrived = new Arrived();
  /** Bytes that we may still send. */
  #credit = INITIAL_CREDIT;
  /** Bytes that the peer may still send. */
  #granted = INITIAL_CREDIT;
  /** Bytes that have been read here, for which the peer has not been given credit yet. */
  #owed = 0;
  #reader: Reader | undefined;
  #writer: Writer | undefined;
  /** `end` was called, and what it returned: settled once FIN is sent or cannot be. */
  #ending: PromiseWithResolvers<void> | undefined;
  #finReceived = false;
  #finSent = false;
  /** Why a direction is over, where it is not for a FIN. */
  #readError: Error | undefined;
  #writeError: Error | undefined;

  constructor(id: number, link: Link, host: StreamHost) {
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
    if (this.#arrived.length > 0) {
      const chunk = this.#arrived.take();
      this.#consumed(chunk.length);
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
    this.#host.tellReset(this, code);
    this.fail(new StreamError(code, `Stream ${this.id} was reset here (${code})`));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.reset(CLOSE_NONE);
    return Promise.resolve();
  }

  // For the link.

  receive(capsule: Capsule): void {
    this.#host.heard();
    switch (capsule.type) {
      case "data":
        return this.#receiveData(capsule.bytes);
      case "fin":
        return this.#receiveFin();
      case "credit":
        return this.#receiveCredit(capsule.bytes);
      case "close": // A link that was refused: its connection may be about to close.
        this.#link.destroy();
        return this.broken();
      default:
        throw new Fault(FAULT.violation, `${capsule.type} does not belong on a stream`);
    }
  }

  /** Something may be sent that could not be before. */
  drained(): void {
    this.#advance();
  }

  fault(fault: Fault): void {
    this.#host.fault(fault);
  }

  /** The link of this stream alone has broken: the peer may not know, and may not notice. */
  broken(): void {
    if (!this.isOver) this.#host.tellReset(this, CLOSE_NONE);
    this.fail(new StreamError(CLOSE_NONE, `Stream ${this.id} has lost its TLS connection`));
  }

  // For the connection.

  /** Whether the peer has spoken on it: it has bytes, or has ended. */
  get hasArrived(): boolean {
    return this.#arrived.length > 0 || this.#finReceived;
  }

  get isOver(): boolean {
    return this.#readOver && this.#writeOver;
  }

  /** Whether both directions have ended in good order. */
  get isWhole(): boolean {
    return this.#finReceived && this.#finSent;
  }

  /** The peer has reset it. */
  wasReset(code: number): void {
    this.fail(new StreamError(code, `Stream ${this.id} was reset by the peer (${code})`));
  }

  /** Ends what has not ended. */
  fail(error: Error): void {
    if (this.isOver) return;
    if (!this.#readOver) {
      this.#readError = error;
      this.#arrived.clear();
      this.#reader?.reject(error);
      this.#reader = undefined;
    }
    if (!this.#writeOver) {
      this.#writeError = error;
      this.#writer?.reject(error);
      this.#writer = undefined;
      this.#ending?.resolve();
    }
    this.#host.over(this);
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
    if (reader === undefined) return this.#arrived.put(bytes);
    this.#reader = undefined;
    this.#consumed(bytes.length);
    reader.resolve(bytes.slice());
  }

  #receiveFin(): void {
    if (this.#finReceived) throw new Fault(FAULT.finalSize, "a stream ends twice");
    if (this.#readError !== undefined) return;
    this.#finReceived = true;
    this.#reader?.resolve(null);
    this.#reader = undefined;
    if (this.isOver) this.#host.over(this);
  }

  #receiveCredit(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit > MAX_CREDIT) throw new Fault(FAULT.flowControl, "credit without bounds");
    this.#advance();
  }

  /** Gives credit back, but not for each byte. */
  #consumed(bytes: number): void {
    this.#owed += bytes;
    if (this.#owed < this.#host.window / 2) return;
    this.#grant(this.#owed);
    this.#owed = 0;
  }

  #grant(bytes: number): void {
    if (bytes <= 0 || this.#readOver) return;
    this.#granted += bytes;
    this.#link.send({ type: "credit", bytes });
  }

  /** Sends as much as credit and the link allow, and FIN behind it. */
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
    if (this.isOver) this.#host.over(this);
  }
}
