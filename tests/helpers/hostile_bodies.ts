/** Arbitrary bodies that are no frames, or nearly one, for property tests and fuzzers. */
import fc from "fast-check";
import { encodeFrame } from "../../protocol/codec.ts";
import { LENGTH_BYTES } from "../../protocol/decoder.ts";
import type { Frame } from "../../protocol/frame.ts";
import { anyClientFrame, anyServerFrame } from "./frames.ts";
import { encode, type Value, type ValueMap } from "./independent_msgpack.ts";

/** Any value of MessagePack but extension types. */
export const { value: anyValue } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 10, withCrossShrink: true },
    fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double(),
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.uint8Array({ maxLength: 40 }),
    ),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(fc.string({ maxLength: 10 }), tie("value"), { maxKeys: 5 }),
  ),
}));

/** A map that looks like a frame and may be one: field names and types are real, values random. */
const almostFrame: fc.Arbitrary<ValueMap> = fc.dictionary(
  fc.constantFrom(
    ...["id", "re", "versions", "features", "client", "user", "password", "intent", "token"],
    ...["ulid", "conversation", "content", "after", "limit", "seq", "more", "users", "code"],
    ...["file", "size", "hash", "offset", "bytes"],
  ),
  fc.oneof(anyValue, fc.nat(), fc.constantFrom("room:general", "text", "any")),
).chain((fields) =>
  fc.constantFrom(
    ...["hello", "login", "send", "history", "ack", "users", "error", "constructor"],
    ...["upload", "download", "chunk", "ready"],
  )
    .map((type) => ({ type, ...fields }))
);

/** The bytes with some changed, inserted or removed. */
export function damaged(
  bytes: fc.Arbitrary<Uint8Array>,
  furthest = 400,
): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    at: fc.nat(furthest),
    cut: fc.integer({ min: 0, max: 3 }),
    put: fc.uint8Array({ maxLength: 3 }),
  });
  return fc.tuple(bytes, fc.array(edit, { minLength: 1, maxLength: 4 })).map(([whole, edits]) => {
    const bytes = [...whole];
    for (const { at, cut, put } of edits) bytes.splice(at % (bytes.length + 1), cut, ...put);
    return Uint8Array.from(bytes);
  });
}

export function bodyOf(frame: Frame): Uint8Array {
  return encodeFrame(frame).subarray(LENGTH_BYTES);
}

export const anyBody: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  damaged(fc.oneof(anyClientFrame, anyServerFrame).map(bodyOf)),
  almostFrame.map((map) => encode(map)),
  anyValue.map((value) => encode(value)),
  anyClientFrame.map(bodyOf),
  anyServerFrame.map(bodyOf),
);
