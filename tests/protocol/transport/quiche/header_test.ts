import assert from "node:assert/strict";
import fc from "fast-check";
import {
  destinationEnd,
  destinationStart,
  hasValidIds,
  packetsOf,
  parseLongHeader,
} from "../../../../protocol/transport/quiche/header.ts";
import { fromHex, toHex } from "../../../helpers/hex.ts";

/** RFC 9001, appendix A.2: the unprotected header of a client's Initial, and A.4: a Retry. */
const INITIAL = fromHex("c3 00000001 08 8394c8f03e515708 00 00 449e 00000002");
const RETRY = fromHex(
  "ff 00000001 00 08 f067a5502a4262b5 746f6b656e 04a265ba2eff4d829058fb3f0f2496ba",
);

const id = fc.uint8Array({ maxLength: 20 });
const anything = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  // Of those that begin like a long header, more get far.
  fc.uint8Array({ minLength: 6, maxLength: 100 }).map((bytes) => {
    bytes.set([0xc0, 0, 0, 0, 1, (bytes[5] ?? 0) % 24]);
    return bytes;
  }),
);

/** A version 1 Initial's header, with a token whose length takes so many bytes. */
function initial(destination: Uint8Array, source: Uint8Array, token: Uint8Array): Uint8Array {
  const length = token.length < 64
    ? [token.length]
    : [0x40 | token.length >> 8, token.length & 0xff];
  return Uint8Array.from([
    ...[0xc0, 0, 0, 0, 1],
    ...[destination.length, ...destination],
    ...[source.length, ...source],
    ...[...length, ...token],
  ]);
}

Deno.test("parseLongHeader reads the examples of RFC 9001", () => {
  const first = parseLongHeader(INITIAL);
  assert.equal(first?.version, 1);
  assert.equal(first.type, "initial");
  assert.equal(toHex(first.destination), "8394c8f03e515708");
  assert.deepEqual([first.source.length, first.token.length], [0, 0]);

  const retry = parseLongHeader(RETRY);
  assert.equal(retry?.type, "retry");
  assert.equal(toHex(retry.source), "f067a5502a4262b5");
});

Deno.test("parseLongHeader reads what stands in an Initial, whatever the lengths", () => {
  fc.assert(fc.property(id, id, fc.uint8Array({ maxLength: 200 }), (destination, source, token) => {
    const header = parseLongHeader(initial(destination, source, token));
    assert.ok(header);
    assert.deepEqual(header.destination, destination);
    assert.deepEqual(header.source, source);
    assert.deepEqual(header.token, token);
    assert.ok(hasValidIds(header));
  }));
});

Deno.test("parseLongHeader reads nothing from a header that is cut short", () => {
  const whole = initial(new Uint8Array(8), new Uint8Array(8), new Uint8Array(70));
  for (let length = 0; length < whole.length; length++) {
    assert.equal(parseLongHeader(whole.subarray(0, length)), undefined, `${length} bytes`);
  }
  assert.ok(parseLongHeader(whole));
});

Deno.test("parseLongHeader reads IDs of versions that allow longer ones", () => {
  const long = initial(new Uint8Array(40).fill(7), new Uint8Array(3), new Uint8Array(0));
  long.set([0, 0, 0, 0], 1);
  const header = parseLongHeader(long);
  assert.equal(header?.version, 0);
  assert.equal(header.destination.length, 40);
  assert.ok(!hasValidIds(header));
});

Deno.test("parseLongHeader keeps within the datagram, whatever it is", () => {
  fc.assert(
    fc.property(anything, (datagram) => {
      const header = parseLongHeader(datagram);
      if (header === undefined) return;
      for (const part of [header.destination, header.source, header.token]) {
        assert.ok(part.byteOffset + part.length <= datagram.byteOffset + datagram.length);
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("destinationEnd finds the ID of long and short headers", () => {
  assert.deepEqual([destinationStart(INITIAL), destinationEnd(INITIAL)], [6, 14]);
  const short = Uint8Array.from([0x40, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual([destinationStart(short), destinationEnd(short)], [1, 9]);
  assert.equal(destinationEnd(short.subarray(0, 8)), 0);
  assert.equal(destinationEnd(INITIAL.subarray(0, 13)), 0);
  assert.equal(destinationEnd(new Uint8Array(0)), 0);
});

Deno.test("packetsOf loses and invents no byte, whatever the datagram is", () => {
  fc.assert(
    fc.property(anything, (datagram) => {
      const packets = [...packetsOf(datagram)];
      assert.ok(packets.every((packet) => packet.length > 0));
      assert.deepEqual(Uint8Array.from(packets.flatMap((packet) => [...packet])), datagram);
    }),
    { numRuns: 2000 },
  );
});
