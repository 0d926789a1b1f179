import assert from "node:assert/strict";
import { announce, type AnnounceOptions } from "../../../protocol/discovery/announce.ts";
import { DiscoveryError } from "../../../protocol/discovery/interfaces.ts";
import {
  type DnsMessage,
  ENUMERATION,
  query,
  response,
  SERVICE,
} from "../../../protocol/discovery/message.ts";
import { FakeClock, settle } from "../../helpers/fake_clock.ts";
import { MemoryLan } from "../../helpers/memory_lan.ts";

const PIN = "SHA256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";
const OTHER_PIN = "SHA256:q0ZrXaFMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";
const OTHER_HOST = { address: "192.0.2.99", port: 5353 };
const ASK = query({ questions: [{ name: SERVICE, type: "PTR" }] });

interface Setup {
  readonly lan?: MemoryLan;
  readonly clock?: FakeClock;
  readonly address?: string;
  readonly random?: () => number;
}

function start(
  { lan = new MemoryLan(), clock = new FakeClock(), address = "192.0.2.7", random }: Setup = {},
  options: Partial<AnnounceOptions> = {},
) {
  const failures: string[] = [];
  const announcement = announce({
    name: "Lab",
    host: "::",
    port: 4433,
    pin: PIN,
    activity: activity(2),
    onFailure: ({ message }) => failures.push(message),
    ...options,
  }, { clock, random: random ?? (() => 0), openLinks: lan.join(address) });
  return { lan, clock, announcement, failures };
}

function activity(people: number) {
  return { rooms: ["general"], people };
}

/** Past the probes and both announcements. */
const SETTLED = 5_000;

function kinds(lan: MemoryLan): string[] {
  return lan.multicasts.map(({ message: { type, authorities, answers } }) =>
    authorities.length > 0 ? "probe" : answers.every(({ ttl }) => ttl > 0) ? type : "goodbye"
  );
}

Deno.test("announce probes three times for its name, then announces twice", async () => {
  const { lan, clock } = start();
  await settle();
  await clock.pass(0);
  assert.deepEqual(kinds(lan), ["probe"]);
  await clock.pass(500);
  assert.deepEqual(kinds(lan), ["probe", "probe", "probe"]);
  assert.deepEqual(lan.multicasts[0]?.message.questions, [{ name: `Lab.${SERVICE}`, type: "ANY" }]);
  await clock.pass(250);
  assert.equal(kinds(lan).at(-1), "response");
  assert.equal(lan.multicasts.length, 4);
  await clock.pass(60_000);
  assert.equal(lan.multicasts.length, 5);
  assert.deepEqual(types(lan.multicasts[4]?.message), ["PTR", "SRV", "TXT", "A", "PTR"]);
});

Deno.test("announce answers a query after a delay, and not again within a second", async () => {
  const { lan, clock } = start();
  await settle();
  await clock.pass(SETTLED);
  lan.multicasts.length = 0;
  lan.multicast(ASK, OTHER_HOST);
  lan.multicast(ASK, OTHER_HOST);
  await settle();
  await clock.pass(19);
  assert.equal(lan.multicasts.length, 2);
  await clock.pass(1);
  assert.equal(lan.multicasts.length, 3);
  const { message } = lan.multicasts[2] ?? {};
  assert.deepEqual(message?.answers.map(({ type, name }) => `${type} ${name}`), [
    `PTR ${SERVICE}`,
  ]);
  assert.deepEqual(message?.additionals.map(({ type }) => type), ["SRV", "TXT", "A"]);
  lan.multicast(ASK, OTHER_HOST);
  await settle();
  await clock.pass(900);
  lan.multicast(ASK, OTHER_HOST);
  await settle();
  await clock.pass(99);
  assert.equal(lan.multicasts.length, 5);
  await clock.pass(1);
  assert.equal(lan.multicasts.length, 6);
  await clock.pass(10_000);
  assert.equal(lan.multicasts.length, 6);
});

Deno.test("announce answers for its name, its host and the list of services", async () => {
  const { lan, clock } = start();
  await settle();
  await clock.pass(SETTLED);
  const asked: [string, "ANY" | "SRV" | "A" | "AAAA" | "PTR", string][] = [
    [`lab.${SERVICE.toUpperCase()}`, "ANY", "SRV TXT"],
    [`Lab.${SERVICE}`, "SRV", "SRV"],
    ["sotto-9f86d081884c7d65.local", "A", "A"],
    [ENUMERATION, "PTR", "PTR"],
    ["sotto-9f86d081884c7d65.local", "AAAA", ""],
    ["_ipp._tcp.local", "PTR", ""],
  ];
  for (const [name, type, answered] of asked) {
    lan.multicasts.length = 0;
    lan.multicast(query({ questions: [{ name, type }] }), OTHER_HOST);
    await settle();
    await clock.pass(2_000);
    assert.equal(
      lan.multicasts[1]?.message.answers.map(({ type }) => type).join(" ") ?? "",
      answered,
    );
  }
});

Deno.test("announce suppresses known answers for half of their time to live", async () => {
  const { lan, clock } = start();
  await settle();
  await clock.pass(SETTLED);
  const answers = async (ttl: number) => {
    lan.multicasts.length = 0;
    const pointer = { type: "PTR" as const, name: SERVICE, flush: false, data: `Lab.${SERVICE}` };
    lan.multicast(query({ ...ASK, answers: [{ ...pointer, ttl }] }), OTHER_HOST);
    await settle();
    await clock.pass(2_000);
    return lan.multicasts.length - 1;
  };
  assert.equal(await answers(2_250), 0);
  assert.equal(await answers(2_249), 1);
});

Deno.test("announce answers a legacy resolver by unicast, with its ID and question", async () => {
  const { lan, clock } = start();
  await settle();
  await clock.pass(SETTLED);
  const from = { address: "192.0.2.99", port: 40_000 };
  lan.multicast(query({ ...ASK, id: 77 }), from);
  await settle();
  const [unicast] = lan.unicasts;
  assert.deepEqual(unicast?.to, from);
  assert.equal(unicast?.message.id, 77);
  assert.deepEqual(unicast?.message.questions, ASK.questions);
  const records = [...unicast?.message.answers ?? [], ...unicast?.message.additionals ?? []];
  assert.equal(records.length, 4);
  assert.ok(records.every(({ ttl, flush }) => ttl <= 10 && !flush));
});

Deno.test("announce repeats to a legacy resolver no name that is not its own", async () => {
  const { lan, clock } = start();
  await settle();
  await clock.pass(SETTLED);
  const questions = [{ name: "\ufffd".repeat(63), type: "A" } as const, ...ASK.questions];
  lan.multicast(query({ questions }), { address: "192.0.2.99", port: 40_000 });
  await settle();
  assert.deepEqual(lan.unicasts[0]?.message.questions, ASK.questions);
});

Deno.test("announce says goodbye, and nothing after it", async () => {
  const { lan, clock, announcement } = start();
  await settle();
  await clock.pass(SETTLED);
  await announcement[Symbol.asyncDispose]();
  assert.equal(kinds(lan).at(-1), "goodbye");
  assert.deepEqual(types(lan.multicasts.at(-1)?.message), ["PTR", "SRV", "TXT", "A"]);
  const { length } = lan.multicasts;
  announcement.update(activity(9));
  lan.multicast(ASK, OTHER_HOST);
  await clock.pass(60_000);
  assert.equal(lan.multicasts.length, length + 1);
  assert.equal(clock.waiting, 0);
});

Deno.test("announce says no goodbye before an announcement", async () => {
  const { lan, announcement } = start();
  await settle();
  await announcement[Symbol.asyncDispose]();
  assert.deepEqual(kinds(lan), []);
});

Deno.test("announce adds digits of the pin to a name that is in use", async () => {
  const lan = new MemoryLan();
  const clock = new FakeClock();
  const first = start({ lan, clock });
  await settle();
  await clock.pass(SETTLED);
  const second = start({ lan, clock, address: "192.0.2.8" }, { pin: OTHER_PIN });
  await settle();
  await clock.pass(SETTLED);
  assert.equal(first.announcement.name, "Lab");
  assert.equal(second.announcement.name, "Lab (q0ZrXa)");
  assert.deepEqual([...first.failures, ...second.failures], []);
});

Deno.test("announce keeps its name when its own records come back from another network", async () => {
  const lan = new MemoryLan();
  const clock = new FakeClock();
  const wired = start({ lan, clock });
  const wireless = start({ lan, clock, address: "192.0.2.8" });
  await settle();
  await clock.pass(SETTLED);
  assert.equal(wired.announcement.name, "Lab");
  assert.equal(wireless.announcement.name, "Lab");
});

Deno.test("announce gives a whole class with one name thirty names", async () => {
  const lan = new MemoryLan();
  const clock = new FakeClock();
  const { random } = lottery();
  const all = Array.from({ length: 30 }, (_, number) => {
    const digits = `${String.fromCharCode(65 + number % 26)}${number}`;
    const pin = `SHA256:${digits.padEnd(42, "x")}A`;
    return start({ lan, clock, address: `192.0.2.${number + 1}`, random }, { pin });
  });
  await settle();
  await clock.pass(30_000);
  assert.equal(new Set(all.map(({ announcement }) => announcement.name)).size, 30);
  assert.deepEqual(all.flatMap(({ failures }) => failures), []);
});

Deno.test("announce stops, and reports it once, when another server has every name", async () => {
  const { lan, clock, announcement, failures } = start();
  await settle();
  for (const name of ["Lab", "Lab (n4bQgY)", "Lab (n4bQgYhMfWWa)", "Lab (n4bQgYhMfWWa)"]) {
    lan.multicast(claim(name), OTHER_HOST);
    await settle();
  }
  assert.deepEqual(failures, [
    "another server on this network has every name: Lab (n4bQgYhMfWWa)",
  ]);
  const { length } = lan.multicasts;
  lan.multicast(ASK, OTHER_HOST);
  announcement.update(activity(9));
  await clock.pass(60_000);
  assert.equal(lan.multicasts.length, length + 1);
});

Deno.test("announce gives way when the name is taken later", async () => {
  const { lan, clock, announcement } = start();
  await settle();
  await clock.pass(SETTLED);
  lan.multicast(claim("Lab"), OTHER_HOST);
  await settle();
  await clock.pass(SETTLED);
  assert.equal(announcement.name, "Lab (n4bQgY)");
  assert.equal(kinds(lan).includes("goodbye"), false);
});

Deno.test("announce announces changes, at most every five seconds", async () => {
  const { lan, clock, announcement } = start();
  await settle();
  await clock.pass(SETTLED);
  lan.multicasts.length = 0;
  announcement.update(activity(2));
  await clock.pass(10_000);
  assert.equal(lan.multicasts.length, 0);
  announcement.update(activity(3));
  await clock.pass(0);
  assert.deepEqual(peopleSaid(lan), ["3"]);
  for (let people = 4; people <= 1_000; people++) announcement.update(activity(people));
  await clock.pass(4_999);
  assert.deepEqual(peopleSaid(lan), ["3", "3"]);
  await clock.pass(10_000);
  assert.deepEqual(peopleSaid(lan), ["3", "3", "1000", "1000"]);
  announcement.update(activity(1_001));
  announcement.update(activity(1_000));
  await clock.pass(10_000);
  assert.equal(lan.multicasts.length, 4);
});

Deno.test("announce reports once that there is no network, and throws nothing", async () => {
  const failures: string[] = [];
  await using announcement = announce({
    name: "Lab",
    host: "::",
    port: 4433,
    pin: PIN,
    activity: { rooms: [], people: 0 },
    onFailure: ({ message }) => failures.push(message),
  }, {
    clock: new FakeClock(),
    openLinks: () => ({
      ready: Promise.resolve(new DiscoveryError("no network")),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
  });
  await settle();
  announcement.update(activity(9));
  assert.deepEqual(failures, ["no network"]);
});

function types(message: DnsMessage | undefined): string[] {
  return message?.answers.map(({ type }) => type) ?? [];
}

/** Another server's claim to a name. */
function claim(name: string): DnsMessage {
  return response({
    answers: [{
      type: "SRV",
      name: `${name}.${SERVICE}`,
      ttl: 120,
      flush: true,
      data: { target: "elsewhere.local", port: 4433 },
    }],
  });
}

function peopleSaid(lan: MemoryLan): string[] {
  return lan.multicasts.flatMap(({ message }) => message.answers).flatMap((record) =>
    record.type === "TXT"
      ? record.data.flatMap((bytes) =>
        /^people=(.*)$/.exec(new TextDecoder().decode(bytes))?.[1] ?? []
      )
      : []
  );
}

/** Numbers that differ, the same in each run. */
function lottery(): { random: () => number } {
  let state = 1;
  return {
    random: () => {
      state = state * 48_271 % 0x7fffffff;
      return state / 0x7fffffff;
    },
  };
}
