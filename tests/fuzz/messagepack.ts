/**
 * MessagePack that is meant to cost: deep nesting, lengths that are announced and do not come, long
 * maps and arrays, extension types, invalid text. What the decoder takes, an independent decoder
 * MUST take for the same.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import process from "node:process";
import fc from "fast-check";
import { parseClientFrame, parseServerFrame } from "../../protocol/codec.ts";
import { FrameDecoder, LENGTH_BYTES } from "../../protocol/decoder.ts";
import { ERRORS, ProtocolError } from "../../protocol/errors.ts";
import type { Frame } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { anyBody, anyValue, damaged } from "../helpers/hostile_bodies.ts";
import { fromHex } from "../helpers/hex.ts";
import { decode, encode, type Value, type ValueMap } from "../helpers/independent_msgpack.ts";
import { VECTORS } from "../helpers/vectors.ts";
import type { FuzzTarget } from "./batch.ts";

const RUNS = 500;
/** Microseconds of CPU and bytes of memory for one body of 64 KiB, on a slow and busy machine. */
const MOST_TIME = 500_000;
const MOST_MEMORY = 16 * 1024 * 1024;
/** Smaller bodies are not worth measuring. */
const MEASURED = 10_000;

const bytesOf = (...parts: readonly (number | Uint8Array)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => typeof part === "number" ? [part] : [...part]));

/** The heads of one array or map, up to its only item. */
const HEADS = ["91", "81a161", "dc0001", "dd00000001", "de0001a161", "df00000001d90161"]
  .map(fromHex);

/** Arrays and maps in each other. */
const nest: fc.Arbitrary<Uint8Array> = fc.record({
  depth: fc.oneof(fc.integer({ min: 1, max: LIMITS.depth + 2 }), fc.nat(30_000)),
  heads: fc.array(fc.constantFrom(...HEADS), { minLength: 1, maxLength: 3 }),
  end: fc.constantFrom(0xc0, 0x90, 0x80, 0xa0),
}).map(({ depth, heads, end }) => {
  const nested: number[] = [];
  for (let level = 0; level < depth && nested.length < LIMITS.frame; level++) {
    nested.push(...heads[level % heads.length] ?? []);
  }
  return bytesOf(Uint8Array.from(nested), end);
});

/** Types whose head is followed by a length of so many bytes. */
const SIZED: readonly (readonly [head: number, bytes: 1 | 2 | 4])[] = [
  ...[[0xd9, 1], [0xda, 2], [0xdb, 4], [0xc4, 1], [0xc5, 2], [0xc6, 4]] as const,
  ...[[0xdc, 2], [0xdd, 4], [0xde, 2], [0xdf, 4], [0xc7, 1], [0xc8, 2], [0xc9, 4]] as const,
];
const anyLength = fc.oneof(
  fc.nat(70),
  fc.constantFrom(LIMITS.mapEntries, LIMITS.mapEntries + 1, LIMITS.arrayItems, 1025, 65_535),
  fc.constantFrom(0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
  fc.nat(0xffff_ffff),
);

/** A length, and more or fewer bytes than that. */
const announced: fc.Arbitrary<Uint8Array> = fc.record({
  sized: fc.constantFrom(...SIZED),
  length: anyLength,
  rest: fc.uint8Array({ maxLength: 80 }),
  fill: fc.oneof(fc.constant(0), fc.nat(60_000)),
  with: fc.constantFrom(0xc0, 0x00, 0x61, 0x90, 0x80, 0xff),
}).map(({ sized: [head, size], length, rest, fill, with: filler }) => {
  const field = new DataView(new ArrayBuffer(4));
  field.setUint32(0, length);
  const encoded = new Uint8Array(field.buffer).subarray(4 - size);
  return bytesOf(head, encoded, rest, new Uint8Array(fill).fill(filler));
});

/** As many small items as fit. */
const wide: fc.Arbitrary<Uint8Array> = fc.record({
  item: fc.constantFrom("c0", "90", "80", "a0", "81a161c0", "cb7ff8000000000000", "92c0c0"),
  items: fc.constantFrom(16, LIMITS.arrayItems - 1, LIMITS.arrayItems),
  rows: fc.constantFrom(1, 12, 60),
}).map(({ item, items, rows }) => {
  const row = bytesOf(0xdc, items >> 8, items & 0xff, fromHex(item.repeat(items)));
  const most = Math.max(1, Math.min(rows, Math.floor(65_000 / row.length)));
  return bytesOf(0xdc, 0, most, ...Array<Uint8Array>(most).fill(row));
});

/** Maps with many keys, long keys and equal keys. */
const keyed: fc.Arbitrary<Uint8Array> = fc.array(
  fc.tuple(
    fc.oneof(
      fc.string({ maxLength: LIMITS.key + 1 }),
      fc.constantFrom("", "a", "__proto__", "constructor", "toString", "type", "id"),
    ),
    anyValue,
  ),
  { maxLength: LIMITS.mapEntries + 1 },
).map((entries) =>
  bytesOf(
    ...[0xde, 0, entries.length],
    ...entries.flatMap(([key, value]) => [encode(key), encode(value)]),
  )
);

const number: fc.Arbitrary<Uint8Array> = fc.tuple(
  fc.constantFrom(0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3),
  fc.uint8Array({ minLength: 8, maxLength: 8 }),
).map(([head, bytes]) =>
  bytesOf(head, bytes.subarray(0, head < 0xcc ? 4 << (head - 0xca) : 1 << (head & 3)))
);

/** Text whose bytes need not be UTF-8. */
const text: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 31 }),
  damaged(fc.string({ unit: "binary", maxLength: 10 }).map((it) => new TextEncoder().encode(it)), 9)
    .map((bytes) => bytes.subarray(0, 31)),
).map((bytes) => bytesOf(0xa0 | bytes.length, bytes));

const extension: fc.Arbitrary<Uint8Array> = fc.tuple(
  fc.integer({ min: 0xd4, max: 0xd8 }),
  fc.constantFrom(0, 1, 0xff),
).map(([head, type]) => bytesOf(head, type, new Uint8Array(1 << (head - 0xd4))));

const bomb = fc.oneof(nest, announced, wide, keyed, number, text, extension);

/** A golden frame with a bomb in the place of one of its values, or beside them. */
const armed: fc.Arbitrary<Uint8Array> = fc.tuple(fc.constantFrom(...VECTORS), bomb, fc.nat())
  .map(([{ frame }, bomb, place]) => {
    const entries = Object.entries(frame)
      .map(([key, value]) => [encode(key), encode(value as Value)] as const);
    const at = place % (entries.length + 1);
    const key = entries[at]?.[0] ?? encode("more");
    const armed = entries.toSpliced(at, 1, [key, bomb]);
    return bytesOf(0x80 | armed.length, ...armed.flat());
  });

const body = fc.oneof(
  { weight: 6, arbitrary: armed },
  { weight: 1, arbitrary: bomb },
  { weight: 2, arbitrary: anyBody },
).map((bytes) => bytes.subarray(0, LIMITS.frame));

export const messagepack: FuzzTarget = {
  name: "messagepack",
  promise: "parseClientFrame and parseServerFrame take no bomb, and nothing for something else",
  run: (batch) =>
    batch.tryInputs(RUNS, fc.record({ body, cut: fc.nat() }), ({ body, cut }) => {
      for (const parse of [parseClientFrame, parseServerFrame]) {
        const frame = measured(body, () => attempt(() => parse(body)));
        if (frame !== undefined) checkSame(frame, body);
      }
      checkFraming(body, cut);
    }),
};

/** The frame; `undefined` if it was refused. */
function attempt(parse: () => Frame): Frame | undefined {
  try {
    return parse();
  } catch (error) {
    assert.ok(error instanceof ProtocolError, `threw ${error}`);
    assert.ok(["frame_malformed", "unknown_type", "bad_frame"].includes(error.code), error.code);
    assert.ok(Object.hasOwn(ERRORS, error.code));
    return undefined;
  }
}

/** Fails if that takes too much. CPU and not time: the machine may be busy. */
function measured<Result>({ length }: Uint8Array, work: () => Result): Result {
  if (length < MEASURED) return work();
  const memory = Deno.memoryUsage();
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  const { heapUsed, external } = Deno.memoryUsage();
  assert.ok(user + system < MOST_TIME, `${user + system} µs of CPU`);
  const grown = heapUsed - memory.heapUsed + external - memory.external;
  assert.ok(grown < MOST_MEMORY, `${grown} bytes of memory`);
  return result;
}

/** Everything in the frame is in the body, by a decoder that shares no code with Sotto's. */
function checkSame(frame: Frame, body: Uint8Array): void {
  const value = decode(body);
  const isSalvaged = frame.type === "message" && frame.content.kind === "";
  if (!isSalvaged) assert.ok(holds(value, frame), `took ${JSON.stringify(value)} for a frame`);
}

/** Whether each part of `frame` is in `value`, which may have more. */
function holds(value: Value | undefined, part: unknown): boolean {
  if (part instanceof Uint8Array) {
    return value instanceof Uint8Array && isSame(value, part);
  }
  if (Array.isArray(part)) {
    return Array.isArray(value) && value.length === part.length &&
      part.every((item, at) => holds(value[at], item));
  }
  if (typeof part === "object" && part !== null) {
    return isMap(value) && Object.entries(part).every(([key, item]) => holds(value[key], item));
  }
  // docs/protocol.md, "MessagePack": U+FEFF in front of a string may be dropped.
  if (typeof value === "string") return value === part || value === `\ufeff${part}`;
  return Object.is(value, part);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

function isMap(value: Value | undefined): value is ValueMap {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Uint8Array);
}

/** However the bytes of a frame are cut, its body comes out whole; and more never does. */
function checkFraming(body: Uint8Array, cut: number): void {
  const frame = new Uint8Array(LENGTH_BYTES + body.length);
  new DataView(frame.buffer).setUint32(0, body.length);
  frame.set(body, LENGTH_BYTES);
  const decoder = new FrameDecoder();
  const at = cut % frame.length;
  try {
    const bodies = [frame.subarray(0, at), frame.subarray(at)]
      .flatMap((chunk) => [...decoder.push(chunk)]);
    decoder.end();
    assert.ok(bodies.length === 1 && bodies.every((one) => isSame(one, body)));
  } catch (error) {
    assert.ok(error instanceof ProtocolError && body.length === 0, String(error));
  }
}
