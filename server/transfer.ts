/**
 * A further stream of a peer: one request, what belongs to it, its answer, the end. It is written
 * no faster than it is read, and read no faster than what came is used. A peer that takes longer
 * than `TIMES.answer` for any step loses the stream.
 *
 * It judges nothing and ends no session: the connection does both.
 */
import type { Clock } from "../protocol/clock.ts";
import { encodeFrame } from "../protocol/codec.ts";
import { concat } from "../protocol/concat.ts";
import { FrameDecoder } from "../protocol/decoder.ts";
import { CLOSE_DONE, closeCodeOf, ProtocolError } from "../protocol/errors.ts";
import type { ServerFrame } from "../protocol/frame.ts";
import { TIMES } from "../protocol/limits.ts";
import { release } from "../protocol/release.ts";
import type { Verdict } from "../protocol/session/server.ts";
import type { Stream } from "../protocol/transport/transport.ts";
import { isTransfer, type TransferFrame } from "./dispatch.ts";
import { Incoming } from "./incoming.ts";

export interface TransferOptions {
  readonly clock: Clock;
  /** What the session says of a frame. */
  readonly judge: (body: Uint8Array) => Verdict;
  /** What it says of a fault that it could not see. */
  readonly fault: (fault: ProtocolError) => Verdict;
  /** Waits where requests come too fast. */
  readonly pace: (verdict: Verdict) => Promise<void>;
  /** The frames of the answer, in groups: the next is asked for when the last has been written. */
  readonly answer: (frame: TransferFrame, incoming: Incoming) => AsyncGenerator<ServerFrame[]>;
  /** Does what the verdict says, where it says something about the whole session. */
  readonly act: (verdict: Verdict) => void;
  /** The peer took what was written. */
  readonly onWritten: () => void;
}

/** Serves the stream to its end. Throws what its reader, its writer or the decoder throws. */
export async function serveTransfer(stream: Stream, options: TransferOptions): Promise<void> {
  const { clock, judge, fault, pace, answer, act, onWritten } = options;
  const within = <T>(step: Promise<T>) => inTime(clock, stream, step);
  const bodies = new Bodies(stream);
  try {
    const body = await within(bodies.next());
    if (body === undefined) return bodies.end();
    const verdict = asRequest(judge(body), fault);
    await pace(verdict);
    if (verdict.type === "accept" && isTransfer(verdict.frame)) {
      const next = () => within(bodies.next());
      const reset = () => stream.reset(CLOSE_DONE);
      const incoming = new Incoming({ ...options, next, reset });
      for await (const frames of answer(verdict.frame, incoming)) {
        const bytes = concat(frames.map(encodeFrame));
        await within(stream.write(bytes));
        release(bytes);
        onWritten();
      }
    } else if (verdict.type === "refuse") {
      await within(stream.write(encodeFrame(verdict.frame)));
    } else {
      act(verdict);
    }
    await stream.end();
    await within(bodies.over());
  } finally {
    stream.reset(CLOSE_DONE);
  }
}

/** A stream begins with a request: what has to follow one is out of place. */
function asRequest(verdict: Verdict, fault: TransferOptions["fault"]): Verdict {
  if (verdict.type !== "accept" || isTransfer(verdict.frame)) return verdict;
  const message = `A ${verdict.frame.type} frame is not allowed before a request.`;
  return fault(new ProtocolError("bad_state", message));
}

/** The frames of a stream, one at a time: each is good until the next is asked for. */
class Bodies {
  readonly #stream: Stream;
  readonly #decoder = new FrameDecoder();
  /** What was read last, and the frames that end in it. */
  #chunk: Uint8Array | undefined;
  #bodies: Iterator<Uint8Array> | undefined;
  #body: Uint8Array | undefined;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** The next one; `undefined` at the end of the stream, whether it is inside a frame or not. */
  next(): Promise<Uint8Array | undefined> {
    const next = this.#next();
    this.#reading = next.catch(() => {});
    return next;
  }

  /** Throws `frame_truncated` when the stream has ended inside a frame. */
  end(): void {
    this.#decoder.end();
  }

  /** Waits for the end of what the peer writes: until then it may not have read the answer. */
  async over(): Promise<void> {
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

  /** One that is a view of its chunk goes with that. */
  #releaseBody(): void {
    if (this.#body !== undefined && this.#body.buffer !== this.#chunk?.buffer) release(this.#body);
    this.#body = undefined;
  }

  /** One that is a part of something larger may share that with others. */
  #releaseChunk(): void {
    const chunk = this.#chunk;
    if (chunk !== undefined && chunk.byteLength === chunk.buffer.byteLength) release(chunk);
    this.#chunk = undefined;
  }
}

async function inTime<T>(clock: Clock, stream: Stream, step: Promise<T>): Promise<T> {
  const tooLate = () => stream.reset(closeCodeOf("silence") ?? CLOSE_DONE);
  const cancel = clock.after(TIMES.answer, tooLate);
  try {
    return await step;
  } finally {
    cancel();
  }
}
