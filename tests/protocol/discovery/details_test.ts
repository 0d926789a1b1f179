import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeDetails, encodeDetails } from "../../../protocol/discovery/details.ts";

const PIN = "SHA256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";

const text = (strings: readonly Uint8Array[]) =>
  strings.map((bytes) => new TextDecoder().decode(bytes));
const bytes = (...strings: string[]) => strings.map((one) => new TextEncoder().encode(one));

const anyUnit = fc.nat(0xffff).map((unit) => String.fromCharCode(unit));
const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,31}$/);

Deno.test("encodeDetails writes the strings of docs/protocol.md", () => {
  const details = { pin: PIN, tlsPort: 4433, rooms: ["general", "tech"], people: 3 };
  assert.deepEqual(text(encodeDetails(details)), [
    "txtvers=1",
    "alpn=sotto/1",
    `pin=${PIN}`,
    "tls=4433",
    "people=3",
    "rooms=general,tech",
  ]);
});

Deno.test("encodeDetails counts the rooms whose names do not fit", () => {
  const rooms = Array.from({ length: 500 }, (_, number) => `room-${number}`);
  const found = decodeDetails(encodeDetails({ pin: PIN, rooms, people: 0 }));
  assert.ok(found.rooms.length > 10);
  assert.equal(found.rooms.length + found.moreRooms, 500);
  assert.deepEqual(found.rooms, rooms.slice(0, found.rooms.length));
});

Deno.test("decodeDetails reads what encodeDetails wrote", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(name, { maxLength: 40 }),
      fc.nat(1_000_000),
      fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
      (rooms, people, tlsPort) => {
        const strings = encodeDetails({ pin: PIN, tlsPort, rooms, people });
        assert.ok(strings.every(({ length }) => length <= 255));
        const found = decodeDetails(strings);
        assert.equal(found.alpn, "sotto/1");
        assert.equal(found.pin, PIN);
        assert.equal(found.tlsPort, tlsPort);
        assert.equal(found.people, people);
        assert.deepEqual(found.rooms, rooms.slice(0, found.rooms.length));
        assert.equal(found.rooms.length + found.moreRooms, rooms.length);
      },
    ),
  );
});

Deno.test("decodeDetails leaves out bad values", () => {
  const odd = bytes(
    "no key",
    "=nothing",
    "alpn=\u001b[31m",
    "pin=SHA256:short",
    "tls=65536",
    "people=-1",
    "rooms=general,\u202eevil,UPPER,general,a b,tech",
    "more=many",
    "later=yes",
  );
  assert.deepEqual(decodeDetails(odd), {
    alpn: undefined,
    pin: undefined,
    tlsPort: undefined,
    people: undefined,
    rooms: ["general", "tech"],
    moreRooms: 0,
  });
});

Deno.test("decodeDetails folds the case of keys, and takes the first of two", () => {
  assert.equal(decodeDetails(bytes("PEOPLE=3", "people=4")).people, 3);
});

Deno.test("decodeDetails survives any bytes, and returns only short and safe text", () => {
  const odd = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.constantFrom("alpn", "pin", "tls", "people", "rooms", "more").chain((key) =>
      fc.string({ unit: anyUnit, maxLength: 300 }).map((value) =>
        new TextEncoder().encode(`${key}=${value}`)
      )
    ),
  );
  fc.assert(
    fc.property(fc.array(odd, { maxLength: 100 }), (strings) => {
      const found = decodeDetails(strings);
      assert.match(JSON.stringify(found), /^[\x20-\x7e]*$/);
      assert.ok(found.rooms.every((room) => room.length <= 32));
    }),
    { numRuns: 500 },
  );
});
