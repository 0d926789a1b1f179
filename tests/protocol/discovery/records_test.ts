import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeDetails } from "../../../protocol/discovery/details.ts";
import { type DnsRecord, response } from "../../../protocol/discovery/message.ts";
import { allOf, hostName, instanceLabel, recordsOf } from "../../../protocol/discovery/records.ts";
import { decodeMessage, encodeMessage } from "../../helpers/memory_lan.ts";

const PIN = "SHA256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";

const anyUnit = fc.nat(0xffff).map((unit) => String.fromCharCode(unit));

/** Bytes of UDP that every IPv6 link carries in one piece: 1280 less the headers of IP and UDP. */
const ONE_PIECE = 1280 - 40 - 8;

Deno.test("recordsOf says where a server is, in the records of RFC 6763", () => {
  const records = recordsOf({
    label: "Lab",
    host: "sotto-9f86d081884c7d65.local",
    port: 4433,
    text: [],
    addresses: ["192.0.2.7", "2001:db8::7"],
  });
  const lines = allOf(records).map(({ name, type, ttl, flush, data }) =>
    [name, ttl, flush ? "unique" : "shared", type, JSON.stringify(data)].join(" ")
  );
  assert.deepEqual(lines, [
    '_sotto._udp.local 4500 shared PTR "Lab._sotto._udp.local"',
    "Lab._sotto._udp.local 120 unique SRV " +
    '{"target":"sotto-9f86d081884c7d65.local","port":4433}',
    "Lab._sotto._udp.local 4500 unique TXT []",
    'sotto-9f86d081884c7d65.local 120 unique A "192.0.2.7"',
    'sotto-9f86d081884c7d65.local 120 unique AAAA "2001:db8::7"',
    '_services._dns-sd._udp.local 4500 shared PTR "_sotto._udp.local"',
  ]);
});

Deno.test("recordsOf makes what fits one datagram, and comes back as it was", () => {
  const records = allOf(recordsOf({
    label: instanceLabel("ü".repeat(100), "n4bQgYhMfWWa"),
    host: hostName(PIN),
    port: 65_535,
    text: encodeDetails({
      pin: PIN,
      tlsPort: 65_535,
      rooms: Array.from({ length: 999 }, (_, number) => `a-room-with-a-long-name-${number}`),
      people: 1_000_000,
    }),
    addresses: [
      ...["192.0.2.101", "192.0.2.102", "192.0.2.103", "192.0.2.104"],
      ...["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4"],
    ],
  }));
  const datagram = encodeMessage(response({ answers: records }));
  assert.ok(datagram.length <= ONE_PIECE, `${datagram.length} bytes`);
  assert.deepEqual(plain(decodeMessage(datagram).answers), plain(records));
});

Deno.test("instanceLabel makes one label of any name", () => {
  assert.equal(instanceLabel("Lab"), "Lab");
  assert.equal(instanceLabel("chat.example.org"), "chat-example-org");
  assert.equal(instanceLabel("Lab", "n4bQgY"), "Lab (n4bQgY)");
  assert.equal(instanceLabel("  "), "sotto");
  assert.equal(instanceLabel("a\u001b[31mb\u202e"), "a␛[31mb\\u{202e}");
  fc.assert(
    fc.property(fc.string({ unit: anyUnit }), (name) => {
      const label = instanceLabel(name, "n4bQgY");
      const { length } = new TextEncoder().encode(label);
      assert.ok(length > 0 && length <= 63);
      assert.ok(!label.includes("."));
    }),
  );
});

Deno.test("hostName is made from the pin alone", () => {
  assert.equal(hostName(PIN), "sotto-9f86d081884c7d65.local");
});

/** With text for bytes, whatever kind of array they are in. */
function plain(records: readonly DnsRecord[]): unknown[] {
  const decoder = new TextDecoder();
  return records.map((record) =>
    record.type === "TXT"
      ? { ...record, data: record.data.map((bytes) => decoder.decode(bytes)) }
      : record
  );
}
