/**
 * The lines of the bench, in the framing of the protocol: a 4-byte length, then the body. A plain
 * line (floor and bare engines) says who sent it and its number, and is as long as the `message`
 * frame that Sotto would make of it, so that all servers move the same number of bytes.
 */
import { encodeFrame } from "../../protocol/codec.ts";
import { LENGTH_BYTES } from "../../protocol/decoder.ts";
import type { Message } from "../../protocol/frame.ts";
import { GENERAL } from "../../protocol/names.ts";

/** Characters of a message in the bench. */
const TEXT = 64;
const DIGITS = 10;

/** The text of a line: its number, padded to the length of a message. */
export function textOf(line: number): string {
  return String(line).padStart(DIGITS, "0").padEnd(TEXT, " lorem ipsum");
}

export function lineOfText(text: string): number {
  return Number(text.slice(0, DIGITS));
}

const example: Message = {
  type: "message",
  conversation: GENERAL,
  seq: 70_000,
  ulid: "01JCXYZ0000000000000000000",
  from: "user0001",
  at: 1_795_000_000_000,
  content: { kind: "text", body: textOf(0) },
};

/** Bytes of a `message` frame of the bench, and of a plain line. */
export const LINE_BYTES = encodeFrame(example).byteLength;

export function plainLine(sender: number, line: number): Uint8Array {
  const bytes = new Uint8Array(LINE_BYTES).fill(0x2e);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, LINE_BYTES - LENGTH_BYTES);
  view.setUint32(LENGTH_BYTES, sender);
  view.setUint32(LENGTH_BYTES + 4, line);
  return bytes;
}

/**
 * Finds the frames in chunks, or only counts them. It checks less than `FrameDecoder`, because the
 * load must not be what is measured.
 */
export class LineReader {
  /** Complete frames so far. */
  count = 0;
  /** Called with each complete frame, its length included: a view of the chunk. */
  onFrame: ((frame: Uint8Array) => void) | undefined;
  /** The beginning of an incomplete frame. */
  #rest: Uint8Array = new Uint8Array(0);
  /** Bytes to skip before the next frame, while frames are only counted. */
  #skip = 0;

  push(chunk: Uint8Array): void {
    let at = Math.min(this.#skip, chunk.byteLength);
    this.#skip -= at;
    const all = this.#rest.byteLength === 0 ? chunk : joined(this.#rest, chunk);
    while (all.byteLength - at >= LENGTH_BYTES) {
      const end = at + LENGTH_BYTES + lengthAt(all, at);
      if (end > all.byteLength) {
        if (this.onFrame !== undefined) break;
        this.#skip = end - all.byteLength;
      }
      this.onFrame?.(all.subarray(at, end));
      this.count++;
      at = end;
    }
    this.#rest = all.subarray(at);
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24 | (bytes[at + 1] ?? 0) << 16 | (bytes[at + 2] ?? 0) << 8 |
    (bytes[at + 3] ?? 0)) >>> 0;
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const all = new Uint8Array(one.byteLength + other.byteLength);
  all.set(one);
  all.set(other, one.byteLength);
  return all;
}
