/**
 * Uploads a file on its own stream, as clients do: declares it with its hash, sends its chunks, and
 * waits until the server has stored it. The bytes are random and come from no file.
 */
import { createHash } from "node:crypto";
import { ulid } from "ulid";
import { encodeFrame, parseServerFrame } from "../../protocol/codec.ts";
import { FrameDecoder } from "../../protocol/decoder.ts";
import { CLOSE_DONE } from "../../protocol/errors.ts";
import type { ServerFrame } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { GENERAL } from "../../protocol/names.ts";
import type { Connection, Stream } from "../../protocol/transport/transport.ts";
import { SessionError } from "./session.ts";

/** The only request on its stream. */
const ID = 1;

/** Sends so many chunks. Resolves when the server has checked the hash and stored them. */
export async function upload(connection: Connection, chunks: number): Promise<void> {
  // One random chunk, repeated: a different file each time, and nothing on the way compresses it.
  const chunk = crypto.getRandomValues(new Uint8Array(LIMITS.chunk));
  const hash = createHash("sha256");
  for (let left = chunks; left > 0; left--) hash.update(chunk);
  const stream = await connection.openStream();
  try {
    const answers = framesOf(stream);
    await stream.write(encodeFrame({
      type: "upload",
      id: ID,
      file: ulid(),
      conversation: GENERAL,
      size: chunks * chunk.byteLength,
      hash: new Uint8Array(hash.digest()),
    }));
    await expect(answers, "ready");
    const frame = encodeFrame({ type: "chunk", bytes: chunk });
    for (let left = chunks; left > 0; left--) await stream.write(frame);
    await stream.end();
    await expect(answers, "stored");
  } finally {
    stream.reset(CLOSE_DONE);
  }
}

async function expect(
  answers: AsyncGenerator<ServerFrame>,
  type: ServerFrame["type"],
): Promise<void> {
  const { value: frame } = await answers.next();
  if (frame?.type === type) return;
  const what = frame?.type === "error" ? frame.message : frame?.type ?? "the end of the stream";
  throw new SessionError(`The server refused a file: expected ${type}, got ${what}`);
}

async function* framesOf(stream: Stream): AsyncGenerator<ServerFrame> {
  const decoder = new FrameDecoder();
  for (let chunk; (chunk = await stream.read()) !== null;) {
    for (const body of decoder.push(chunk)) yield parseServerFrame(body);
  }
}
