/** One stream on quiche: reading and writing without a promise more than the caller asks for. */
import { CLOSE_NONE, type Stream, StreamError, type TransportError } from "../transport.ts";
import { codeOf, type NativeConnection, SHUTDOWN_READ, SHUTDOWN_WRITE } from "./native.ts";

/** What a stream needs of its connection. */
export interface StreamHost {
  /** `undefined` once the connection has ended. */
  readonly quic: NativeConnection | undefined;
  /** Where quiche puts what it has received, before a chunk is cut from it. */
  readonly scratch: Uint8Array;
  /** There may be something to send. */
  touch(): void;
  /** The error of everything that is asked of a connection that has ended. */
  ended(): TransportError;
}

/** What a stream tells the table that it is in. */
export interface StreamOwner {
  /** The stream could not send everything: call `retry` when there may be room. */
  block(stream: QuicheStream): void;
  /** Both directions have ended: no more calls for this stream. */
  done(stream: QuicheStream): void;
}

interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** What waits for room: the rest of a chunk. */
interface Blocked extends Waiter<void> {
  readonly chunk: Uint8Array;
  offset: number;
}

/** Writes that are taken at once share this promise. */
const TAKEN: Promise<void> = Promise.resolve();
const EMPTY = new Uint8Array(0);

export class QuicheStream implements Stream {
  readonly id: number;
  readonly #host: StreamHost;
  readonly #owner: StreamOwner;
  #reader: Waiter<Uint8Array | null> | undefined;
  #writer: Blocked | undefined;
  /** The promise of `end`, once it has been called. */
  #ending: Promise<void> | undefined;
  #ender: Waiter<void> | undefined;
  #finReceived = false;
  #finSent = false;
  /** Why reading or writing is over, where it is not for a FIN. */
  #readError: Error | undefined;
  #writeError: Error | undefined;

  constructor(host: StreamHost, owner: StreamOwner, id: number) {
    this.#host = host;
    this.#owner = owner;
    this.id = id;
  }

  read(): Promise<Uint8Array | null> {
    if (this.#reader !== undefined) {
      return Promise.reject(new Error(`Cannot read stream ${this.id}: a read is pending`));
    }
    try {
      const chunk = this.#receive();
      if (chunk !== undefined) return Promise.resolve(chunk);
    } catch (error) {
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => this.#reader = { resolve, reject });
  }

  write(chunk: Uint8Array): Promise<void> {
    if (this.#writer !== undefined) {
      return Promise.reject(new Error(`Cannot write stream ${this.id}: a write is pending`));
    }
    if (this.#ending !== undefined && this.#writeError === undefined) {
      return Promise.reject(new Error(`Cannot write stream ${this.id}: it has been ended`));
    }
    let taken: number;
    try {
      taken = this.#send(chunk, false);
    } catch (error) {
      return Promise.reject(error);
    }
    if (taken === chunk.length) return TAKEN;
    return new Promise((resolve, reject) => {
      this.#writer = { chunk, offset: taken, resolve, reject };
      this.#owner.block(this);
    });
  }

  end(): Promise<void> {
    return this.#ending ??= new Promise((resolve, reject) => {
      this.#ender = { resolve, reject };
      if (this.#writeError !== undefined) reject(this.#writeError);
      else if (this.#writer === undefined && !this.#finish()) this.#owner.block(this);
    });
  }

  reset(code: number): void {
    this.#shutDown(code, new StreamError(code, `Stream ${this.id} was reset here (${code})`), true);
  }

  /** After `end` the peer still gets everything; without it, it learns that the rest is missing. */
  [Symbol.asyncDispose](): Promise<void> {
    const error = new StreamError(CLOSE_NONE, `Stream ${this.id} was left`);
    this.#shutDown(CLOSE_NONE, error, this.#ending === undefined);
    return Promise.resolve();
  }

  /** Something has come. */
  deliver(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    try {
      const chunk = this.#receive();
      if (chunk === undefined) return;
      this.#reader = undefined;
      reader.resolve(chunk);
    } catch (error) {
      this.#failReading(error as Error);
    }
  }

  /** There may be room. Returns whether the stream still waits for more. */
  retry(): boolean {
    const writer = this.#writer;
    try {
      if (writer !== undefined) {
        writer.offset += this.#send(writer.chunk.subarray(writer.offset), false);
        if (writer.offset < writer.chunk.length) return true;
        this.#writer = undefined;
        writer.resolve();
      }
      if (this.#ender === undefined) return false;
      return !this.#finish();
    } catch (error) {
      this.#failWriting(error as Error);
      return false;
    }
  }

  /** The connection has ended. */
  fail(error: Error): void {
    if (!this.#finReceived) this.#failReading(error);
    if (!this.#finSent) this.#failWriting(error);
  }

  /** The next chunk, `null` for FIN, `undefined` for nothing yet. */
  #receive(): Uint8Array | null | undefined {
    if (this.#readError !== undefined) throw this.#readError;
    if (this.#finReceived) return null;
    const { quic, scratch } = this.#host;
    if (quic === undefined) throw this.#host.ended();
    let received: [number, boolean] | null;
    try {
      received = quic.streamRecv(this.id, scratch);
    } catch (error) {
      this.#readError = this.#meaning(error, "StreamReset", "was reset by the peer");
      this.#checkDone();
      throw this.#readError;
    }
    if (received === null) return undefined;
    this.#host.touch();
    const [length, fin] = received;
    if (fin) {
      this.#finReceived = true;
      this.#checkDone();
    }
    if (length === 0) return fin ? null : undefined;
    return scratch.slice(0, length);
  }

  /** How many bytes were taken. */
  #send(bytes: Uint8Array, fin: boolean): number {
    if (this.#writeError !== undefined) throw this.#writeError;
    const { quic } = this.#host;
    if (quic === undefined) throw this.#host.ended();
    let taken: number | null;
    try {
      taken = quic.streamSend(this.id, bytes, fin);
    } catch (error) {
      this.#writeError = this.#meaning(error, "StreamStopped", "is not read by the peer any more");
      this.#checkDone();
      throw this.#writeError;
    }
    if (fin && taken === 0) this.#finSent = true;
    this.#host.touch();
    return taken ?? 0;
  }

  /** Sends FIN and tells whether it was taken. */
  #finish(): boolean {
    try {
      this.#send(EMPTY, true);
    } catch (error) {
      this.#failWriting(error as Error);
      return true;
    }
    if (!this.#finSent) return false;
    this.#ender?.resolve();
    this.#ender = undefined;
    this.#checkDone();
    return true;
  }

  #shutDown(code: number, error: StreamError, both: boolean): void {
    const { quic } = this.#host;
    const reading = !this.#finReceived && this.#readError === undefined;
    const writing = both && this.#writeError === undefined;
    if (reading) {
      if (quic !== undefined) shutDown(quic, this.id, SHUTDOWN_READ, code);
      this.#failReading(error);
    }
    if (writing) {
      if (quic !== undefined) shutDown(quic, this.id, SHUTDOWN_WRITE, code);
      this.#failWriting(error);
    }
    if (!reading && !writing) return;
    this.#host.touch();
    this.#checkDone();
  }

  #failReading(error: Error): void {
    this.#readError ??= error;
    this.#reader?.reject(this.#readError);
    this.#reader = undefined;
  }

  #failWriting(error: Error): void {
    this.#writeError ??= error;
    this.#writer?.reject(this.#writeError);
    this.#ender?.reject(this.#writeError);
    this.#writer = undefined;
    this.#ender = undefined;
  }

  #checkDone(): void {
    const read = this.#finReceived || this.#readError !== undefined;
    const written = this.#finSent || this.#writeError !== undefined;
    if (read && written) this.#owner.done(this);
  }

  #meaning(error: unknown, variant: string, what: string): Error {
    const code = codeOf(error, variant);
    return code === undefined
      ? new StreamError(CLOSE_NONE, `Stream ${this.id} has ended: ${String(error)}`)
      : new StreamError(code, `Stream ${this.id} ${what} (${code})`);
  }
}

/** A stream that quiche has already let go of has nothing to shut down. */
function shutDown(quic: NativeConnection, id: number, direction: number, code: number): void {
  try {
    quic.streamShutdown(id, direction, code);
  } catch (error) {
    if (codeOf(error, "InvalidStreamState") === undefined) throw error;
  }
}
