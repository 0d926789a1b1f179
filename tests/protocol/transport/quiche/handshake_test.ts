/** What the quiche engine does before a connection is there, seen on the wire and in the log. */
import assert from "node:assert/strict";
import { engine } from "../../../../protocol/transport/quiche/engine.ts";
import { parseLongHeader } from "../../../../protocol/transport/quiche/header.ts";
import type { HandshakeEvent } from "../../../../protocol/transport/transport.ts";
import { toHex } from "../../../helpers/hex.ts";
import { UdpRelay } from "../../../helpers/udp_relay.ts";
import { accepted, connect, delay, dial, echoAll, hello, listen } from "../contract/pair.ts";
import { within } from "../../../helpers/within.ts";
import { QUICHE } from "./subject.ts";

/** A UDP socket of a stranger, on the loopback interface. */
class Stranger implements Disposable {
  readonly #socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });

  get port(): number {
    return (this.#socket.addr as Deno.NetAddr).port;
  }

  async send(datagram: Uint8Array, port: number): Promise<void> {
    await this.#socket.send(datagram, { transport: "udp", hostname: "127.0.0.1", port });
  }

  async receive(): Promise<Uint8Array> {
    return (await this.receiveFrom())[0];
  }

  async receiveFrom(): Promise<[Uint8Array, port: number]> {
    const [datagram, from] = await within(this.#socket.receive(), "a datagram");
    return [datagram, (from as Deno.NetAddr).port];
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

/** The first datagram of an honest client, which gets no answer. */
async function firstDatagram(): Promise<Uint8Array> {
  using nobody = new Stranger();
  const gone = new AbortController();
  const dialling = dial(engine, nobody.port, { signal: gone.signal });
  const datagram = await nobody.receive();
  gone.abort();
  await assert.rejects(dialling, { code: "aborted" });
  return datagram;
}

Deno.test("HandshakeEvent names both connection IDs, and each end calls them the other way round", async () => {
  const ofServer: HandshakeEvent[] = [];
  const ofClient: HandshakeEvent[] = [];
  await using pair = await connect(QUICHE, {
    listen: { onHandshake: (event) => ofServer.push(event) },
    dial: { onHandshake: (event) => ofClient.push(event) },
  });
  assert.deepEqual(ofServer.map(({ stage }) => stage), ["initial", "retry", "established"]);
  assert.deepEqual(ofClient.map(({ stage }) => stage), ["initial", "retry", "established"]);
  for (const { sourceId = "", destinationId = "" } of [...ofServer, ...ofClient.slice(0, 1)]) {
    assert.match(sourceId, /^[0-9a-f]{16,}$/);
    assert.match(destinationId, /^[0-9a-f]{16,}$/);
  }
  const [server, client] = [ofServer.at(-1), ofClient.at(-1)];
  assert.equal(server?.sourceId, client?.destinationId);
  assert.equal(server?.destinationId, client?.sourceId);
  assert.deepEqual(pair.server.ids(), {
    source: server?.sourceId,
    destination: server?.destinationId,
  });
  assert.equal(ofServer[0]?.sourceId, ofClient[0]?.destinationId);
});

Deno.test("Listener sends no Retry where it was told not to", async () => {
  const stages: string[] = [];
  await using pair = await connect(QUICHE, {
    listen: { retry: false, onHandshake: ({ stage }) => stages.push(stage) },
  });
  void echoAll(pair.server);
  await hello(pair.client);
  assert.deepEqual(stages, ["initial", "established"]);
});

Deno.test("Listener knows a client's first datagram again when it comes late", async () => {
  const stages: string[] = [];
  await using listener = await listen(engine, {
    retry: false,
    onHandshake: ({ stage }) => stages.push(stage),
  });
  await using relay = new UdpRelay(listener.address);
  let first: Uint8Array | undefined;
  relay.filter = (datagram, direction) => {
    if (direction === "up") first ??= datagram.slice();
    return datagram;
  };
  const dialling = dial(engine, relay.port);
  const server = await accepted(listener);
  await using client = await dialling;
  assert.ok(first);
  await relay.inject(first);
  void echoAll(server);
  await hello(client);
  assert.deepEqual(stages, ["initial", "established"]);
});

Deno.test("Listener keeps nothing of an address that has not answered its Retry", async () => {
  const events: HandshakeEvent[] = [];
  await using listener = await listen(engine, {
    limits: { maxHandshakes: 1, maxConnections: 1 },
    onHandshake: (event) => events.push(event),
  });
  const initial = await firstDatagram();
  const sent = parseLongHeader(initial);
  using stranger = new Stranger();
  for (let count = 0; count < 50; count++) {
    await stranger.send(initial.slice(), listener.address.port);
    const answer = parseLongHeader(await stranger.receive());
    assert.equal(answer?.type, "retry");
    assert.deepEqual(answer.destination, sent?.source);
  }
  assert.ok(events.every(({ stage }) => stage === "initial" || stage === "retry"));
  assert.equal(events.length, 100);
  // Neither the one handshake nor the one connection that it has room for is taken.
  await using client = await dial(engine, listener.address.port);
  void echoAll(await accepted(listener));
  await hello(client);
});

Deno.test("Listener takes no token that another address was given", async () => {
  const stages: string[] = [];
  await using listener = await listen(engine, { onHandshake: ({ stage }) => stages.push(stage) });
  // A client behind a network that answers its Initial with a Retry of the server's for another.
  using network = new Stranger();
  using thief = new Stranger();
  const gone = new AbortController();
  const dialling = dial(engine, network.port, { signal: gone.signal });
  dialling.catch(() => {});
  const [initial, clientPort] = await network.receiveFrom();
  await thief.send(initial, listener.address.port);
  await network.send(await thief.receive(), clientPort);
  const withToken = await network.receive();
  assert.ok((parseLongHeader(withToken)?.token.length ?? 0) > 0);

  using other = new Stranger();
  await other.send(withToken.slice(), listener.address.port);
  await delay(50);
  assert.deepEqual(stages, ["initial", "retry"]);
  // From the address that the token was made for it is good.
  await thief.send(withToken.slice(), listener.address.port);
  assert.equal(parseLongHeader(await thief.receive())?.type, "initial");
  gone.abort();
});

Deno.test("Listener answers an unknown version with those that it speaks, by RFC 8999", async () => {
  const events: HandshakeEvent[] = [];
  await using listener = await listen(engine, { onHandshake: (event) => events.push(event) });
  using stranger = new Stranger();
  const unknown = (await firstDatagram()).slice();
  unknown.set([0x1a, 0x2a, 0x3a, 0x4a], 1);
  await stranger.send(unknown.slice(), listener.address.port);
  const answer = await stranger.receive();
  const [asked, header] = [parseLongHeader(unknown), parseLongHeader(answer)];
  assert.equal(header?.version, 0);
  assert.deepEqual(header.destination, asked?.source);
  assert.deepEqual(header.source, asked?.destination);
  const versions = answer.subarray(7 + header.destination.length + header.source.length);
  assert.equal(versions.length % 4, 0);
  assert.ok(toHex(versions).includes("00000001"));
  assert.deepEqual(events.map(({ stage }) => stage), ["version_negotiation"]);

  // Neither a short one nor an answer is answered: nobody can be made to shout at others.
  await stranger.send(unknown.subarray(0, 1199), listener.address.port);
  await stranger.send(answer, listener.address.port);
  await delay(50);
  assert.equal(events.length, 1);
});

Deno.test("Connections of one client share a socket, and one that moves leaves it", async () => {
  await using listener = await listen(engine);
  await using first = await dial(engine, listener.address.port);
  await using second = await dial(engine, listener.address.port);
  const servers = [await accepted(listener), await accepted(listener)] as const;
  for (const server of servers) void echoAll(server);
  assert.equal(servers[0].remote.port, servers[1].remote.port);
  await first.rebind();
  await hello(first);
  await hello(second);
  assert.notEqual(servers[0].remote.port, servers[1].remote.port);
});
