/** The server's end of a stream in memory, which a test plays frame by frame. */
import assert from "node:assert/strict";
import { encodeFrame, parseClientFrame } from "../../protocol/codec.ts";
import { FrameDecoder } from "../../protocol/decoder.ts";
import type { ClientFrame, ClientFrames, ServerFrame } from "../../protocol/frame.ts";
import type { Connection, Stream } from "../../protocol/transport/transport.ts";
import { Changes } from "./changes.ts";
import { within } from "./within.ts";

export class ScriptedStream {
  /** Resolves at the end of the client's side, or when the stream breaks. */
  readonly ended: Promise<void>;
  readonly #stream: Stream;
  readonly #frames: ClientFrame[] = [];
  readonly #changes = new Changes();
  #hasEnded = false;
  #failure: Error | undefined;

  /** The next stream that the client opens. */
  static async accept(connection: Connection): Promise<ScriptedStream> {
    const stream = await within(connection.accept(), "a stream from the client");
    return new ScriptedStream(stream ?? assert.fail("The connection has ended"));
  }

  constructor(stream: Stream) {
    this.#stream = stream;
    this.ended = this.#read();
  }

  /** The client's next frame; `undefined` at the end of its side. Throws what the stream throws. */
  async next(): Promise<ClientFrame | undefined> {
    const isReady = () => this.#frames.length > 0 || this.#hasEnded || undefined;
    await this.#changes.find(isReady, "a frame from the client");
    const frame = this.#frames.shift();
    if (frame === undefined && this.#failure !== undefined) throw this.#failure;
    return frame;
  }

  /** The client's next frame, which MUST have this type. */
  async expect<Type extends keyof ClientFrames>(type: Type): Promise<ClientFrames[Type]> {
    const frame = await this.next();
    assert.equal(frame?.type, type, JSON.stringify(frame));
    return frame as ClientFrames[Type];
  }

  /** Frames that have come and were not taken yet. */
  get waiting(): number {
    return this.#frames.length;
  }

  /** The types of the frames that have come and were not taken yet. Takes them. */
  look(): string[] {
    return this.#frames.splice(0).map(({ type }) => type);
  }

  async send(...frames: readonly ServerFrame[]): Promise<void> {
    for (const frame of frames) await this.sendBytes(encodeFrame(frame));
  }

  async sendBytes(bytes: Uint8Array): Promise<void> {
    await this.#stream.write(bytes);
  }

  /** Ends the server's side. */
  async end(): Promise<void> {
    await this.#stream.end();
  }

  async #read(): Promise<void> {
    const decoder = new FrameDecoder();
    try {
      for (let chunk; (chunk = await this.#stream.read()) !== null;) {
        for (const body of decoder.push(chunk)) this.#frames.push(parseClientFrame(body));
        this.#changes.notify();
      }
    } catch (failure) {
      this.#failure = failure instanceof Error ? failure : new Error(String(failure));
    }
    this.#hasEnded = true;
    this.#changes.notify();
  }
}
