import assert from "node:assert/strict";
import { announce } from "../../../protocol/discovery/announce.ts";
import { browse } from "../../../protocol/discovery/browse.ts";
import { DiscoveryError } from "../../../protocol/discovery/interfaces.ts";
import { query, response, SERVICE } from "../../../protocol/discovery/message.ts";
import { FakeClock, settle } from "../../helpers/fake_clock.ts";
import { MemoryLan } from "../../helpers/memory_lan.ts";

const PIN = "SHA256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";
const OTHER_HOST = { address: "192.0.2.99", port: 5353 };
const POINTER = {
  type: "PTR",
  name: SERVICE,
  ttl: 4500,
  flush: false,
  data: `Odd.${SERVICE}`,
} as const;

async function serve(lan: MemoryLan, clock: FakeClock) {
  const announcement = announce({
    name: "Lab",
    host: "::",
    port: 4433,
    pin: PIN,
    tlsPort: 4434,
    activity: { rooms: ["general", "tech"], people: 2 },
    onFailure: ({ message }) => assert.fail(message),
  }, { clock, random: () => 0, openLinks: lan.join("192.0.2.7") });
  await settle();
  await clock.pass(5_000);
  return announcement;
}

Deno.test("browse finds the servers that answer in time", async () => {
  const lan = new MemoryLan();
  const clock = new FakeClock();
  await serve(lan, clock);
  const found = browse({ seconds: 2 }, { clock, openLinks: lan.join("192.0.2.20") });
  await settle();
  await clock.pass(2_000);
  assert.deepEqual(await found, [{
    name: "Lab",
    addresses: ["192.0.2.7"],
    port: 4433,
    alpn: "sotto/1",
    pin: PIN,
    tlsPort: 4434,
    people: 2,
    rooms: ["general", "tech"],
    moreRooms: 0,
  }]);
  assert.equal(clock.waiting, 0);
});

Deno.test("browse repeats its questions with growing pauses, for what it does not know yet", async () => {
  const lan = new MemoryLan();
  const clock = new FakeClock();
  const found = browse({ seconds: 10 }, { clock, openLinks: lan.join("192.0.2.20") });
  await settle();
  lan.multicast(response({ answers: [POINTER] }), OTHER_HOST);
  await settle();
  await clock.pass(10_000);
  assert.deepEqual(await found, []);
  const [first, , second, ...others] = lan.multicasts.map(({ message }) => message);
  assert.deepEqual(first, query({ questions: [{ name: SERVICE, type: "PTR" }] }));
  assert.deepEqual(second?.questions, [
    { name: SERVICE, type: "PTR" },
    { name: `Odd.${SERVICE}`, type: "SRV" },
  ]);
  assert.deepEqual(second?.answers, [POINTER]);
  assert.equal(others.length, 2);
});

Deno.test("browse ignores queries", async () => {
  const lan = new MemoryLan();
  const clock = new FakeClock();
  const found = browse({ seconds: 2 }, { clock, openLinks: lan.join("192.0.2.20") });
  await settle();
  lan.multicast(query({ answers: [POINTER] }), OTHER_HOST);
  await settle();
  await clock.pass(1_500);
  assert.deepEqual(lan.multicasts.at(-1)?.message.answers, []);
  await clock.pass(500);
  assert.deepEqual(await found, []);
});

Deno.test("browse ends early with what it has found", async () => {
  const lan = new MemoryLan();
  const clock = new FakeClock();
  await serve(lan, clock);
  const stop = new AbortController();
  const found = browse({ seconds: 60, signal: stop.signal }, {
    clock,
    openLinks: lan.join("192.0.2.20"),
  });
  await settle();
  await clock.pass(500);
  stop.abort();
  assert.equal((await found).length, 1);
  assert.equal(clock.waiting, 0);
});

Deno.test("browse rejects at once when there is no network", async () => {
  const clock = new FakeClock();
  const failure = new DiscoveryError("no network");
  const found = browse({ seconds: 60 }, {
    clock,
    openLinks: () => ({
      ready: Promise.resolve(failure),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
  });
  await assert.rejects(found, failure);
  assert.equal(clock.waiting, 0);
});
