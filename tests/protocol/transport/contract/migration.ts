/** Rule 5: a peer that comes from a new address keeps its connection. */
import assert from "node:assert/strict";
import { type Connection, TransportError } from "../../../../protocol/transport/transport.ts";
import { UdpRelay } from "../../../helpers/udp_relay.ts";
import { NumberFlow } from "./number_flow.ts";
import {
  connect,
  delay,
  echo,
  equalBytes,
  openPair,
  type Pair,
  pattern,
  readAll,
  roundTrip,
  type Subject,
  testsOf,
} from "./pair.ts";
import { within } from "../../../helpers/within.ts";

/** More than an engine may have paths or connection IDs for. */
const MOVES = 300;

export function migrationContract(subject: Subject): void {
  if (subject.nature.migrates) natTests(subject);
  if (subject.nature.migrates && subject.client.name !== "builtin") rebindTests(subject);
  else unsupportedTests(subject);
}

function natTests(subject: Subject): void {
  const test = testsOf(subject);

  test("Connection survives a NAT that rebinds, in mid-conversation, with nothing lost", async () => {
    await using network = await throughRelay(subject);
    const { relay, client, server } = network;
    const [one, other] = await openPair(client, server);
    void echo(other);
    const before = server.remote.port;
    for (let round = 0; round < 60; round++) {
      if (round % 20 === 10) relay.rebind();
      await roundTrip(one, `line ${round}`);
    }
    assert.notEqual(server.remote.port, before);
    assert.deepEqual([server.remote.port], relay.upstreamPorts);
    assert.equal(client.remote.port, relay.port);
  });

  test("Connection survives a NAT that rebinds while both ends send", async () => {
    await using network = await throughRelay(subject);
    const { relay, client, server } = network;
    const [one, other] = await openPair(client, server);
    const sent = pattern(1024 * 1024);
    const writeAll = async (stream: typeof one) => {
      for (let at = 0; at < sent.byteLength; at += 16_384) {
        await stream.write(sent.subarray(at, at + 16_384));
        if (at % 131_072 === 0) await delay(1);
      }
      await stream.end();
    };
    const rebinding = (async () => {
      for (let count = 0; count < 3; count++) {
        await delay(20);
        relay.rebind();
      }
    })();
    const [, , toOne, toOther] = await within(
      Promise.all([writeAll(one), writeAll(other), readAll(one), readAll(other), rebinding]),
      "both megabytes",
    );
    assert.ok(equalBytes(toOne, sent));
    assert.ok(equalBytes(toOther, sent));
  });

  test("Connection survives 300 NATs that rebind, one after the other, while both ends send", async () => {
    await using network = await throughRelay(subject);
    await moveOften(network, () => network.relay.rebind());
    assert.deepEqual([network.server.remote.port], network.relay.upstreamPorts);
  });
}

function rebindTests(subject: Subject): void {
  const test = testsOf(subject);

  test("Connection.rebind goes on from a new port, 300 times, while both ends send", async () => {
    await using pair = await connect(subject);
    await moveOften(pair, () => pair.client.rebind());
    await rejectsAsUnsupported(pair.server);
  });
}

function unsupportedTests(subject: Subject): void {
  const test = testsOf(subject);

  test("Connection.rebind says that the engine cannot, and changes nothing", async () => {
    await using pair = await connect(subject);
    const [one, other] = await openPair(pair.client, pair.server);
    void echo(other);
    await rejectsAsUnsupported(pair.client);
    await rejectsAsUnsupported(pair.server);
    await roundTrip(one, "after");
  });
}

/**
 * Moves the client again and again, each time as soon as something that was sent after the last move
 * has arrived, at both ends.
 */
async function moveOften(
  { client, server }: Pick<Pair, "client" | "server">,
  move: () => void | Promise<void>,
): Promise<void> {
  const [one, other] = await openPair(client, server);
  const flows = [new NumberFlow(one, other), new NumberFlow(other, one)];
  const ports = new Set<number>();
  for (let count = 0; count < MOVES; count++) {
    await move();
    await Promise.all(flows.map((flow) => flow.nextArrives()));
    ports.add(server.remote.port);
  }
  await Promise.all(flows.map((flow) => flow.finish()));
  assert.ok(ports.size > 0.9 * MOVES, `${ports.size} ports`); // The system gives some of them twice.
}

async function throughRelay(subject: Subject): Promise<Pair & { readonly relay: UdpRelay }> {
  let relay: UdpRelay | undefined;
  const pair = await connect(subject, {
    // Behind a NAT that has rebound, a client that has nothing to say is found by its keep-alive.
    dial: { limits: { keepAlive: 200 } },
    port: (listener) => (relay = new UdpRelay(listener.address)).port,
  });
  assert.ok(relay);
  const network = relay;
  return {
    ...pair,
    relay: network,
    async [Symbol.asyncDispose]() {
      await pair[Symbol.asyncDispose]();
      await network[Symbol.asyncDispose]();
    },
  };
}

async function rejectsAsUnsupported(connection: Connection): Promise<void> {
  await assert.rejects(
    connection.rebind(),
    (error) => error instanceof TransportError && error.code === "unsupported",
  );
}
