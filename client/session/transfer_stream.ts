/**
 * A further stream of a session, for what would delay messages: frames out, bodies in. The state
 * machines in `protocol/session/` know what they mean.
 *
 * The caller MUST dispose of it. That resets it, if it is not at its end.
 */
import type { Clock } from "../../protocol/clock.ts";
import { encodeFrame } from "../../protocol/codec.ts";
import { FrameDecoder } from "../../protocol/decoder.ts";
import { CLOSE_DONE } from "../../protocol/errors.ts";
import type { ClientFrame } from "../../protocol/frame.ts";
import { TIMES } from "../../protocol/limits.ts";
import { release } from "../../protocol/release.ts";
import {
  type Connection,
  type Stream,
  TransportError,
} from "../../protocol/transport/transport.ts";

interface TransferStreamOptions {
  readonly connection: Pick<Connection, "openStream">;
  readonly clock: Clock;
  /** Called whenever bytes come from the server. */
  readonly heard: () => void;
}

export class TransferStream implements AsyncDisposable {
  readonly #stream: Stream;
  readonly #clock: Clock;
  readonly #heard: () => void;

  /** Opens a stream. Throws `TransportError`, also after `TIMES.answer`. */
  static async open(options: TransferStreamOptions): Promise<TransferStream> {
    return new TransferStream(await openStream(options), options);
  }

  private constructor(stream: Stream, { clock, heard }: TransferStreamOptions) {
    this.#stream = stream;
    this.#clock = clock;
    this.#heard = heard;
  }

  /** Resolves when the stream has taken the frame. Throws what the stream throws. */
  async write(frame: ClientFrame): Promise<void> {
    const bytes = encodeFrame(frame);
    await this.#withTimeout(this.#stream.write(bytes));
    release(bytes);
  }

  /** Ends the writing side. */
  async end(): Promise<void> {
    await this.#stream.end();
  }

  /**
   * The bodies of frames, until the server ends the stream. Throws what the stream throws, and
   * `ProtocolError` for what is no frame. After `TIMES.answer` without bytes it resets the stream,
   * unless `patient`: during an upload the server is silent.
   */
  async *bodies(
    { patient = false }: { readonly patient?: boolean } = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const decoder = new FrameDecoder();
    while (true) {
      const read = this.#stream.read();
      const chunk = await (patient ? read : this.#withTimeout(read));
      if (chunk === null) return decoder.end();
      this.#heard();
      yield* decoder.push(chunk);
    }
  }

  /** Gives the stream up: reads and writes fail. */
  reset(): void {
    this.#stream.reset(CLOSE_DONE);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream[Symbol.asyncDispose]();
  }

  #withTimeout<T>(promise: Promise<T>): Promise<T> {
    return promise.finally(this.#clock.after(TIMES.answer, () => this.reset()));
  }
}

/** Opens a stream. Throws `TransportError`, also after `TIMES.answer`. */
export async function openStream(
  { connection, clock }: Pick<TransferStreamOptions, "connection" | "clock">,
): Promise<Stream> {
  const opening = connection.openStream();
  const late = Promise.withResolvers<never>();
  const cancel = clock.after(TIMES.answer, () => {
    late.reject(new TransportError("timeout", "The server takes no further stream."));
    // Reset a stream that opens after the timeout.
    opening.then((stream) => stream.reset(CLOSE_DONE), () => {});
  });
  try {
    return await Promise.race([opening, late.promise]);
  } finally {
    cancel();
  }
}
