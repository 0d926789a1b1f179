/** Files for tests of the server: their bytes, and streams that carry them frame by frame. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { encodeFrame, parseServerFrame } from "../../protocol/codec.ts";
import { FrameDecoder } from "../../protocol/decoder.ts";
import type { ClientFrame, ServerFrame } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Connection, Stream } from "../../protocol/transport/transport.ts";
import { ulidOf } from "./messages.ts";
import { checkRefusal } from "./refusals.ts";

export interface TestFile {
  readonly file: string;
  readonly conversation: string;
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
}

/** A file whose bytes follow from its number, and repeat nowhere near a chunk's size. */
export function fileOf(number: number, size: number, conversation = "room:general"): TestFile {
  const bytes = new Uint8Array(size);
  for (let at = 0, state = number + 1; at < size; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 16;
  }
  return { file: ulidOf(number), conversation, bytes, hash: hashOf(bytes) };
}

export function hashOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

export function uploadOf({ file, conversation, bytes, hash }: TestFile): ClientFrame {
  return { type: "upload", id: 1, file, conversation, size: bytes.length, hash };
}

/** A further stream, with its frames one at a time. */
export class FileStream implements AsyncDisposable {
  readonly stream: Stream;
  readonly #decoder = new FrameDecoder();
  readonly #frames: ServerFrame[] = [];
  /** The first frame that was written. */
  #asked: ClientFrame["type"] | undefined;

  static async open({ connection }: { readonly connection: Connection }): Promise<FileStream> {
    return new FileStream(await connection.openStream());
  }

  constructor(stream: Stream) {
    this.stream = stream;
  }

  write(...frames: readonly ClientFrame[]): Promise<void> {
    this.#asked ??= frames[0]?.type;
    return this.stream.write(Uint8Array.from(frames.flatMap((frame) => [...encodeFrame(frame)])));
  }

  /** Writes bytes as chunks. */
  async chunks(bytes: Uint8Array, size: number = LIMITS.chunk): Promise<void> {
    for (let at = 0; at < bytes.length; at += size) {
      const chunk = encodeFrame({ type: "chunk", bytes: bytes.subarray(at, at + size) });
      await this.stream.write(chunk);
    }
  }

  /** `undefined` at the end of the stream. */
  async next(): Promise<ServerFrame | undefined> {
    while (this.#frames.length === 0) {
      const chunk = await this.stream.read();
      if (chunk === null) return undefined;
      for (const body of this.#decoder.push(chunk)) this.#frames.push(parseServerFrame(body));
    }
    const frame = this.#frames.shift();
    if (frame !== undefined && this.#asked !== undefined) checkRefusal(this.#asked, frame);
    return frame;
  }

  /** The offset that the server is ready to go on from. */
  async ready(): Promise<number> {
    const frame = await this.next();
    assert.equal(frame?.type, "ready", JSON.stringify(frame));
    return frame?.type === "ready" ? frame.offset : NaN;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stream[Symbol.asyncDispose]();
  }
}

/** Uploads a file; returns from where the server wanted it, and its last word. */
export async function upload(
  peer: { readonly connection: Connection },
  file: TestFile,
): Promise<string> {
  await using stream = await FileStream.open(peer);
  await stream.write(uploadOf(file));
  const first = await stream.next();
  if (first?.type !== "ready") return wordOf(first);
  await stream.chunks(file.bytes.subarray(first.offset));
  await stream.stream.end();
  return `${first.offset}, ${wordOf(await stream.next())}`;
}

/** Downloads a file; returns the server's last word, and the bytes. */
export async function download(
  peer: { readonly connection: Connection },
  file: string,
  offset = 0,
): Promise<[word: string, bytes: Uint8Array]> {
  await using stream = await FileStream.open(peer);
  await stream.write({ type: "download", id: 2, file, offset });
  await stream.stream.end();
  const pieces: Uint8Array[] = [];
  let frame: ServerFrame | undefined;
  while ((frame = await stream.next())?.type === "chunk") pieces.push(frame.bytes);
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return [wordOf(frame), bytes];
}

/** A frame in short: its type, or its error's code. */
export function wordOf(frame: ServerFrame | undefined): string {
  return frame?.type === "error" ? frame.code : frame?.type ?? "nothing";
}
