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
  /** Call `retry` with each datagram that comes. */
  watch(stream: QuicheStream): void;
  /** Both directions are over: no more calls for this stream. */
  done(stream: QuicheStream): void;
}

interface Reader {
  readonly resolve: (chunk: Uint8Array | null) => void;
  readonly reject: (error: Error) => void;
}

/** A chunk of which a part still waits for room. */
interface Writer {
  readonly chunk: Uint8Array;
  taken: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** All writes that are taken at once share this promise. */
const TAKEN: Promise<void> = Promise.resolve();
const NOTHING = new Uint8Array(0);

export class QuicheStream implements Stream {
  readonly id: number;
  readonly #host: StreamHost;
  readonly #owner: StreamOwner;
  #reader: Reader | undefined;
  #writer: Writer | undefined;
  /** `end` was called, and what it returned: settled once FIN is sent or cannot be. */
  #ending: PromiseWithResolvers<void> | undefined;
  #finReceived = false;
  #finSent = false;
  /** Why a direction is over, where it is not for a FIN. */
  #readError: Error | undefined;
  #writeError: Error | undefined;

  constructor(host: StreamHost, owner: StreamOwner, id: number) {
    this.#host = host;
    this.#owner = owner;
    this.id = id;
  }

  read(): Promise<Uint8Array | null> {
    if (this.#reader !== undefined) {
      return Promise.reject(new TypeError(`Cannot read stream ${this.id}: a read is pending`));
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
    if (this.#writeError === undefined) {
      const reason = this.#ending
        ? "it has ended"
        : this.#writer
        ? "a write is pending"
        : undefined;
      if (reason !== undefined) {
        return Promise.reject(new TypeError(`Cannot write stream ${this.id}: ${reason}`));
      }
    }
    let taken: number;
    try {
      taken = this.#send(chunk, false);
    } catch (error) {
      return Promise.reject(error);
    }
    if (taken === chunk.length) return TAKEN;
    return new Promise((resolve, reject) => {
      this.#writer = { chunk, taken, resolve, reject };
      this.#owner.watch(this);
    });
  }

  end(): Promise<void> {
    if (this.#ending === undefined) {
      this.#ending = Promise.withResolvers();
      if (this.#writeError !== undefined) this.#ending.resolve();
      else if (this.#writer === undefined) this.#finish();
    }
    return this.#ending.promise;
  }

  reset(code: number): void {
    const { quic } = this.#host;
    const reading = !this.#readOver;
    const writing = !this.#writeOver;
    if (quic === undefined || !(reading || writing)) return;
    if (reading) shutDown(quic, this.id, SHUTDOWN_READ, code);
    shutDown(quic, this.id, SHUTDOWN_WRITE, code);
    this.#host.touch();
    this.fail(new StreamError(code, `Stream ${this.id} was reset here (${code})`));
    this.#owner.done(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.reset(CLOSE_NONE);
    return Promise.resolve();
  }

  /** Something has come for this stream. */
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

  /** Something has come that may make room, or tell that the peer has stopped reading. */
  retry(): void {
    const writer = this.#writer;
    try {
      if (writer === undefined) {
        this.#probe();
      } else {
        writer.taken += this.#send(writer.chunk.subarray(writer.taken), false);
        if (writer.taken < writer.chunk.length) return;
        this.#writer = undefined;
        writer.resolve();
      }
      if (this.#ending !== undefined) this.#finish();
    } catch (error) {
      this.#failWriting(error as Error);
    }
  }

  /** Whether something waits for room. */
  get blocked(): boolean {
    return !this.#writeOver && (this.#writer !== undefined || this.#ending !== undefined);
  }

  /** Whether `retry` is still needed. */
  get waits(): boolean {
    return this.blocked || (this.#readOver && !this.#writeOver);
  }

  /** Ends what has not ended: the connection is gone, or the stream was reset here. */
  fail(error: Error): void {
    if (!this.#readOver) this.#failReading(error);
    if (!this.#writeOver) this.#failWriting(error);
  }

  get #readOver(): boolean {
    return this.#finReceived || this.#readError !== undefined;
  }

  get #writeOver(): boolean {
    return this.#finSent || this.#writeError !== undefined;
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
      throw this.#wasReset(quic, error);
    }
    if (received === null) return undefined;
    this.#host.touch();
    const [length, fin] = received;
    if (fin) {
      this.#finReceived = true;
      this.#over();
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
      throw this.#wasStopped(error);
    }
    this.#host.touch();
    if (taken === null) return 0;
    if (fin) this.#finSent = true;
    return taken;
  }

  /** Sends FIN, now or when there is room. */
  #finish(): void {
    try {
      this.#send(NOTHING, true);
    } catch (error) {
      return this.#failWriting(error as Error);
    }
    if (!this.#finSent) return this.#owner.watch(this);
    this.#ending?.resolve();
    this.#over();
  }

  /** Throws when the peer has stopped reading. */
  #probe(): void {
    try {
      this.#host.quic?.streamCapacity(this.id);
    } catch (error) {
      throw this.#wasStopped(error);
    }
  }

  #wasReset(quic: NativeConnection, error: unknown): Error {
    const code = codeOf(error, "StreamReset") ?? CLOSE_NONE;
    this.#readError = new StreamError(code, `Stream ${this.id} was reset by the peer (${code})`);
    // A peer that stops reading with the same datagram has ended the stream: quiche has forgotten
    // it by now, and would take no writes without saying why.
    try {
      if (!this.#writeOver) quic.streamCapacity(this.id);
    } catch (stopped) {
      this.#failWriting(this.#wasStopped(stopped, code));
    }
    this.#over();
    return this.#readError;
  }

  #wasStopped(error: unknown, unknownCode = CLOSE_NONE): Error {
    const code = codeOf(error, "StreamStopped") ?? unknownCode;
    this.#writeError = new StreamError(code, `Stream ${this.id} is not read by the peer (${code})`);
    this.#over();
    return this.#writeError;
  }

  #failReading(error: Error): void {
    this.#readError ??= error;
    this.#reader?.reject(this.#readError);
    this.#reader = undefined;
  }

  #failWriting(error: Error): void {
    this.#writeError ??= error;
    this.#writer?.reject(this.#writeError);
    this.#writer = undefined;
    this.#ending?.resolve();
  }

  /** A direction is over. */
  #over(): void {
    if (this.#readOver && this.#writeOver) this.#owner.done(this);
    // From now on nothing but a look shows whether the peer still reads.
    else if (this.#readOver) this.#owner.watch(this);
  }
}

/** What quiche has already let go of needs no shutting down. */
function shutDown(quic: NativeConnection, id: number, direction: number, code: number): void {
  try {
    quic.streamShutdown(id, direction, code);
  } catch (error) {
    if (codeOf(error, "InvalidStreamState") === undefined) throw error;
  }
}
