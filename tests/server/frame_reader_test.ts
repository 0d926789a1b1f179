import assert from "node:assert/strict";
import { FrameReader } from "../../server/frame_reader.ts";

/** A stream that yields these chunks. */
function streamOf(...chunks: number[][]) {
  const left = chunks.map((chunk) => Uint8Array.from(chunk));
  return { left, read: () => Promise.resolve(left.shift() ?? null) };
}

async function next(reader: FrameReader): Promise<number[] | undefined> {
  const body = await reader.next();
  return body && [...body];
}

Deno.test("FrameReader.next() yields the frames of all chunks, and reads no further than asked", async () => {
  const stream = streamOf([0, 0, 0, 1, 7, 0, 0, 0, 2, 8], [9, 0, 0, 0, 1, 5]);
  const reader = new FrameReader(stream);
  assert.deepEqual(await next(reader), [7]);
  assert.equal(stream.left.length, 1);
  assert.deepEqual(await next(reader), [8, 9]);
  assert.deepEqual(await next(reader), [5]);
  assert.equal(await next(reader), undefined);
  reader.checkEnd();
});

Deno.test("FrameReader.next() frees a frame when the next is asked for", async () => {
  const reader = new FrameReader(streamOf([0, 0, 0, 1, 7], [0, 0, 0, 1, 8]));
  const body = await reader.next();
  assert.equal(body?.length, 1);
  await reader.next();
  assert.equal(body?.length, 0);
});

Deno.test("FrameReader.checkEnd() throws if the stream ended inside a frame", async () => {
  const reader = new FrameReader(streamOf([0, 0, 0, 3, 7]));
  assert.equal(await next(reader), undefined);
  assert.throws(() => reader.checkEnd(), { code: "frame_truncated" });
});

Deno.test("FrameReader.skipRest() waits for a read under way, and decodes nothing more", async () => {
  const stream = streamOf([0, 0, 0, 1, 7], [255, 255, 255, 255, 1], [1]);
  const reader = new FrameReader(stream);
  const reading = reader.next();
  await reader.skipRest();
  assert.equal(stream.left.length, 0);
  await reading;
});
