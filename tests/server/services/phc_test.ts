import assert from "node:assert/strict";
import fc from "fast-check";
import { formatPhc, parsePhc } from "../../../server/services/phc.ts";

// From the reference implementation's own tests (github.com/P-H-C/phc-winner-argon2, src/test.c).
const REFERENCE =
  "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAphArZZWb2GRPPc";

Deno.test("parsePhc() reads the reference implementation's string", () => {
  const parsed = parsePhc(REFERENCE);
  assert.deepEqual(parsed?.cost, { m: 65536, t: 2, p: 1 });
  assert.equal(new TextDecoder().decode(parsed.salt), "somesalt");
  assert.equal(parsed.hash.length, 32);
  assert.equal(formatPhc(parsed), REFERENCE);
});

Deno.test("parsePhc() undoes formatPhc()", () => {
  const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });
  const hashes = fc.record({
    cost: fc.record({
      m: fc.integer({ min: 128, max: 262144 }),
      t: fc.integer({ min: 1, max: 16 }),
      p: fc.integer({ min: 1, max: 16 }),
    }, { noNullPrototype: true }),
    salt: bytes(8, 64),
    hash: bytes(16, 64),
  }, { noNullPrototype: true });
  fc.assert(fc.property(hashes, (hash) => assert.deepEqual(parsePhc(formatPhc(hash)), hash)));
});

Deno.test("parsePhc() gives undefined for other schemes and malformed strings", () => {
  for (
    const [from, to] of [
      ["argon2id", "argon2i"],
      ["argon2id", "argon2d"],
      ["v=19", "v=16"],
      ["$v=19", ""],
      ["m=65536,t=2", "t=2,m=65536"],
      ["m=65536", "m=065536"],
      ["m=65536", "m=-65536"],
      ["m=65536", "m=6e4"],
      ["c29tZXNhbHQ", "c29tZXNhbHQ=="],
      ["c29tZXNhbHQ", "c29tZXNhb"],
      ["c29tZXNhbHQ", "c29tZXNhbHR"], // Stray bits.
      ["c29tZXNhbHQ", ""],
      ["CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAphArZZWb2GRPPc", ""],
      ["GRPPc", "GRPPc\n"],
    ] as const
  ) {
    const text = REFERENCE.replace(from, to);
    assert.notEqual(text, REFERENCE);
    assert.equal(parsePhc(text), undefined, text);
  }
  assert.equal(parsePhc(""), undefined);
});

Deno.test("parsePhc() gives undefined for costs and sizes that are not sane", () => {
  for (
    const [from, to] of [
      ["m=65536", "m=262145"],
      ["m=65536", "m=7"],
      ["m=65536", "m=99999999999"],
      ["t=2", "t=0"],
      ["t=2", "t=17"],
      ["p=1", "p=0"],
      ["p=1", "p=17"],
      ["c29tZXNhbHQ", "c29tZXNh"], // 6 bytes.
      ["c29tZXNhbHQ", "A".repeat(88)], // 66 bytes.
      ["CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAphArZZWb2GRPPc", "A".repeat(20)], // 15 bytes.
    ] as const
  ) {
    assert.equal(parsePhc(REFERENCE.replace(from, to)), undefined, to);
  }
});

Deno.test("parsePhc() never throws", () => {
  const pieces = fc.constantFrom("$", "argon2id", "v=19", "m=", "t=", "p=", ",", "8", "AAAA", "=");
  const texts = fc.oneof(fc.string(), fc.array(pieces).map((array) => array.join("")));
  fc.assert(fc.property(texts, (text) => void parsePhc(text)));
});
