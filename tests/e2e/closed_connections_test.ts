/**
 * What is left of connections that have closed: nothing. Real connections come and go in rounds, and
 * the objects in the heap are counted after each, those of the clients among them. The first round
 * loads code, so only the later ones are compared.
 *
 * It does not measure memory outside of the heap: `npm run bench -- --only remains` does.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { writeHeapSnapshot } from "node:v8";
import { parsePin } from "../../certs/fingerprint.ts";
import { countDescriptors } from "../../bench/harness/descriptors.ts";
import { loadEngine } from "../../bench/harness/engines.ts";
import { heapObjects } from "../../bench/harness/heap_census.ts";
import type { Address, Engine } from "../../protocol/transport/transport.ts";
import { TIMES } from "../../protocol/limits.ts";
import { ALPN } from "../../protocol/version.ts";
import { ulidOf } from "../helpers/messages.ts";
import { TestPeer } from "../helpers/peer.ts";
import { startTestServer, type TestServer } from "../helpers/server.ts";
import { poll } from "../helpers/within.ts";

const CONNECTIONS = 100;
const AT_ONCE = 10;
/** What may come for reasons of its own: fewer than one for each connection. */
const NOISE = CONNECTIONS / 4;
/** The timer wheel of quiche makes its buckets, at most 1,024, when a deadline first falls there. */
const BUCKETS = "Set";

interface Where {
  readonly engine: Engine;
  readonly address: Address;
  readonly hash: Uint8Array;
}

let messages = 0;

async function connect({ engine, address: { hostname, port }, hash }: Where): Promise<TestPeer> {
  const connection = await engine.dial({
    hostname,
    port,
    alpn: [ALPN],
    hashes: [hash],
    verify: () => true,
  });
  return new TestPeer(connection, await connection.openStream());
}

/** Signs in, does a bit of everything, and goes in one of several ways. */
async function visit(where: Where, token: string, index: number): Promise<void> {
  await using peer = await connect(where);
  await peer.hello();
  await peer.write({ type: "resume", id: peer.nextId(), token });
  await peer.next("authenticated");
  await peer.say("room:general", ulidOf(++messages), `visit ${index}`);
  await peer.next("ack");
  const found = await peer.history("room:general", 0, 5);
  assert.equal(found.at(-1)?.type, "end");
  if (index % 3 === 0) return; // Without a word.
  // The server says `bye` and closes, or goes on until the client does.
  if (index % 3 === 1) await peer.stream.end();
  else peer.stream.reset(0);
  await peer.closed();
}

async function visitAll(where: Where, tokens: readonly string[]): Promise<void> {
  let next = 0;
  const visitor = async () => {
    for (let index = next++; index < CONNECTIONS; index = next++) {
      await visit(where, tokens[index % tokens.length] ?? "", index);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, visitor));
}

/** How many connections the server has closed. */
function countClosed({ log }: TestServer): number {
  return log.filter((line) => line.includes('"closed"')).length;
}

for (const name of ["builtin", "quiche", "tls"]) {
  Deno.test(`Server keeps nothing of connections that have closed, over ${name}`, async () => {
    await using server = await startTestServer(
      name === "tls" ? { tlsPort: 0 } : { engine: name },
    );
    const hash = parsePin(server.pin);
    assert.ok(hash);
    const { hostname, port } = server.address;
    const address = { hostname, port: server.tlsPort ?? port };
    const where: Where = { engine: await loadEngine(name), address, hash };
    const tokens = await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, at) => {
        await using peer = await connect(where);
        await peer.hello();
        return (await peer.login(`visitor${at}`)).token;
      }),
    );
    let expected = tokens.length;
    const round = async () => {
      await visitAll(where, tokens);
      expected += CONNECTIONS;
      await poll(() => countClosed(server) >= expected || undefined, "the end of all connections");
    };
    const look = async () => {
      await round();
      // Timers of the end hold what they would have closed.
      await new Promise((resolve) => setTimeout(resolve, TIMES.linger));
      const objects = await heapObjects((path) => Promise.resolve(void writeHeapSnapshot(path)));
      return { objects, descriptors: await countDescriptors(process.pid) };
    };
    await round();
    const second = await look();
    const third = await look();
    const kept = [...third.objects]
      .map(([of, count]) => `${count - (second.objects.get(of) ?? 0)} ${of}`)
      .filter((more) => parseInt(more) > NOISE && (name !== "quiche" || !more.endsWith(BUCKETS)));
    assert.deepEqual(kept, []);
    const more = third.descriptors - second.descriptors;
    assert.ok(!(more > NOISE), `${more} more descriptors`);
  });
}
