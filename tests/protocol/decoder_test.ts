import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameDecoder } from "../../protocol/decoder.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";

function prefixed(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + body.length);
  new DataView(bytes.buffer).setUint32(0, body.length);
  bytes.set(body, 4);
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function throwsCode(code: string, action: () => void): void {
  assert.throws(action, (error) => error instanceof ProtocolError && error.code === code);
}

const ABC = Uint8Array.of(1, 2, 3);

Deno.test("FrameDecoder yields every frame of a chunk as a view of that chunk", () => {
  const chunk = concat([prefixed(ABC), prefixed(Uint8Array.of(9))]);
  const bodies = [...new FrameDecoder().push(chunk)];
  assert.deepEqual(bodies, [ABC, Uint8Array.of(9)]);
  assert.equal(bodies[0]?.buffer, chunk.buffer);
});

Deno.test("FrameDecoder takes a byte at a time", () => {
  const decoder = new FrameDecoder();
  const bodies: Uint8Array[] = [];
  for (const byte of concat([prefixed(ABC), prefixed(ABC)])) {
    bodies.push(...decoder.push(Uint8Array.of(byte)));
  }
  assert.deepEqual(bodies, [ABC, ABC]);
  decoder.end();
});

Deno.test("FrameDecoder gives the same frames however the stream is cut", () => {
  fc.assert(fc.property(
    fc.array(fc.uint8Array({ minLength: 1, maxLength: 3000 }), { maxLength: 8 }),
    fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 20 }),
    (bodies, cuts) => {
      const stream = concat(bodies.map(prefixed));
      const decoder = new FrameDecoder();
      const decoded: Uint8Array[] = [];
      let at = 0;
      for (const cut of cuts) {
        decoded.push(...decoder.push(stream.subarray(at, at + cut)));
        at += cut;
      }
      decoded.push(...decoder.push(stream.subarray(at)));
      decoder.end();
      assert.deepEqual(decoded, bodies);
    },
  ));
});

/** Runs the action and counts the bytes that it copies from one array into another. */
function bytesCopied(action: () => void): number {
  const typedArray: { set: Uint8Array["set"] } = Object.getPrototypeOf(Uint8Array.prototype);
  const set = typedArray.set;
  let copied = 0;
  typedArray.set = function (this: Uint8Array, source: ArrayLike<number>, offset?: number) {
    copied += source.length;
    set.call(this, source, offset);
  };
  try {
    action();
  } finally {
    typedArray.set = set;
  }
  return copied;
}

Deno.test("FrameDecoder copies each byte at most a few times when bytes arrive one by one", () => {
  const body = new Uint8Array(LIMITS.frame).fill(7);
  const stream = prefixed(body);
  const decoder = new FrameDecoder();
  const bodies: Uint8Array[] = [];
  const copied = bytesCopied(() => {
    for (const byte of stream) bodies.push(...decoder.push(Uint8Array.of(byte)));
  });
  assert.deepEqual(bodies, [body]);
  assert.ok(copied <= 3 * body.length, `${copied} bytes were copied`);
});

Deno.test("FrameDecoder does not copy a frame that lies within a chunk", () => {
  const chunk = concat(Array.from({ length: 20 }, () => prefixed(ABC)));
  const decoder = new FrameDecoder();
  assert.equal(bytesCopied(() => [...decoder.push(chunk)]), 0);
});

Deno.test("FrameDecoder takes a frame of the limit and refuses one byte more", () => {
  const [body] = new FrameDecoder().push(prefixed(new Uint8Array(LIMITS.frame)));
  assert.equal(body?.length, LIMITS.frame);
  const tooLong = Uint8Array.of(0, 1, 0, 1);
  throwsCode("frame_too_large", () => [...new FrameDecoder().push(tooLong)]);
});

Deno.test("FrameDecoder refuses lengths of more than 31 bits", () => {
  const huge = Uint8Array.of(0xff, 0xff, 0xff, 0xff);
  throwsCode("frame_too_large", () => [...new FrameDecoder().push(huge)]);
});

Deno.test("FrameDecoder refuses a length of 0", () => {
  throwsCode("frame_malformed", () => [...new FrameDecoder().push(new Uint8Array(4))]);
});

Deno.test("FrameDecoder yields the frames before a fault, and throws the fault from then on", () => {
  const decoder = new FrameDecoder();
  const seen: Uint8Array[] = [];
  throwsCode("frame_too_large", () => {
    for (const body of decoder.push(concat([prefixed(ABC), Uint8Array.of(0xff, 0, 0, 0)]))) {
      seen.push(body);
    }
  });
  assert.deepEqual(seen, [ABC]);
  throwsCode("frame_too_large", () => [...decoder.push(prefixed(ABC))]);
  throwsCode("frame_too_large", () => decoder.end());
});

Deno.test("FrameDecoder.end throws frame_truncated inside a length and inside a body", () => {
  for (let cut = 1; cut < 7; cut++) {
    const decoder = new FrameDecoder();
    assert.deepEqual([...decoder.push(prefixed(ABC).subarray(0, cut))], []);
    throwsCode("frame_truncated", () => decoder.end());
  }
});

Deno.test("FrameDecoder.end does not throw between two frames", () => {
  const decoder = new FrameDecoder();
  decoder.end();
  assert.equal([...decoder.push(prefixed(ABC))].length, 1);
  decoder.end();
});

Deno.test("FrameDecoder.push refuses a chunk while the last one is being read", () => {
  const decoder = new FrameDecoder();
  decoder.push(prefixed(ABC)).next();
  assert.throws(() => decoder.push(prefixed(ABC)).next(), /Cannot push/);
});
