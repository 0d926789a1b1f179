/**
 * The frames of one stream, one at a time. It reads no further than it is asked to, and frees the
 * memory of a frame when the next is asked for. It does not parse frames.
 */
import { FrameDecoder } from "../protocol/decoder.ts";
import { release } from "../protocol/release.ts";
import type { Stream } from "../protocol/transport/transport.ts";

export class FrameReader {
  readonly #stream: Pick<Stream, "read">;
  readonly #decoder = new FrameDecoder();
  /** The chunk that was read last, and the frames that end in it. */
  #chunk: Uint8Array | undefined;
  #bodies: Iterator<Uint8Array> | undefined;
  #body: Uint8Array | undefined;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(stream: Pick<Stream, "read">) {
    this.#stream = stream;
  }

  /**
   * The body of the next frame; `undefined` at the end of the stream, even inside a frame. It is
   * valid until the next call. One call at a time.
   */
  next(): Promise<Uint8Array | undefined> {
    const next = this.#next();
    this.#reading = next.catch(() => {});
    return next;
  }

  /** Throws `frame_truncated` if the stream has ended inside a frame. */
  checkEnd(): void {
    this.#decoder.end();
  }

  /** Reads to the end of the stream, and decodes nothing more. */
  async skipRest(): Promise<void> {
    await this.#reading;
    while (await this.#stream.read() !== null);
  }

  async #next(): Promise<Uint8Array | undefined> {
    this.#releaseBody();
    while (true) {
      const body = this.#bodies?.next();
      if (body?.done === false) return this.#body = body.value;
      this.#releaseChunk();
      const chunk = await this.#stream.read();
      if (chunk === null) return undefined;
      this.#chunk = chunk;
      this.#bodies = this.#decoder.push(chunk);
    }
  }

  /** A body that is a view of its chunk is released with the chunk. */
  #releaseBody(): void {
    if (this.#body !== undefined && this.#body.buffer !== this.#chunk?.buffer) release(this.#body);
    this.#body = undefined;
  }

  /** A chunk that is a part of a larger buffer may share it with others: it is not released. */
  #releaseChunk(): void {
    const chunk = this.#chunk;
    if (chunk !== undefined && chunk.byteLength === chunk.buffer.byteLength) release(chunk);
    this.#chunk = undefined;
  }
}
