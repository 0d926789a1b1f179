/**
 * A further stream of a peer: one request, its answer, the end. It is written no faster than it is
 * read, and a peer that takes longer than `TIMES.answer` for any step loses the stream.
 *
 * It judges nothing and ends no session: the connection does both.
 */
import { encodeFrame } from "../protocol/codec.ts";
import { FrameDecoder } from "../protocol/decoder.ts";
import { CLOSE_DONE, closeCodeOf } from "../protocol/errors.ts";
import type { ServerFrame } from "../protocol/frame.ts";
import { TIMES } from "../protocol/limits.ts";
import type { Verdict } from "../protocol/session/server.ts";
import type { Stream } from "../protocol/transport/transport.ts";
import type { Clock } from "./clock.ts";
import { concat } from "./concat.ts";
import { isTransfer, type TransferFrame } from "./dispatch.ts";

export interface TransferOptions {
  readonly clock: Clock;
  /** What the session says of the request; takes its time where requests come too fast. */
  readonly judge: (body: Uint8Array) => Promise<Verdict>;
  /** The frames of the answer, in groups: the next is asked for when the last has been written. */
  readonly answer: (frame: TransferFrame) => AsyncGenerator<ServerFrame[]>;
  /** Does what the verdict says, where it says something about the whole session. */
  readonly act: (verdict: Verdict) => void;
  /** The peer took what was written. */
  readonly onWritten: () => void;
}

/** Serves the stream to its end. Throws what its reader, its writer or the decoder throws. */
export async function serveTransfer(stream: Stream, options: TransferOptions): Promise<void> {
  const { clock, judge, answer, act, onWritten } = options;
  const within = <T>(step: Promise<T>) => inTime(clock, stream, step);
  try {
    const body = await within(firstBody(stream));
    if (body === undefined) return;
    const verdict = await judge(body);
    if (verdict.type === "accept" && isTransfer(verdict.frame)) {
      for await (const frames of answer(verdict.frame)) {
        await within(stream.write(concat(frames.map(encodeFrame))));
        onWritten();
      }
    } else if (verdict.type === "refuse") {
      await within(stream.write(encodeFrame(verdict.frame)));
    } else {
      act(verdict);
    }
    await stream.end();
    await within(stream.read());
  } finally {
    stream.reset(CLOSE_DONE);
  }
}

/** The first frame of a stream; `undefined` when the stream ends before one. */
async function firstBody(stream: Stream): Promise<Uint8Array | undefined> {
  const decoder = new FrameDecoder();
  for (let chunk; (chunk = await stream.read()) !== null;) {
    for (const body of decoder.push(chunk)) return body;
  }
  decoder.end();
  return undefined;
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
