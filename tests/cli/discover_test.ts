import assert from "node:assert/strict";
import { discover } from "../../cli/discover.ts";
import { EXIT } from "../../protocol/exit_codes.ts";
import { announce } from "../../protocol/discovery/announce.ts";
import { DiscoveryError } from "../../protocol/discovery/interfaces.ts";
import type { OpenLinks } from "../../protocol/discovery/links.ts";
import { FakeClock, settle } from "../helpers/fake_clock.ts";
import { MemoryLan } from "../helpers/memory_lan.ts";

const PIN = "SHA256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";

async function run(
  { json, openLinks, clock = new FakeClock() }: {
    json?: boolean;
    openLinks: OpenLinks;
    clock?: FakeClock;
  },
) {
  const lines: string[] = [];
  const errors: string[] = [];
  const code = discover(
    { seconds: undefined, json },
    { print: (line) => lines.push(line), reportError: (line) => errors.push(line) },
    { clock, openLinks },
  );
  await settle();
  await clock.pass(3_000);
  return { code: await code, lines, errors };
}

async function announced(name: string) {
  const lan = new MemoryLan();
  const clock = new FakeClock();
  announce({
    name,
    host: "::",
    port: 4433,
    tlsPort: 4434,
    pin: PIN,
    activity: { rooms: ["general"], people: 3 },
    onFailure: ({ message }) => assert.fail(message),
  }, { clock, openLinks: lan.join("192.0.2.7") });
  await settle();
  await clock.pass(5_000);
  return { clock, openLinks: lan.join("192.0.2.9") };
}

Deno.test("discover lists servers for people", async () => {
  const { code, lines, errors } = await run(await announced("Lab"));
  assert.equal(code, EXIT.done);
  assert.deepEqual(lines, [
    "Lab: 3 people online; rooms: general\n" +
    "  sotto client 192.0.2.7:4433\n" +
    `  pin ${PIN} (announced, not proven)`,
  ]);
  assert.deepEqual(errors, []);
});

Deno.test("discover lists servers for programs, one JSON object a line", async () => {
  const { code, lines } = await run({ ...await announced("Lab"), json: true });
  assert.equal(code, EXIT.done);
  assert.deepEqual(lines.map((line) => JSON.parse(line)), [{
    name: "Lab",
    host: "192.0.2.7",
    port: 4433,
    addresses: ["192.0.2.7"],
    pin: PIN,
    tls_port: 4434,
    alpn: "sotto/1",
    people: 3,
    rooms: ["general"],
    more_rooms: 0,
  }]);
});

Deno.test("discover prints nothing that acts on a terminal", async () => {
  for (const json of [true, false]) {
    const { lines } = await run({ ...await announced("\u001b[2JLab\u202e"), json });
    assert.match(lines.join(), /Lab/);
    // deno-lint-ignore no-control-regex -- these are what must not come out
    assert.doesNotMatch(lines.join(), /[\u0000-\u0009\u001b\u202e]/);
  }
});

Deno.test("discover says what to do where no server answers", async () => {
  const { code, lines, errors } = await run({ openLinks: new MemoryLan().join("192.0.2.9") });
  assert.equal(code, EXIT.no_connection);
  assert.deepEqual(lines, []);
  assert.deepEqual(errors, [
    "No server answered on the local network. " +
    "If you know the address: sotto client [USER@]HOST[:PORT].",
  ]);
});

Deno.test("discover says why it cannot look", async () => {
  const { code, errors } = await run({
    openLinks: () => ({
      ready: Promise.resolve(new DiscoveryError("there is no network")),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
  });
  assert.equal(code, EXIT.failed);
  assert.match(errors.join(), /^Cannot look for servers: there is no network\. If you know/);
});
