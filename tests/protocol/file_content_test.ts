import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeFileContent, encodeFileContent } from "../../protocol/file_content.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { fromHex, toHex } from "../helpers/hex.ts";
import { decode, encode } from "../helpers/independent_msgpack.ts";

const NOTE = {
  file: "01JD3Z8Q6W0VX5T7N2K9M4RBCE",
  name: "Grüße 👋.txt",
  size: 5_000_000_000,
  hash: Uint8Array.from({ length: 32 }, (_, index) => index),
};

const GOLDEN = fromHex(`
  84a466696c65ba30314a44335a385136573056583554374e324b394d3452424345
  a46e616d65b04772c3bcc39f6520f09f918b2e747874
  a473697a65cf000000012a05f200
  a468617368c420000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
`);

Deno.test("encodeFileContent writes the golden content, and decodeFileContent reads it", () => {
  assert.equal(toHex(encodeFileContent(NOTE)), toHex(GOLDEN));
  assert.deepEqual(decodeFileContent(GOLDEN), NOTE);
  // An independent decoder reads it too.
  assert.deepEqual(decode(GOLDEN), NOTE);
});

Deno.test("decodeFileContent ignores fields that it does not know", () => {
  assert.deepEqual(decodeFileContent(encode({ ...NOTE, later: [1, { deep: true }] })), NOTE);
});

Deno.test("decodeFileContent copies the hash out of the body", () => {
  const body = new Uint8Array(GOLDEN);
  const note = decodeFileContent(body);
  body.fill(0);
  assert.deepEqual(note, NOTE);
});

Deno.test("decodeFileContent refuses anything else", () => {
  const wrong = [
    { ...NOTE, file: "no" },
    { ...NOTE, name: "" },
    { ...NOTE, name: "ü".repeat(LIMITS.fileName / 2 + 1) },
    { ...NOTE, name: 7 },
    { ...NOTE, size: -1 },
    { ...NOTE, size: 1.5 },
    { ...NOTE, hash: NOTE.hash.subarray(1) },
    { ...NOTE, hash: "x".repeat(32) },
    { file: NOTE.file, name: NOTE.name, size: NOTE.size },
    {},
  ];
  for (const map of wrong) assert.equal(decodeFileContent(encode(map)), undefined);
  assert.equal(decodeFileContent("text"), undefined);
  assert.equal(decodeFileContent(new Uint8Array(0)), undefined);
  assert.equal(decodeFileContent(GOLDEN.subarray(1)), undefined);
  assert.equal(decodeFileContent(Uint8Array.of(...GOLDEN, 0)), undefined);
  const large = encode({ ...NOTE, later: "x".repeat(LIMITS.content) });
  assert.equal(decodeFileContent(large), undefined);
});

Deno.test("decodeFileContent never throws", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    assert.equal(decodeFileContent(bytes), undefined);
  }));
  const edited = fc.record({ at: fc.nat(GOLDEN.length - 1), byte: fc.nat(255) });
  fc.assert(fc.property(edited, ({ at, byte }) => {
    decodeFileContent(GOLDEN.with(at, byte));
  }));
});

Deno.test("encodeFileContent refuses a name over the limit, and repairs half of an emoji", () => {
  assert.throws(() => encodeFileContent({ ...NOTE, name: "x".repeat(256) }), /its name is invalid/);
  assert.throws(() => encodeFileContent({ ...NOTE, file: "no" }), RangeError);
  assert.equal(decodeFileContent(encodeFileContent({ ...NOTE, name: "a\ud83d" }))?.name, "a\ufffd");
});
