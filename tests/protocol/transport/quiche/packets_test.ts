import assert from "node:assert/strict";
import { packetsOf } from "../../../../protocol/transport/quiche/header.ts";

/** Version 1, IDs of one byte each, a length of 2. */
const INITIAL = [0xc0, 0, 0, 0, 1, 1, 0xaa, 1, 0xbb, 1, 0x77, 2, 0x11, 0x12];
const HANDSHAKE = [0xe0, 0, 0, 0, 1, 1, 0xaa, 1, 0xbb, 2, 0x21, 0x22];
const SHORT = [0x40, 0xaa, 0x31, 0x32, 0x33];

function split(...packets: number[][]): number[][] {
  return [...packetsOf(Uint8Array.from(packets.flat()))].map((packet) => [...packet]);
}

Deno.test("packetsOf takes a datagram apart", () => {
  assert.deepEqual(split(SHORT), [SHORT]);
  assert.deepEqual(split(HANDSHAKE, SHORT), [HANDSHAKE, SHORT]);
  assert.deepEqual(split(INITIAL, HANDSHAKE, SHORT), [INITIAL, HANDSHAKE, SHORT]);
});

Deno.test("packetsOf leaves together what does not say where it ends", () => {
  const retry = [0xf0, ...HANDSHAKE.slice(1)];
  assert.deepEqual(split(retry, SHORT), [[...retry, ...SHORT]]);
  for (let length = 1; length < HANDSHAKE.length; length++) {
    const cut = HANDSHAKE.slice(0, length);
    assert.deepEqual(split(cut), [cut]);
  }
  assert.deepEqual(split(), []);
});
