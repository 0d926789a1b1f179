/** The server's end of a stream in memory, which a test plays frame by frame. */
import assert from "node:assert/strict";
import { encodeFrame, parseClientFrame } from "../../protocol/codec.ts";
import { FrameDecoder } from "../../protocol/decoder.ts";
import type { ClientFrame, ClientFrames, ServerFrame } from "../../protocol/frame.ts";
import type { Connection, Stream } from "../../protocol/transport/transport.ts";
import { within } from "./within.ts";

export class ScriptedStream {
  readonly #stream: Stream;
  readonly #decoder = new FrameDecoder();
  readonly #frames: ClientFrame[] = [];

  /** The next stream that the client opens. */
  static async accept(connection: Connection): Promise<ScriptedStream> {
    const stream = await within(connection.accept(), "a stream from the client");
    return new ScriptedStream(stream ?? assert.fail("The connection has ended"));
  }

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** The client's next frame; `undefined` at the end of its side. */
  async next(): Promise<ClientFrame | undefined> {
    while (this.#frames.length === 0) {
      const chunk = await within(this.#stream.read(), "a frame from the client");
      if (chunk === null) return undefined;
      for (const body of this.#decoder.push(chunk)) this.#frames.push(parseClientFrame(body));
    }
    return this.#frames.shift();
  }

  /** The client's next frame, which MUST have this type. */
  async expect<Type extends keyof ClientFrames>(type: Type): Promise<ClientFrames[Type]> {
    const frame = await this.next();
    assert.equal(frame?.type, type, JSON.stringify(frame));
    return frame as ClientFrames[Type];
  }

  async send(...frames: readonly ServerFrame[]): Promise<void> {
    for (const frame of frames) await this.#stream.write(encodeFrame(frame));
  }

  /** Ends the server's side. */
  async end(): Promise<void> {
    await this.#stream.end();
  }
}
