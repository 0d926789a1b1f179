/** The receiving half of a stream. Bytes stay in quiche until they are read. */
import { CLOSE_NONE, StreamError } from "../transport.ts";
import { codeOf } from "./native.ts";
import type { StreamHost } from "./stream_host.ts";

interface Reader {
  readonly resolve: (chunk: Uint8Array | null) => void;
  readonly reject: (error: Error) => void;
}

export class ReceiveHalf {
  readonly #host: StreamHost;
  readonly #id: number;
  /** Called when the peer's FIN is read, or its reset, with the code. */
  readonly #onOver: (resetCode: number | undefined) => void;
  #reader: Reader | undefined;
  #finished = false;
  /** Why nothing more can be read, if not because of a FIN. */
  #error: Error | undefined;

  constructor(host: StreamHost, id: number, onOver: (resetCode: number | undefined) => void) {
    this.#host = host;
    this.#id = id;
    this.#onOver = onOver;
  }

  get over(): boolean {
    return this.#finished || this.#error !== undefined;
  }

  read(): Promise<Uint8Array | null> {
    if (this.#reader !== undefined) {
      return Promise.reject(new TypeError(`Cannot read stream ${this.#id}: a read is pending`));
    }
    try {
      const chunk = this.#receive();
      if (chunk !== undefined) return Promise.resolve(chunk);
    } catch (error) {
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => this.#reader = { resolve, reject });
  }

  /** Data has arrived: a pending read may settle. */
  deliver(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    try {
      const chunk = this.#receive();
      if (chunk === undefined) return;
      this.#reader = undefined;
      reader.resolve(chunk);
    } catch (error) {
      this.#reader = undefined;
      reader.reject(error as Error);
    }
  }

  /** Ends this half, if it has not ended. */
  fail(error: Error): void {
    if (this.over) return;
    this.#error = error;
    this.#reader?.reject(error);
    this.#reader = undefined;
  }

  /** The next chunk, `null` for FIN, `undefined` for nothing yet. */
  #receive(): Uint8Array | null | undefined {
    if (this.#error !== undefined) throw this.#error;
    if (this.#finished) return null;
    const { quic, scratch } = this.#host;
    if (quic === undefined) throw this.#host.ended();
    let received: [number, boolean] | null;
    try {
      received = quic.streamRecv(this.#id, scratch);
    } catch (error) {
      const code = codeOf(error, "StreamReset") ?? CLOSE_NONE;
      this.#error = new StreamError(code, `Stream ${this.#id} was reset by the peer (${code})`);
      this.#onOver(code);
      throw this.#error;
    }
    if (received === null) return undefined;
    // Reading gives the peer credit, which must be sent.
    this.#host.touch();
    const [length, fin] = received;
    if (fin) {
      this.#finished = true;
      this.#onOver(undefined);
    }
    if (length === 0) return fin ? null : undefined;
    return scratch.slice(0, length);
  }
}
