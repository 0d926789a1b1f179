/**
 * One further stream of a session, which takes or brings what would hold up messages: frames out,
 * bodies in. What they mean is for the end of the transfer to say (`protocol/session/`).
 *
 * Whoever uses one disposes of it: what is not at its end then is reset.
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

export interface TransferStreamOptions {
  readonly connection: Pick<Connection, "openStream">;
  readonly clock: Clock;
  /** The server gave a sign of life. */
  readonly heard: () => void;
}

export class TransferStream implements AsyncDisposable {
  readonly #stream: Stream;
  readonly #clock: Clock;
  readonly #heard: () => void;

  /** Opens one. Throws `TransportError`, also if that takes long. */
  static async open(options: TransferStreamOptions): Promise<TransferStream> {
    const opening = options.connection.openStream();
    const late = Promise.withResolvers<never>();
    const cancel = options.clock.after(TIMES.answer, () => {
      late.reject(new TransportError("timeout", "The server takes no further stream."));
      // One that comes all the same is nobody's.
      opening.then((stream) => stream.reset(CLOSE_DONE), () => {});
    });
    try {
      return new TransferStream(await Promise.race([opening, late.promise]), options);
    } finally {
      cancel();
    }
  }

  private constructor(stream: Stream, { clock, heard }: TransferStreamOptions) {
    this.#stream = stream;
    this.#clock = clock;
    this.#heard = heard;
  }

  /** Resolves when the frame is on its way. Throws what the stream throws, and if it takes long. */
  async write(frame: ClientFrame): Promise<void> {
    const bytes = encodeFrame(frame);
    await this.#inTime(this.#stream.write(bytes));
    release(bytes);
  }

  /** Nothing more is written. */
  async end(): Promise<void> {
    await this.#stream.end();
  }

  /**
   * What comes, until the server ends the stream. Throws what the stream throws, `ProtocolError`
   * for what is no frame, and, `patient` apart, if nothing comes for long: a server that is being
   * written to has nothing to say.
   */
  async *bodies(
    { patient = false }: { readonly patient?: boolean } = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const decoder = new FrameDecoder();
    while (true) {
      const read = this.#stream.read();
      const chunk = await (patient ? read : this.#inTime(read));
      if (chunk === null) return decoder.end();
      this.#heard();
      yield* decoder.push(chunk);
    }
  }

  /** Gives it up: what is being read or written fails. */
  reset(): void {
    this.#stream.reset(CLOSE_DONE);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream[Symbol.asyncDispose]();
  }

  #inTime<T>(promise: Promise<T>): Promise<T> {
    return promise.finally(this.#clock.after(TIMES.answer, () => this.reset()));
  }
}
