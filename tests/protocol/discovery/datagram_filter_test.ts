import assert from "node:assert/strict";
import { DatagramFilter } from "../../../protocol/discovery/datagram_filter.ts";
import { query, response, SERVICE } from "../../../protocol/discovery/message.ts";
import { encodeMessage } from "../../helpers/memory_lan.ts";

const QUERY = encodeMessage(query({ questions: [{ name: SERVICE, type: "PTR" }] }));
const RESPONSE = encodeMessage(response({}));
const NEIGHBOUR = { address: "192.0.2.9", port: 5353 };

function guard(now = () => 0): DatagramFilter {
  return new DatagramFilter(["192.0.2.7/24", "2001:db8::7/64"], now);
}

Deno.test("DatagramFilter accepts queries and responses of its own network", () => {
  for (const address of ["192.0.2.9", "2001:db8::9", "fe80::9", "fe80::9%eth0"]) {
    assert.ok(guard().accepts(QUERY, { address, port: 5353 }), address);
    assert.ok(guard().accepts(RESPONSE, { address, port: 5353 }), address);
  }
});

Deno.test("DatagramFilter rejects datagrams of another network", () => {
  for (const address of ["192.0.3.9", "127.0.0.1", "2001:db8:1::9", "::1", "nonsense"]) {
    assert.ok(!guard().accepts(QUERY, { address, port: 5353 }), address);
  }
});

Deno.test("DatagramFilter accepts queries, and no responses, from legacy resolvers", () => {
  assert.ok(guard().accepts(QUERY, { ...NEIGHBOUR, port: 40_000 }));
  assert.ok(!guard().accepts(RESPONSE, { ...NEIGHBOUR, port: 40_000 }));
});

Deno.test("DatagramFilter rejects a sender to whom nothing can be sent", () => {
  assert.ok(!guard().accepts(QUERY, { ...NEIGHBOUR, port: 0 }));
});

Deno.test("DatagramFilter rejects what is no message, too long, or has another opcode", () => {
  assert.ok(!guard().accepts(new Uint8Array(0), NEIGHBOUR));
  assert.ok(!guard().accepts(QUERY.subarray(0, 11), NEIGHBOUR));
  assert.ok(guard().accepts(new Uint8Array(9000), NEIGHBOUR));
  assert.ok(!guard().accepts(new Uint8Array(9001), NEIGHBOUR));
  const update = Uint8Array.from(QUERY, (byte, at) => at === 2 ? 5 << 3 : byte);
  assert.ok(!guard().accepts(update, NEIGHBOUR));
  const refusal = Uint8Array.from(RESPONSE, (byte, at) => at === 3 ? 5 : byte);
  assert.ok(!guard().accepts(refusal, NEIGHBOUR));
});

Deno.test("DatagramFilter counts the records of all sections that a header claims", () => {
  const claiming = (...counts: number[]) => {
    const datagram = new Uint8Array(12);
    counts.forEach((count, at) => new DataView(datagram.buffer).setUint16(4 + 2 * at, count));
    return datagram;
  };
  assert.ok(guard().accepts(claiming(32, 32, 32, 32), NEIGHBOUR));
  assert.ok(!guard().accepts(claiming(32, 32, 32, 33), NEIGHBOUR));
  assert.ok(!guard().accepts(claiming(0, 65_535), NEIGHBOUR));
});

Deno.test("DatagramFilter accepts a hundred messages in a second", () => {
  let now = 1_000;
  const one = guard(() => now);
  const admitted = () =>
    Array.from({ length: 150 }, () => one.accepts(QUERY, NEIGHBOUR)).filter(Boolean).length;
  assert.equal(admitted(), 100);
  now = 1_999;
  assert.equal(admitted(), 0);
  now = 2_000;
  assert.equal(admitted(), 100);
});
