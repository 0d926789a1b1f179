import assert from "node:assert/strict";
import { correctChecksum } from "../../../bench/compare/checksum.ts";
import { fromHex, toHex } from "../../helpers/hex.ts";

/** From 192.0.2.1 to 192.0.2.2: Ethernet, IPv4, then TCP or UDP up to its checksum. */
const TCP = "02000000000102000000000208004500LENG0001400040060000c0000201c0000202" +
  "1151c35000000001000000025018" + "0400";
const UDP = "02000000000102000000000208004500002100014000" +
  "40110000c0000201c00002021151c350000d";

/** Made by another implementation (RFC 1071 in Python, with `struct`). */
const SEGMENTS: readonly (readonly [length: string, checksum: string, rest: string])[] = [
  ["002d", "0f4d", "000068656c6c6f"],
  ["002e", "0f2b", "000068656c6c6f21"],
];

Deno.test("correctChecksum agrees with another implementation for TCP, odd lengths too", () => {
  for (const [length, checksum, rest] of SEGMENTS) {
    const start = TCP.replace("LENG", length);
    for (const wrong of ["0000", "ffff", checksum]) {
      const frame = fromHex(start + wrong + rest);
      correctChecksum(frame);
      assert.equal(toHex(frame), start + checksum + rest);
    }
  }
});

Deno.test("mendChecksum looks at the packet alone, and not at what pads it", () => {
  const [length, checksum, rest] = SEGMENTS[0] ?? ["", "", ""];
  const start = TCP.replace("LENG", length);
  const frame = fromHex(`${start}0000${rest}beef`);
  correctChecksum(frame);
  assert.equal(toHex(frame), `${start}${checksum}${rest}beef`);
});

Deno.test("mendChecksum takes UDP's away, which then counts as none", () => {
  const frame = fromHex(`${UDP}beef68656c6c6f`);
  correctChecksum(frame);
  assert.equal(toHex(frame), `${UDP}000068656c6c6f`);
});

Deno.test("mendChecksum leaves alone what is no such packet, or is cut short", () => {
  const arp = "ffffffffffff0200000000020806" + "00".repeat(28);
  for (const hex of ["", "00", arp, `${UDP}beef`.slice(0, -2), TCP.replace("LENG", "002d")]) {
    const frame = fromHex(hex);
    correctChecksum(frame);
    assert.equal(toHex(frame), hex);
  }
});
