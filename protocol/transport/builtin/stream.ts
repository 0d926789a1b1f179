/**
 * One stream of Deno's QUIC, which is a pair of web streams, as a `Stream`.
 *
 * Deno sends no code with a reset: the peer of `reset` sees FIN and STOP_SENDING(0).
 */
import {
  CLOSE_NONE,
  type CloseReason,
  type Stream,
  StreamError,
  TransportError,
} from "../transport.ts";
import { describe } from "../closing.ts";
import { streamCodeOfFailure } from "./failures.ts";

/** A bidirectional stream as Deno gives it, in the words of the web. */
interface WebStreamPair {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>> & { readonly id: bigint };
  readonly writable: WritableStream<Uint8Array>;
}

/** What a stream needs of its connection. */
export interface StreamOwner {
  /** Why the connection has ended; pending until then. */
  readonly ended: Promise<CloseReason>;
  /** The stream is over in both directions. */
  forget(stream: BuiltinStream): void;
}

/** An idle stream holds a buffer of this size: small, because most connections are idle. */
const SMALL_BUFFER = 2 * 1024;
/** While the peer has much to say, reads grow up to this. */
const LARGE_BUFFER = 64 * 1024;

export class BuiltinStream implements Stream {
  readonly id: number;
  readonly #owner: StreamOwner;
  readonly #reader: ReadableStreamBYOBReader;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  /** For the next read; `undefined` when the last one's was given away. */
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #bufferSize = SMALL_BUFFER;
  #reading: Promise<unknown> | undefined;
  #writing: Promise<unknown> | undefined;
  #abandonWrite: ((failure: StreamError) => void) | undefined;
  #ending: Promise<void> | undefined;
  #abandonEnd: (() => void) | undefined;
  /** Whether the peer's FIN was read, or its reset. */
  #readAll = false;
  #writtenAll = false;
  #reset: StreamError | undefined;

  constructor(pair: WebStreamPair, owner: StreamOwner) {
    this.id = Number(pair.readable.id);
    this.#owner = owner;
    this.#reader = pair.readable.getReader({ mode: "byob" });
    this.#writer = pair.writable.getWriter();
  }

  read(): Promise<Uint8Array | null> {
    const reading = this.#read();
    this.#reading = reading;
    return reading;
  }

  write(chunk: Uint8Array): Promise<void> {
    if (this.#reset !== undefined) return Promise.reject(this.#reset);
    if (this.#ending !== undefined) {
      return Promise.reject(new TypeError("Cannot write to a stream after its end"));
    }
    // By hand, because what flow control blocks outlives even an abort of the web stream.
    const writing = new Promise<void>((resolve, reject) => {
      this.#abandonWrite = reject;
      this.#writer.write(chunk).then(resolve, (failure) => this.#reasonOf(failure).then(reject));
    });
    this.#writing = writing;
    return writing;
  }

  end(): Promise<void> {
    return this.#ending ??= new Promise<void>((resolve) => {
      this.#abandonEnd = resolve;
      this.#writer.close().then(resolve, () => resolve());
    }).then(() => {
      this.#writtenAll = true;
      this.#forgetWhenOver();
    });
  }

  reset(code: number): void {
    if (this.#reset !== undefined || (this.#readAll && this.#writtenAll)) return;
    this.#reset = new StreamError(code, `This stream was reset here with code ${code}`);
    this.#abandonWrite?.(this.#reset);
    this.#abandonEnd?.();
    this.#ending ??= Promise.resolve();
    this.#reader.cancel().catch(() => {});
    this.#writer.abort().catch(() => {});
    this.#readAll = this.#writtenAll = true;
    this.#forgetWhenOver();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.reset(CLOSE_NONE);
    return Promise.resolve();
  }

  /** Settles, without failing, when no call to this stream is pending. */
  async idle(): Promise<void> {
    await Promise.allSettled([this.#reading, this.#writing, this.#ending]);
  }

  async #read(): Promise<Uint8Array | null> {
    if (this.#reset !== undefined) throw this.#reset;
    if (this.#readAll) return null;
    const buffer = this.#buffer ?? new Uint8Array(this.#bufferSize);
    this.#buffer = undefined;
    let result: ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;
    try {
      result = await this.#reader.read(buffer);
    } catch (failure) {
      throw await this.#reasonOf(failure);
    }
    if (this.#reset !== undefined) throw this.#reset;
    if (result.done) {
      this.#readAll = true;
      this.#forgetWhenOver();
      return null;
    }
    return this.#take(result.value);
  }

  /** Makes the chunk the caller's: a small one is copied out, a large one takes the buffer along. */
  #take(chunk: Uint8Array<ArrayBuffer>): Uint8Array {
    const size = chunk.buffer.byteLength;
    if (chunk.byteLength > size / 2) {
      this.#bufferSize = Math.min(size * 4, LARGE_BUFFER);
      return chunk;
    }
    this.#bufferSize = SMALL_BUFFER;
    if (size === SMALL_BUFFER) this.#buffer = new Uint8Array(chunk.buffer);
    return chunk.slice();
  }

  async #reasonOf(failure: unknown): Promise<StreamError | TransportError> {
    if (this.#reset !== undefined) return this.#reset;
    const text = failure instanceof Error ? failure.message : String(failure);
    const code = streamCodeOfFailure(text);
    if (code !== undefined) return new StreamError(code, `The peer ended the stream: code ${code}`);
    // What else fails a stream is the end of its connection, and `ended` is about to settle.
    const close = await this.#owner.ended;
    return new TransportError("closed", `The connection was ${describe(close)}`, { close });
  }

  #forgetWhenOver(): void {
    if (this.#readAll && this.#writtenAll) this.#owner.forget(this);
  }
}
