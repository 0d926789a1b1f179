/** Where the server takes its peer to be, with a real quiche at both ends and the network in hand. */
import assert from "node:assert/strict";
import type { Host } from "../../../../protocol/transport/quiche/native.ts";
import { Path } from "../../../../protocol/transport/quiche/path.ts";
import { CLIENT, datagramsOf, type NativePair, nativePair, SERVER } from "./native_pair.ts";

interface Datagram {
  readonly bytes: Uint8Array;
  readonly port: number;
}

/** Moves at which the aliases of a connection are new, and at which they have been used before. */
const MOVES = [1, 2, 30];
/** Milliseconds. */
const MAX_WAIT = 100;
const MEGABYTE = new Uint8Array(1_000_000);

class Network {
  readonly path: Path;
  readonly #pair: NativePair;
  /** What the server has sent, and the client has not received yet. */
  readonly #down: Datagram[] = [];

  constructor(pair: NativePair) {
    this.#pair = pair;
    this.path = new Path(SERVER, CLIENT, false);
    this.path.validate();
  }

  static async connect(): Promise<Network> {
    return new Network(await nativePair());
  }

  get client() {
    return this.#pair.client;
  }

  get server() {
    return this.#pair.server;
  }

  /** What the client has to send, with something in it that the server must acknowledge. */
  fromClient(): Uint8Array[] {
    this.client.sendAckEliciting();
    return datagramsOf(this.client);
  }

  /** Hands the server datagrams that come, as it seems, from a port of the client's host. */
  up(port: number, datagrams = this.fromClient()): void {
    const { server, path } = this;
    for (const bytes of datagrams) {
      const info = path.infoOf(server, CLIENT.host, port, bytes.length);
      server.recv(bytes.slice(), info);
      if (!path.settled) path.follow(server, this.#emit);
    }
    this.flush();
  }

  /** All that the server sends, as `QuicheConnection` does it. */
  flush(): void {
    const { server, path } = this;
    const out = new Uint8Array(1350);
    while (!path.visiting) {
      const room = Math.min(path.allowance, out.length);
      const length = room === 0 ? 0 : path.next(server, out.subarray(0, room), false);
      if (length === 0) return;
      this.#emit(out.subarray(0, length), path.remote);
      path.count(length);
    }
  }

  /** What the server has sent since this was last called. */
  take(): Datagram[] {
    return this.#down.splice(0);
  }

  /** Carries datagrams to and fro until neither end has one. The client is at this port. */
  exchange(port: number): void {
    for (let round = 0; round < 20; round++) {
      this.#toClient(this.take());
      const up = datagramsOf(this.client);
      if (up.length === 0) return;
      this.up(port, up);
    }
  }

  /** The client has moved, and its next datagrams say so. */
  move(port: number): void {
    this.up(port);
    this.exchange(port);
    this.up(port);
    this.exchange(port);
  }

  /** Waits until the server's timers have run out, so that aliases can be used again. */
  async settle(): Promise<void> {
    for (let tries = 0; tries < 100 && !this.path.settled; tries++) {
      // These timers are quiche's own, which knows no other clock.
      const wait = Math.min(this.server.timeout() ?? 0, MAX_WAIT);
      await new Promise((resolve) => setTimeout(resolve, wait));
      this.server.onTimeout();
      this.path.timeOut(this.server);
      this.flush();
      this.exchange(this.path.remote.port);
    }
    assert.ok(this.path.settled);
  }

  #toClient(datagrams: readonly Datagram[]): void {
    for (const { bytes } of datagrams) {
      this.client.recv(bytes.slice(), { from: SERVER, to: CLIENT });
    }
  }

  readonly #emit = (bytes: Uint8Array, { port }: { readonly port: number }): void => {
    this.#down.push({ bytes: bytes.slice(), port });
  };
}

/** A client that has moved so many times, and each time has proven where it was. */
async function moved(times: number): Promise<Network> {
  const network = await Network.connect();
  for (let count = 1; count <= times; count++) {
    network.move(1_000 + count);
    assert.equal(network.path.allowance, Infinity, `move ${count}`);
    if (count % 10 === 0) await network.settle();
  }
  return network;
}

Deno.test("Path follows the newest packet, and not one that was overtaken", async () => {
  const network = await Network.connect();
  const late = network.fromClient();
  const later = network.fromClient();
  network.move(1_001);
  assert.equal(network.path.remote.port, 1_001);
  network.up(CLIENT.port, late);
  assert.equal(network.path.remote.port, 1_001);
  network.up(1_002, later);
  assert.equal(network.path.remote.port, 1_001);

  network.move(CLIENT.port);
  assert.equal(network.path.remote.port, CLIENT.port);
  await network.settle();
});

Deno.test("Path takes junk from anywhere for nothing", async () => {
  const network = await Network.connect();
  for (let count = 0; count < 100; count++) {
    network.up(2_000 + count, [new Uint8Array(100).fill(count)]);
  }
  assert.equal(network.path.remote.port, CLIENT.port);
  assert.deepEqual(network.take().filter(({ port }) => port !== CLIENT.port), []);
  network.move(1_001);
  assert.equal(network.path.remote.port, 1_001);
  assert.equal(network.path.allowance, Infinity);
});

for (const move of MOVES) {
  Deno.test(`Path sends three times what came from a new address, and no more (move ${move})`, async () => {
    const network = await moved(move - 1);
    network.client.streamSend(0, Uint8Array.of(1), false);
    network.up(network.path.remote.port);
    network.exchange(network.path.remote.port);
    network.server.streamSend(0, MEGABYTE, false);
    network.take();

    // It can be seen there, and hears nothing.
    let up = 0;
    let down = 0;
    for (let count = 0; count < 20; count++) {
      const datagrams = network.fromClient();
      network.up(3_000, datagrams);
      network.flush();
      up += datagrams.reduce((sum, { length }) => sum + length, 0);
      for (const { bytes, port } of network.take()) {
        assert.equal(port, 3_000);
        down += bytes.length;
      }
      assert.ok(down <= 3 * up, `${down} bytes for ${up}`);
    }
    assert.equal(network.path.remote.port, 3_000);
    assert.ok(down > up, `${down} bytes for ${up}`);
    assert.ok(Number.isFinite(network.path.allowance));
  });

  Deno.test(`Path takes no answer to an old probe for a new address's (move ${move})`, async () => {
    const network = await moved(move - 1);
    // The client moves, and keeps its answers back.
    for (let count = 0; count < 3; count++) network.up(3_000);
    for (const { bytes } of network.take()) {
      network.client.recv(bytes, { from: SERVER, to: CLIENT });
    }
    const answers = datagramsOf(network.client);
    assert.ok(answers.length > 0);

    // Then it says that it is where somebody else is, who hears what the server sends there.
    for (let count = 0; count < 3; count++) network.up(4_000);
    network.take();
    network.up(4_000, answers);
    assert.equal(network.path.remote.port, 4_000);
    assert.ok(Number.isFinite(network.path.allowance), "the address counts as validated");
  });
}

Deno.test("Path answers a probe where it came from, and stays where the peer is", async () => {
  const network = await Network.connect();
  const elsewhere: Host = { host: CLIENT.host, port: 5_000 };
  network.client.probePath(elsewhere, SERVER);
  const out = new Uint8Array(1350);
  const sent = network.client.sendOnPath(out, elsewhere, SERVER);
  assert.ok(sent);
  network.up(elsewhere.port, [out.slice(0, sent[0])]);
  assert.equal(network.path.remote.port, CLIENT.port);

  const answers = network.take().filter(({ port }) => port === elsewhere.port);
  for (const { bytes } of answers) {
    network.client.recv(bytes, { from: SERVER, to: elsewhere });
  }
  const known = [...network.client.pathsIter(elsewhere)];
  assert.deepEqual(known, [SERVER]);
});

Deno.test("Path leaves no event of quiche unread, however often a client moves", async () => {
  const network = await Network.connect();
  for (let count = 1; count <= 30; count++) {
    network.up(2_000 + count, [new Uint8Array(100).fill(count)]);
    assert.equal(network.server.pathEventNext(), null, `junk ${count}`);
    network.up(1_000 + count);
    assert.equal(network.server.pathEventNext(), null, `move ${count}`);
    network.exchange(1_000 + count);
    network.up(1_000 + count);
    network.exchange(1_000 + count);
    assert.equal(network.server.pathEventNext(), null, `move ${count}, proven`);
    if (count % 10 === 0) await network.settle();
  }
});
