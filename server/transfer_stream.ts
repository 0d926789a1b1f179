/**
 * One transfer stream of a client: a request, what belongs to it, the answer, the end. It reads no
 * faster than its handler takes what was read, and writes no faster than the client reads. A client
 * that takes longer than `TIMES.answer` for one step loses the stream.
 *
 * It knows no files: it hands the bytes of chunks to the handler (`handlers/files.ts`). It does not
 * end the session: it returns the verdict that says so.
 */
import type { Clock } from "../protocol/clock.ts";
import { encodeFrame } from "../protocol/codec.ts";
import { concat } from "../protocol/concat.ts";
import { CLOSE_DONE, closeCodeOf, ProtocolError } from "../protocol/errors.ts";
import type { ServerFrame } from "../protocol/frame.ts";
import { TIMES } from "../protocol/limits.ts";
import { release } from "../protocol/release.ts";
import type { AcceptedFrame, ServerSession, Verdict } from "../protocol/session/server.ts";
import type { Stream } from "../protocol/transport/transport.ts";
import { dispatchTransfer, isTransfer, limitOf, type TransferFrame } from "./dispatch.ts";
import type { FrameRateLimiter } from "./frame_rates.ts";
import { FrameReader } from "./frame_reader.ts";
import type { ChunkReader } from "./handlers/files.ts";
import type { Pacer } from "./pacer.ts";
import type { Peer } from "./peer.ts";
import type { Services } from "./services.ts";

interface TransferStreamOptions {
  /** Judges every frame, and counts offences. */
  readonly session: Pick<ServerSession, "handleActivity" | "handleFault" | "handleTransferBody">;
  readonly peer: Pick<Peer, "session">;
  readonly rateLimiter: FrameRateLimiter;
  readonly services: Services;
  readonly pacer: Pick<Pacer, "turn">;
  readonly clock: Clock;
}

/** Unwinds a handler that read a frame which the session did not accept. */
class NotAccepted extends Error {
  readonly verdict: Verdict;

  constructor(verdict: Verdict) {
    super(`A frame was not accepted: ${verdict.type}`);
    this.verdict = verdict;
  }
}

export class TransferStream implements ChunkReader {
  readonly #stream: Stream;
  readonly #options: TransferStreamOptions;
  readonly #reader: FrameReader;
  /** The request's. */
  #id: number | undefined;
  /** The frame that is read ahead, and whether it has arrived. */
  #ahead: Promise<Uint8Array | undefined> | undefined;
  #aheadArrived = false;

  constructor(stream: Stream, options: TransferStreamOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#reader = new FrameReader(stream);
  }

  /**
   * Serves the stream to its end. Returns the verdict that ends the session, if there is one. Throws
   * what the stream, the decoder or the handler throws.
   */
  async serve(): Promise<Verdict | undefined> {
    try {
      const verdict = await this.#answerRequest();
      if (verdict?.type === "close") return verdict;
      if (verdict?.type === "refuse") await this.#write([verdict.frame]);
      await this.#stream.end();
      await this.#inTime(this.#reader.skipRest());
      return undefined;
    } finally {
      this.#stream.reset(CLOSE_DONE);
    }
  }

  // What the handler of an upload sees (`ChunkReader`).

  readAhead(): void {
    this.#ahead = this.#nextBody();
    const arrived = () => void (this.#aheadArrived = true);
    this.#ahead.then(arrived, arrived);
  }

  async mayBegin(): Promise<void> {
    await this.#options.pacer.turn("chunk");
    if (!this.#aheadArrived || await this.#ahead === undefined) return;
    await this.readChunk(Infinity);
    throw this.#refused("bad_state", "A chunk frame has to wait for ready.");
  }

  async readChunk(most: number): Promise<Uint8Array> {
    await this.#options.pacer.turn("chunk");
    const body = await (this.#ahead ?? this.#nextBody());
    this.#ahead = undefined;
    if (body === undefined) throw new ProtocolError("unfinished_file");
    const frame = this.#accept(body);
    if (frame.type !== "chunk") {
      const message = `A ${frame.type} frame is not allowed after upload: only chunk frames are.`;
      throw this.#refused("bad_state", message);
    }
    if (frame.bytes.length > most) {
      throw this.#refused("bad_frame", "There are more bytes than the upload said.");
    }
    return frame.bytes;
  }

  abandon(): void {
    this.#stream.reset(CLOSE_DONE);
  }

  /** Returns the verdict on a frame that was not accepted. */
  async #answerRequest(): Promise<Verdict | undefined> {
    const { peer, rateLimiter, services, session, clock } = this.#options;
    try {
      const request = await this.#readRequest();
      if (request === undefined) return undefined;
      await rateLimiter.wait(limitOf(request));
      const { type } = request;
      for await (const frames of dispatchTransfer(type, request, peer.session, services, this)) {
        await this.#write(frames);
        session.handleActivity(clock.now());
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof NotAccepted)) throw error;
      await rateLimiter.wait(limitOf(undefined));
      return error.verdict;
    }
  }

  /** `undefined`: the client has ended the stream without a request. */
  async #readRequest(): Promise<TransferFrame | undefined> {
    const body = await this.#nextBody();
    if (body === undefined) {
      this.#reader.checkEnd();
      return undefined;
    }
    const frame = this.#accept(body);
    if (isTransfer(frame)) {
      this.#id = frame.id;
      return frame;
    }
    throw this.#refused("bad_state", `A ${frame.type} frame is not allowed before a request.`);
  }

  #nextBody(): Promise<Uint8Array | undefined> {
    return this.#inTime(this.#reader.next());
  }

  #accept(body: Uint8Array): AcceptedFrame {
    const { session, clock } = this.#options;
    const verdict = session.handleTransferBody(body, clock.now());
    if (verdict.type !== "accept") throw new NotAccepted(verdict);
    return verdict.frame;
  }

  /** Reports to the session a frame that it accepted and that is out of place on this stream. */
  #refused(code: "bad_state" | "bad_frame", message: string): NotAccepted {
    const fault = new ProtocolError(code, message, { re: this.#id });
    return new NotAccepted(this.#options.session.handleFault(fault));
  }

  async #write(frames: readonly ServerFrame[]): Promise<void> {
    const bytes = concat(frames.map(encodeFrame));
    await this.#inTime(this.#stream.write(bytes));
    release(bytes);
  }

  async #inTime<T>(step: Promise<T>): Promise<T> {
    const cancel = this.#options.clock.after(
      TIMES.answer,
      () => this.#stream.reset(closeCodeOf("silence") ?? CLOSE_DONE),
    );
    try {
      return await step;
    } finally {
      cancel();
    }
  }
}
