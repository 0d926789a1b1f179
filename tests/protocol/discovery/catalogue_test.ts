import assert from "node:assert/strict";
import fc from "fast-check";
import { Catalogue } from "../../../protocol/discovery/catalogue.ts";
import { encodeDetails } from "../../../protocol/discovery/details.ts";
import { type DnsRecord, query, response, SERVICE } from "../../../protocol/discovery/message.ts";
import { allOf, hostName, recordsOf } from "../../../protocol/discovery/records.ts";
import { decodeMessage, encodeMessage } from "../../helpers/memory_lan.ts";

const PIN = "SHA256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";
const LINK = { internal: false, scope: "eth0" };

function recordsFor(label: string, ...addresses: string[]): DnsRecord[] {
  const text = encodeDetails({ pin: PIN, rooms: ["general"], people: 2 });
  return allOf(recordsOf({ label, host: hostName(PIN), port: 4433, text, addresses }));
}

function catalogueOf(...records: DnsRecord[]): Catalogue {
  const catalogue = new Catalogue();
  catalogue.read(response({ answers: records }), LINK);
  return catalogue;
}

Deno.test("Catalogue lists a server whatever the order and the messages its records come in", () => {
  const records = recordsFor("Lab", "192.0.2.7");
  const expected = [{
    name: "Lab",
    addresses: ["192.0.2.7"],
    port: 4433,
    alpn: "sotto/1",
    pin: PIN,
    tlsPort: undefined,
    people: 2,
    rooms: ["general"],
    moreRooms: 0,
  }];
  assert.deepEqual(catalogueOf(...records).servers(), expected);
  assert.deepEqual(catalogueOf(...records.toReversed()).servers(), expected);
  const catalogue = new Catalogue();
  for (const record of records) catalogue.read(response({ additionals: [record] }), LINK);
  assert.deepEqual(catalogue.servers(), expected);
});

Deno.test("Catalogue lists a server only when all is known, and says what is missing", () => {
  const [pointer, service, text, address] = recordsFor("Lab", "192.0.2.7");
  assert.ok(pointer && service && text && address);
  const name = `Lab.${SERVICE}`;
  const host = hostName(PIN);
  const catalogue = catalogueOf(pointer);
  const missing = () => {
    assert.deepEqual(catalogue.servers(), []);
    return catalogue.missing();
  };
  assert.deepEqual(missing(), [{ name, type: "SRV" }]);
  catalogue.read(response({ answers: [service] }), LINK);
  assert.deepEqual(missing(), [{ name, type: "TXT" }]);
  catalogue.read(response({ answers: [text] }), LINK);
  assert.deepEqual(missing(), [{ name: host, type: "A" }, { name: host, type: "AAAA" }]);
  catalogue.read(response({ answers: [address] }), LINK);
  assert.deepEqual(catalogue.missing(), []);
  assert.equal(catalogue.servers().length, 1);
});

Deno.test("Catalogue folds the case of names", () => {
  const shouted = recordsFor("Lab", "192.0.2.7").map((record) => ({
    ...record,
    name: record.name.toUpperCase(),
  }));
  const catalogue = catalogueOf(...shouted, ...recordsFor("lab", "192.0.2.7"));
  assert.equal(catalogue.servers().length, 1);
});

Deno.test("Catalogue puts the addresses of one server together, IPv4 first, links last", () => {
  const catalogue = catalogueOf(...recordsFor("Lab", "fe80::7", "2001:db8::7", "192.0.2.7"));
  catalogue.read(response({ answers: recordsFor("Lab", "198.51.100.7") }), LINK);
  assert.deepEqual(catalogue.servers()[0]?.addresses, [
    "192.0.2.7",
    "198.51.100.7",
    "2001:db8::7",
    "fe80::7%eth0",
  ]);
});

Deno.test("Catalogue ignores multicast, unspecified and foreign loopback addresses", () => {
  const bad = ["0.0.0.0", "224.0.0.251", "255.255.255.255", "127.0.0.1", "::", "::1", "ff02::fb"];
  assert.deepEqual(catalogueOf(...recordsFor("Lab", ...bad)).servers(), []);
  const own = new Catalogue();
  own.read(response({ answers: recordsFor("Lab", "127.0.0.1") }), { ...LINK, internal: true });
  assert.deepEqual(own.servers()[0]?.addresses, ["127.0.0.1"]);
});

Deno.test("Catalogue forgets a server after its goodbye", () => {
  const records = recordsFor("Lab", "192.0.2.7");
  const catalogue = catalogueOf(...records);
  catalogue.read(response({ answers: records.map((record) => ({ ...record, ttl: 0 })) }), LINK);
  assert.deepEqual(catalogue.servers(), []);
});

Deno.test("Catalogue replaces older facts about a server", () => {
  const catalogue = catalogueOf(...recordsFor("Lab", "192.0.2.7"));
  const text = encodeDetails({ pin: PIN, rooms: [], people: 9 });
  const news = recordsOf({ label: "Lab", host: "h.local", port: 1, text, addresses: [] }).text;
  catalogue.read(response({ answers: [news] }), LINK);
  assert.equal(catalogue.servers()[0]?.people, 9);
});

Deno.test("Catalogue makes names safe for a terminal", () => {
  const [server] = catalogueOf(...recordsFor("\u001b[31mLab\u202e", "192.0.2.7")).servers();
  assert.equal(server?.name, "␛[31mLab\\u{202e}");
});

Deno.test("Catalogue bounds servers and addresses", () => {
  const catalogue = new Catalogue();
  for (let number = 0; number < 300; number++) {
    const address = `192.0.2.${number % 250 + 1}`;
    const answers = recordsFor(`Lab ${number}`, address);
    catalogue.read(response({ answers }), LINK);
  }
  const servers = catalogue.servers();
  assert.equal(servers.length, 128);
  assert.ok(servers.every(({ addresses }) => addresses.length <= 8));
  assert.ok(servers.some(({ name }) => name === "Lab 0"));
});

Deno.test("Catalogue forgets the addresses of a host that no server names any more", () => {
  const [pointer, service, text, address] = recordsFor("Lab", "192.0.2.7");
  assert.ok(pointer && service?.type === "SRV" && text && address);
  const catalogue = catalogueOf(pointer, service, text, address);
  const elsewhere = { ...service, data: { ...service.data, target: "elsewhere.local" } };
  catalogue.read(response({ answers: [elsewhere] }), LINK);
  catalogue.read(response({ answers: [service] }), LINK);
  assert.deepEqual(catalogue.servers(), []);
  assert.deepEqual(catalogue.missing().map(({ type }) => type), ["A", "AAAA"]);
});

Deno.test("Catalogue takes no name that cannot be written into a query", () => {
  // The library puts U+FFFD in the place of each byte that is no UTF-8.
  const long = "\ufffd".repeat(63);
  const [, service, text, address] = recordsFor("Lab", "192.0.2.7");
  assert.ok(service?.type === "SRV" && text && address);
  for (const label of [long, "a..b", Array(60).fill("abc").join(".")]) {
    assert.deepEqual(catalogueOf(...recordsFor(label, "192.0.2.7")).pointers(), [], label);
  }
  const [pointer] = recordsFor("Lab");
  const target = `${long}.local`;
  const catalogue = catalogueOf(pointer ?? assert.fail(), text, {
    ...service,
    data: { ...service.data, target },
  });
  assert.deepEqual(catalogue.missing().map(({ type }) => type), ["SRV"]);
  const questions = catalogue.missing();
  assert.deepEqual(decodeMessage(encodeMessage(query({ questions }))).questions, questions);
});

Deno.test("Catalogue ignores services of another kind", () => {
  const printer = recordsFor("Printer", "192.0.2.7").map((record) =>
    JSON.stringify(record.name).includes("_sotto") ? { ...record, name: "_ipp._tcp.local" } : record
  );
  assert.deepEqual(catalogueOf(...printer).servers(), []);
});

Deno.test("Catalogue survives hostile datagrams", () => {
  const real = encodeMessage(response({ answers: recordsFor("Lab", "192.0.2.7", "fe80::7") }));
  const mutated = fc.array(fc.tuple(fc.nat(real.length - 1), fc.nat(255)), { maxLength: 12 }).map(
    (changes) => {
      const datagram = Uint8Array.from(real);
      for (const [at, byte] of changes) datagram[at] = byte;
      return datagram;
    },
  );
  const cut = fc.nat(real.length).map((length) => Uint8Array.from(real).subarray(0, length));
  const noise = fc.uint8Array({ maxLength: 600 });
  let decoded = 0;
  fc.assert(
    fc.property(fc.oneof(mutated, cut, noise), (datagram) => {
      const message = tryDecode(datagram);
      if (message === undefined) return;
      decoded++;
      const catalogue = new Catalogue();
      catalogue.read(message, LINK);
      for (const { name, addresses, port } of catalogue.servers()) {
        assert.doesNotMatch(name, /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
        assert.ok([...name].length <= 64);
        assert.ok(addresses.length > 0 && port > 0);
      }
      assert.ok(catalogue.missing().length <= 2 && catalogue.pointers().length <= 10);
    }),
    { numRuns: 5_000 },
  );
  assert.ok(decoded > 1_000, `${decoded} were decoded`);
});

/** The library throws at what is broken; `multicast-dns` catches that. */
function tryDecode(datagram: Uint8Array) {
  try {
    return decodeMessage(datagram);
  } catch (error) {
    assert.ok(error instanceof Error);
    return undefined;
  }
}
