import assert from "node:assert/strict";
import fc from "fast-check";
import { CapsuleReader } from "../../../../protocol/transport/tls/capsule_reader.ts";
import {
  type Capsule,
  encode,
  FAULT,
  Fault,
  MAX_DATA,
} from "../../../../protocol/transport/tls/capsules.ts";
import { fromHex, toHex } from "../../../helpers/hex.ts";

const uint32 = fc.nat({ max: 0xffff_ffff });
const stream = fc.nat({ max: 0x3fff_ffff }).map((number) => number * 4);
const secret = fc.uint8Array({ minLength: 16, maxLength: 16 });
const reason = fc.string({ maxLength: 60, unit: "grapheme" })
  .filter((text) => new TextEncoder().encode(text).length <= 200);

const capsule: fc.Arbitrary<Capsule> = fc.oneof(
  fc.constantFrom<Capsule[]>({ type: "open" }, { type: "fin" }, { type: "ping" }, { type: "pong" }),
  fc.tuple(secret, uint32).map((
    [secret, streams],
  ) => ({ type: "opened", secret, streams } as const)),
  fc.tuple(secret, stream).map(([secret, stream]) => ({ type: "attach", secret, stream } as const)),
  uint32.map((streams) => ({ type: "streams", streams } as const)),
  fc.uint8Array({ minLength: 1, maxLength: 100 }).map((
    bytes,
  ) => ({ type: "data", bytes } as const)),
  uint32.map((bytes) => ({ type: "credit", bytes } as const)),
  fc.tuple(stream, uint32).map(([stream, code]) => ({ type: "reset", stream, code } as const)),
  fc.tuple(
    fc.constantFrom("application" as const, "transport" as const, "idle" as const),
    uint32,
    reason,
  )
    .map(([kind, code, reason]) => close(kind, code, reason)),
);

Deno.test("CapsuleReader reads what encode wrote, wherever it was cut", () => {
  fc.assert(fc.property(fc.array(capsule), fc.array(fc.nat({ max: 300 })), (capsules, cuts) => {
    const reader = new CapsuleReader();
    const whole = Uint8Array.from(capsules.flatMap((one) => [...encode(one)]));
    const read = pieces(whole, cuts).flatMap((piece) => [...reader.read(piece)]);
    assert.deepEqual(joined(read), joined(capsules));
  }));
});

Deno.test("CapsuleReader takes any bytes, or says what is wrong with them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
      const reader = new CapsuleReader();
      try {
        for (const one of reader.read(bytes)) assert.ok(one.type);
      } catch (error) {
        assert.ok(error instanceof Fault, String(error));
        assert.equal(error.code, FAULT.encoding);
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("CapsuleReader refuses a capsule as soon as its header has come", () => {
  const refused = {
    "no type 0": "000000",
    "no type 12": "0c0000",
    "no type 255": "ff0000",
    "an open with a payload": "010001",
    "an opened of the wrong size": "020010",
    "an attach that is too short": "030013",
    "streams that are too long": "040005",
    "data without any": "050000",
    "too much data": "054001",
    "a fin with a payload": "060001",
    "a credit of eight bytes": "070008",
    "a reset without a code": "080004",
    "a ping with a payload": "090001",
    "a pong with a payload": "0a0001",
    "a close without a code": "0b0004",
    "a close with a long reason": "0b00ce",
  };
  for (const [what, header] of Object.entries(refused)) {
    assert.throws(() => readAll(header), { name: "Fault", code: FAULT.encoding }, what);
  }
  for (const whole of ["080008" + "00000001" + "00000000", "0b0005" + "03" + "00000000"]) {
    assert.throws(() => readAll(whole), { name: "Fault", code: FAULT.encoding }, whole);
  }
});

Deno.test("encode writes the bytes of docs/protocol.md", () => {
  const key = fromHex("000102030405060708090a0b0c0d0e0f");
  const vectors: readonly (readonly [Capsule, string])[] = [
    [{ type: "open" }, "010000"],
    [{ type: "opened", secret: key, streams: 8 }, `020014${toHex(key)}00000008`],
    [{ type: "attach", secret: key, stream: 4 }, `030014${toHex(key)}00000004`],
    [{ type: "streams", streams: 9 }, "04000400000009"],
    [{ type: "data", bytes: fromHex("686579") }, "050003686579"],
    [{ type: "fin" }, "060000"],
    [{ type: "credit", bytes: 196_608 }, "07000400030000"],
    [{ type: "reset", stream: 4, code: 0x100 }, "0800080000000400000100"],
    [{ type: "ping" }, "090000"],
    [{ type: "pong" }, "0a0000"],
    [close("application", 0x10b, "bye"), "0b0008000000010b627965"],
    [close("transport", 3, ""), "0b00050100000003"],
    [close("idle", 0, ""), "0b00050200000000"],
  ];
  for (const [one, bytes] of vectors) assert.equal(toHex(encode(one)), bytes);
});

Deno.test("encode cuts data so that each capsule fits into one TLS record", () => {
  const bytes = new Uint8Array(40_000).map((_, at) => at);
  const encoded = encode({ type: "data", bytes });
  assert.equal(encoded.length, bytes.length + 3 * 3);
  assert.equal(toHex(encoded.subarray(0, 3)), "053ffd");
  assert.equal(toHex(encoded.subarray(16_384, 16_387)), "053ffd");
  const read = [...new CapsuleReader().read(encoded)];
  assert.ok(read.every((one) => one.type === "data" && one.bytes.length < MAX_DATA));
  assert.deepEqual(joined(read), joined([{ type: "data", bytes }]));
});

Deno.test("encode cuts a reason at a character, and refuses a code that has no room", () => {
  const long = encode(close("application", 1, "🎣".repeat(60)));
  assert.equal(long.length, 3 + 5 + 200);
  for (const code of [-1, 2 ** 32, 1.5, NaN]) {
    assert.throws(() => encode({ type: "reset", stream: 0, code }), RangeError);
  }
});

function close(kind: "application" | "transport" | "idle", code: number, reason: string): Capsule {
  return { type: "close", close: { kind, code, reason, by: "peer" } };
}

function readAll(hex: string): Capsule[] {
  return [...new CapsuleReader().read(fromHex(hex))];
}

/** With data that stands together made one: a reader may pass it on in parts. */
function joined(capsules: readonly Capsule[]): Capsule[] {
  const whole: Capsule[] = [];
  for (const one of capsules) {
    const last = whole.at(-1);
    if (one.type !== "data" || last?.type !== "data") whole.push(one);
    else whole[whole.length - 1] = { type: "data", bytes: concat(last.bytes, one.bytes) };
  }
  return whole;
}

function concat(one: Uint8Array, other: Uint8Array): Uint8Array {
  return Uint8Array.from([...one, ...other]);
}

function pieces(whole: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [0, ...cuts.map((cut) => Math.min(cut, whole.length)), whole.length].toSorted(
    (one, other) => one - other,
  );
  return at.slice(1).map((end, index) => whole.subarray(at[index], end));
}
