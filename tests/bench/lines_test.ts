import assert from "node:assert/strict";
import {
  LINE_BYTES,
  lineOfText,
  LineReader,
  plainLine,
  textOf,
} from "../../bench/harness/lines.ts";
import { encodeFrame } from "../../protocol/codec.ts";

/** Three lines, and a frame of another length among them. */
const STREAM = [
  ...plainLine(1, 10),
  ...encodeFrame({ type: "ping", id: 1 }),
  ...plainLine(2, 11),
  ...plainLine(3, 12),
];

Deno.test("LineReader finds every frame, however the bytes arrive", () => {
  for (const size of [1, 3, 7, LINE_BYTES - 1, LINE_BYTES, LINE_BYTES + 1, STREAM.length]) {
    const lengths: number[] = [];
    const reader = new LineReader();
    reader.onFrame = (frame) => lengths.push(frame.byteLength);
    for (let at = 0; at < STREAM.length; at += size) {
      reader.push(Uint8Array.from(STREAM.slice(at, at + size)));
    }
    assert.deepEqual(lengths, [LINE_BYTES, 19, LINE_BYTES, LINE_BYTES], `${size} bytes at a time`);
    assert.equal(reader.count, 4);
  }
});

Deno.test("LineReader counts frames that nobody looks at, and may be looked at later", () => {
  for (const size of [1, 3, 7, LINE_BYTES, STREAM.length]) {
    const reader = new LineReader();
    for (let at = 0; at < STREAM.length; at += size) {
      reader.push(Uint8Array.from(STREAM.slice(at, at + size)));
    }
    assert.equal(reader.count, 4, `${size} bytes at a time`);
    let seen = 0;
    reader.onFrame = () => seen++;
    reader.push(plainLine(1, 1));
    assert.equal(seen, 1);
  }
});

Deno.test("textOf gives a line its number and its length", () => {
  assert.equal(lineOfText(textOf(4_294_967_295)), 4_294_967_295);
  assert.equal(textOf(1).length, textOf(1_000_000).length);
  assert.equal(plainLine(1, 1).byteLength, LINE_BYTES);
});
