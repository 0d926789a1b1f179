/** The plain client of the load, for the floor and the bare engines. */
import type { Connection, Engine, Stream } from "../../protocol/transport/transport.ts";
import { LineReader, plainLine } from "../harness/lines.ts";
import { LENGTH_BYTES } from "../../protocol/decoder.ts";
import { ALPN } from "../servers/plain.ts";

/** One client, as the measurements drive it. */
export interface LoadClient {
  /** Frames that have come so far. */
  readonly received: number;
  /** Sends a line, without waiting. */
  say(line: number): void;
  /** Calls `onLine` for all lines that come, or for its own. */
  watch(ownOnly: boolean): void;
  /** Called with the number of each line, and whether this client sent it. */
  onLine: ((line: number, own: boolean) => void) | undefined;
  close(): Promise<void>;
}

export interface Target {
  readonly engine: Engine;
  readonly port: number;
  readonly hash: Uint8Array;
}

export function dialTarget({ engine, port, hash }: Target, alpn: string): Promise<Connection> {
  return engine.dial({
    hostname: "127.0.0.1",
    port,
    alpn: [alpn],
    hashes: [hash],
    verify: () => true,
    limits: { handshakeTimeout: 30_000 },
  });
}

/** Collects the lines of one turn, or of the time that a write takes, in one write. */
export class Gathering {
  readonly #stream: Stream;
  #waiting: Uint8Array[] = [];
  #writing = false;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  push(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    if (this.#writing) return;
    this.#writing = true;
    queueMicrotask(() => void this.#drain());
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const waiting = this.#waiting;
        this.#waiting = [];
        await this.#stream.write(
          waiting.length === 1 && waiting[0] ? waiting[0] : joined(waiting),
        );
      }
    } catch {
      return; // The connection has ended. The count of lines shows it.
    }
    this.#writing = false;
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}

export class PlainClient implements LoadClient {
  onLine: LoadClient["onLine"];
  readonly #connection: Connection;
  readonly #index: number;
  readonly #out: Gathering;
  readonly #lines = new LineReader();

  private constructor(connection: Connection, stream: Stream, index: number) {
    this.#connection = connection;
    this.#index = index;
    this.#out = new Gathering(stream);
    void readAll(stream, this.#lines);
  }

  /** Connects. When it resolves, the client receives every line. */
  static async connect(target: Target, index: number): Promise<PlainClient> {
    const connection = await dialTarget(target, ALPN);
    const client = new PlainClient(connection, await connection.openStream(), index);
    client.say(0);
    while (client.received === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    return client;
  }

  /** Connects and sends half a line: the server has a stream, and no work. */
  static async connectIdle(target: Target, index: number): Promise<PlainClient> {
    const connection = await dialTarget(target, ALPN);
    const stream = await connection.openStream();
    await stream.write(plainLine(index, 0).subarray(0, LENGTH_BYTES));
    return new PlainClient(connection, stream, index);
  }

  get received(): number {
    return this.#lines.count;
  }

  say(line: number): void {
    this.#out.push(plainLine(this.#index, line));
  }

  watch(): void {
    this.#lines.onFrame = (frame) => {
      const view = new DataView(frame.buffer, frame.byteOffset + LENGTH_BYTES);
      this.onLine?.(view.getUint32(4), view.getUint32(0) === this.#index);
    };
  }

  async close(): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }
}

/** Reads until the connection ends. */
export async function readAll(stream: Stream, lines: LineReader): Promise<void> {
  try {
    for (let chunk; (chunk = await stream.read()) !== null;) lines.push(chunk);
  } catch {
    // The connection has ended.
  }
}
