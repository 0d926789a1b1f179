/**
 * Datagrams of multicast DNS from anybody on the local network, for a server that is announced and a
 * client that looks for servers: names that point at names, long names, counts and lengths that are
 * wrong. Nothing throws, what is found is safe to show, and both go on.
 */
import assert from "node:assert/strict";
import process from "node:process";
import fc from "fast-check";
import { parsePin } from "../../certs/fingerprint.ts";
import { announce } from "../../protocol/discovery/announce.ts";
import { browse } from "../../protocol/discovery/browse.ts";
import type { FoundServer } from "../../protocol/discovery/catalogue.ts";
import { DatagramFilter, type RemoteAddress } from "../../protocol/discovery/datagram_filter.ts";
import { addressOf, describeServer } from "../../protocol/discovery/describe.ts";
import { type DnsMessage, MDNS_PORT } from "../../protocol/discovery/message.ts";
import { isName } from "../../protocol/names.ts";
import { safeText } from "../../protocol/safe_text.ts";
import { FakeClock, settle } from "../helpers/fake_clock.ts";
import { damaged } from "../helpers/hostile_bodies.ts";
import { decodeMessage, MemoryLan } from "../helpers/memory_lan.ts";
import type { FuzzTarget } from "./batch.ts";

const RUNS = 40;
const PIN = "SHA256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";
/** Microseconds of CPU for one datagram. */
const MOST_TIME = 200_000;

interface Sent {
  readonly datagram: Uint8Array;
  readonly from: RemoteAddress;
  /** Milliseconds before it. */
  readonly after: number;
}

const uint16 = (value: number): number[] => [value >> 8 & 0xff, value & 0xff];
const textBytes = (text: string): number[] => [...new TextEncoder().encode(text)];
const labels = (...names: readonly string[]): number[] =>
  names.flatMap((name) => [textBytes(name).length, ...textBytes(name)]);

const SOTTO = labels("_sotto", "_udp", "local");
/** Names of servers. */
const INSTANCES: readonly number[][] = ["Lab", "Other", "\x1b[2J\u202eEvil"]
  .map((label) => [...labels(label), ...SOTTO, 0]);
/** Names that Sotto looks at. */
const NAMES: readonly number[][] = [
  [...SOTTO, 0],
  ...INSTANCES,
  [...labels("_services", "_dns-sd", "_udp", "local"), 0],
  [...labels("sotto-9f86d081884c7d65", "local"), 0],
  [...labels("host", "local"), 0],
  [0xc0, 12],
];

/** A name of odd parts: long and empty labels, bytes that are no text, pointers anywhere. */
const oddName: fc.Arbitrary<number[]> = fc.tuple(
  fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 63 }).map((bytes) => [bytes.length, ...bytes]),
      fc.constantFrom("a.b", "\x1b[2J", "\u202e", "ü".repeat(31), "x".repeat(63)).map((text) =>
        labels(text)
      ),
      fc.nat(600).map((at) => uint16(0xc000 | at)),
      fc.integer({ min: 0x40, max: 0xbf }).map((head) => [head, 1]),
    ),
    { maxLength: 12 },
  ),
  fc.constantFrom([0], [...SOTTO, 0], []),
).map(([parts, end]) => [...parts.flat(), ...end]);
const name = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...NAMES) }, {
  weight: 1,
  arbitrary: oddName,
});

const TYPES = { A: 1, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, OPT: 41, NSEC: 47, ANY: 255 } as const;
const text = fc.oneof(
  fc.constantFrom("txtvers=1", "alpn=sotto/1", `pin=${PIN}`, "rooms=general,tech", "people=3"),
  fc.constantFrom("people=99999999", "tls=0", "rooms=\x1b[2J,a", "pin=SHA256:x", "=", "more=-1"),
  fc.string({ maxLength: 60 }),
).map((text) => labels(text));

/** The type of a record, and its data. */
const data: fc.Arbitrary<readonly [type: number, data: readonly number[]]> = fc.oneof(
  name.map((target) => [TYPES.PTR, target] as const),
  fc.tuple(fc.constantFrom(0, 1, 4433, 65_535), name)
    .map(([port, target]) => [TYPES.SRV, [0, 0, 0, 0, ...uint16(port), ...target]] as const),
  fc.array(text, { maxLength: 40 }).map((texts) => [TYPES.TXT, texts.flat()] as const),
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => [TYPES.A, [...bytes]] as const),
  fc.uint8Array({ minLength: 16, maxLength: 16 })
    .map((bytes) => [TYPES.AAAA, [...bytes]] as const),
  fc.tuple(fc.constantFrom(...Object.values(TYPES), 2, 6, 46, 65), fc.uint8Array({ maxLength: 40 }))
    .map(([type, bytes]) => [type, [...bytes]] as const),
);
const classes = fc.constantFrom(1, 1, 0x8001, 255, 3);

const question = fc.tuple(name, fc.constantFrom(...Object.values(TYPES)), classes)
  .map(([name, type, class_]) => [...name, ...uint16(type), ...uint16(class_)]);
const anyRecord = fc.record({
  name,
  data,
  class_: classes,
  ttl: fc.constantFrom(0, 1, 120, 4500, 0x7fff_ffff),
  /** How far the length is off. */
  off: fc.constantFrom(0, 0, 0, 0, 0, 1, -1, 400),
}).map(({ name, data: [type, data], class_, ttl, off }) => [
  ...[...name, ...uint16(type), ...uint16(class_), ...uint16(ttl >> 16), ...uint16(ttl)],
  ...[...uint16(Math.max(0, data.length + off)), ...data],
]);

/** What is needed to list a server. */
const server: fc.Arbitrary<number[][]> = fc.tuple(
  fc.constantFrom(...INSTANCES),
  fc.array(text, { maxLength: 8 }),
).map(([instance, texts]) => {
  const host = [...labels("host", "local"), 0];
  const about = (name: readonly number[], type: number, data: readonly number[]) => [
    ...[...name, ...uint16(type), ...uint16(1), 0, 0, ...uint16(120), ...uint16(data.length)],
    ...data,
  ];
  return [
    about([...SOTTO, 0], TYPES.PTR, instance),
    about(instance, TYPES.SRV, [0, 0, 0, 0, ...uint16(4433), ...host]),
    about(instance, TYPES.TXT, texts.flat()),
    about(host, TYPES.A, [192, 0, 2, 9]),
  ];
});
const records = (maxLength: number) => fc.array(anyRecord, { maxLength });

const message: fc.Arbitrary<Uint8Array> = fc.record({
  id: fc.constantFrom(0, 7, 65_535),
  flags: fc.oneof(fc.constantFrom(0, 0, 0x8400, 0x8400, 0x8400), fc.nat(0xffff)),
  questions: fc.array(question, { maxLength: 4 }),
  answers: records(12),
  authorities: records(3),
  additionals: records(6),
  /** Records more, or fewer, than the header says. */
  off: fc.constantFrom(0, 0, 0, 0, 1, -1, 60_000),
}).map(({ id, flags, questions, answers, authorities, additionals, off }) =>
  Uint8Array.from([
    ...[...uint16(id), ...uint16(flags), ...uint16(questions.length)],
    ...[...uint16(Math.max(0, answers.length + off)), ...uint16(authorities.length)],
    ...[...uint16(additionals.length), ...questions.flat(), ...answers.flat()],
    ...[...authorities.flat(), ...additionals.flat()],
  ])
);

/** A server that is listed. Its records stand alone, since one malformed record hides all others. */
const listing: fc.Arbitrary<Uint8Array> = server.map((records) =>
  Uint8Array.from([
    ...[...uint16(0), ...uint16(0x8400), ...uint16(0), ...uint16(records.length)],
    ...[...uint16(0), ...uint16(0), ...records.flat()],
  ])
);

const sent: fc.Arbitrary<Sent> = fc.record({
  datagram: fc.oneof(
    { weight: 8, arbitrary: message },
    { weight: 2, arbitrary: listing },
    { weight: 2, arbitrary: damaged(message, 600) },
    {
      weight: 2,
      arbitrary: fc.tuple(message, fc.nat(600)).map(([all, to]) => all.subarray(0, to)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  ),
  from: fc.record({
    address: fc.constantFrom("192.0.2.9", "192.0.2.9", "192.0.2.7", "fe80::9", "198.51.100.1"),
    port: fc.constantFrom(MDNS_PORT, MDNS_PORT, MDNS_PORT, 40_000, 1, 0),
  }),
  after: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(400)),
});

export const discovery: FuzzTarget = {
  name: "discovery",
  promise: "announce and browse take any datagram, and find each other afterwards",
  run: (batch) => batch.tryInputs(RUNS, fc.array(sent, { maxLength: 40, size: "max" }), play),
};

async function play(all: readonly Sent[]): Promise<void> {
  const lan = new MemoryLan();
  const clock = new FakeClock();
  let gaveUp = false;
  const announcement = announce({
    name: "Lab",
    host: "::",
    port: 4433,
    pin: PIN,
    activity: { rooms: ["general"], people: 2 },
    onFailure: () => gaveUp = true,
  }, { clock, random: () => 0, openLinks: lan.join("192.0.2.7") });
  const found = browse({ seconds: 60 }, { clock, openLinks: lan.join("192.0.2.20") });
  await settle();
  await clock.pass(2_000);
  const filter = new DatagramFilter(["192.0.2.7/24"], clock.now);
  for (const { datagram, from, after } of all) {
    if (after > 0) await clock.pass(after);
    await receive(datagram, from, filter, lan);
  }
  await clock.pass(60_000);
  for (const server of await found) checkServer(server);
  const again = browse({ seconds: 3 }, { clock, openLinks: lan.join("192.0.2.21") });
  await settle();
  await clock.pass(3_000);
  const servers = await again;
  assert.ok(gaveUp || servers.some(({ pin }) => pin === PIN), "the server is not found any more");
  const left = announcement[Symbol.asyncDispose]();
  await clock.pass(2_000);
  await left;
  assert.equal(clock.waiting, 0, "no timer is left");
}

/** As a socket does it: filtered, decoded, and read by everybody. */
async function receive(
  datagram: Uint8Array,
  from: RemoteAddress,
  filter: DatagramFilter,
  lan: MemoryLan,
): Promise<void> {
  const before = process.cpuUsage();
  if (filter.accepts(datagram, from)) {
    assert.ok(from.port > 0, "nothing can be sent to port 0");
    const message = tryDecode(datagram);
    if (message !== undefined) lan.multicast(message, from);
    await settle(1);
  }
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < MOST_TIME, `${user + system} µs of CPU`);
}

/** The library throws at what is malformed; `multicast-dns` catches that. */
function tryDecode(datagram: Uint8Array): DnsMessage | undefined {
  try {
    return decodeMessage(datagram);
  } catch (error) {
    assert.ok(error instanceof Error);
    return undefined;
  }
}

function checkServer(server: FoundServer): void {
  const { name, addresses, port, pin, tlsPort, people, rooms, moreRooms } = server;
  for (const text of [name, describeServer(server), addressOf(server)]) {
    assert.equal(text, safeText(text), "what is shown acts on the terminal");
  }
  assert.ok([...name].length <= 64 && addresses.length <= 8);
  for (const number of [port, tlsPort ?? 1]) assert.ok(number > 0 && number < 65_536);
  assert.ok(pin === undefined || parsePin(pin) !== undefined);
  assert.ok((people ?? 0) >= 0 && moreRooms >= 0 && rooms.every(isName));
}
