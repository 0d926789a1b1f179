/** Rule 4: what a peer, or anybody on the network, sends harms nobody else. */
import assert from "node:assert/strict";
import { UdpRelay } from "../../../helpers/udp_relay.ts";
import {
  accepted,
  connect,
  dial,
  echo,
  echoAll,
  equalBytes,
  hello,
  listen,
  openPair,
  pattern,
  readAll,
  roundTrip,
  type Subject,
  testsOf,
} from "./pair.ts";
import { within } from "../../../helpers/within.ts";

const MIN_INITIAL = 1200;

export function hostilityContract(subject: Subject): void {
  const test = testsOf(subject);

  test("Listener is not disturbed by garbage sent to its port", async () => {
    await using pair = await connect(subject);
    void echoAll(pair.server);
    const stream = await pair.client.openStream();
    await roundTrip(stream, "before");
    const initial = await firstDatagram(subject);
    await sendAll(pair.listener.address.port, garbage(initial));
    await roundTrip(stream, "after");

    await using newcomer = await dial(subject.client, pair.listener.address.port);
    void echoAll(await accepted(pair.listener));
    await hello(newcomer);
  });

  test("Listener answers an unknown QUIC version with those it has", async () => {
    await using listener = await listen(subject.server);
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    try {
      const unknown = longHeader(0x5a5a5a5a);
      const port = listener.address.port;
      await socket.send(unknown, { transport: "udp", hostname: "127.0.0.1", port });
      const [answer] = await within(socket.receive(), "Version Negotiation");
      // RFC 9000, section 17.2.1: version 0, our IDs swapped, then the versions.
      assert.deepEqual(answer.subarray(1, 5), new Uint8Array(4));
      const versions = new DataView(answer.buffer, answer.byteOffset).getUint32(
        answer.byteLength - 4,
      );
      assert.ok(answer.byteLength >= 7 + 16 + 4 && versions !== 0x5a5a5a5a);
    } finally {
      socket.close();
    }
  });

  test("Connection goes on when datagrams are changed, lost, doubled and made up", async () => {
    await using listener = await listen(subject.server);
    await using relay = new UdpRelay(listener.address);
    const dialling = dial(subject.client, relay.port);
    const server = await accepted(listener);
    await using client = await dialling;
    const [one, other] = await openPair(client, server);
    void echo(other);

    let count = 0;
    relay.filter = (datagram) => {
      count++;
      if (count % 11 === 0) return undefined;
      if (count % 7 === 0) {
        const changed = datagram.slice();
        const at = count % changed.byteLength;
        changed[at] = (changed[at] ?? 0) ^ 0x40;
        return changed;
      }
      return datagram;
    };
    const sent = pattern(200_000);
    const writing = (async () => {
      for (let at = 0; at < sent.byteLength; at += 10_000) {
        await one.write(sent.subarray(at, at + 10_000));
        await relay.inject(pattern(40 + at % 1000, at));
      }
      await one.end();
    })();
    assert.ok(equalBytes(await readAll(one), sent));
    await writing;
    assert.ok(count > 100);
  });
}

/** The Initial of a handshake that does not go on. */
async function firstDatagram(subject: Subject): Promise<Uint8Array> {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const controller = new AbortController();
  const { port } = socket.addr as Deno.NetAddr;
  const dialling = dial(subject.client, port, { signal: controller.signal });
  dialling.catch(() => {});
  const [datagram] = await within(socket.receive(), "an Initial");
  controller.abort();
  await dialling.catch(() => {});
  socket.close();
  return datagram;
}

function longHeader(version: number): Uint8Array {
  const datagram = new Uint8Array(MIN_INITIAL);
  const view = new DataView(datagram.buffer);
  view.setUint8(0, 0xc0);
  view.setUint32(1, version);
  datagram.set([8, 1, 2, 3, 4, 5, 6, 7, 8], 5);
  datagram.set([8, 8, 7, 6, 5, 4, 3, 2, 1], 14);
  return datagram;
}

function* garbage(initial: Uint8Array): Generator<Uint8Array> {
  for (let seed = 1; seed <= 60; seed++) {
    // Of every size, beginning like nothing, like a short header, and like a long one.
    const noise = pattern(1 + (seed * 97) % 1500, seed);
    yield noise;
    noise[0] = 0x40 | (seed & 0x3f);
    yield noise;
    noise[0] = 0xc0 | (seed & 0x3f);
    yield noise;
    if (noise.byteLength > 5) {
      noise.set([0, 0, 0, 1], 1);
      yield noise;
    }
  }
  for (let version = 0; version < 4; version++) {
    yield longHeader(version);
    yield longHeader(version).subarray(0, 30);
  }
  for (let cut = 1; cut < initial.byteLength; cut += 111) yield initial.subarray(0, cut);
  for (let at = 0; at < 200; at += 3) {
    const changed = initial.slice();
    changed[at] = (changed[at] ?? 0) ^ 0xff;
    yield changed;
  }
}

async function sendAll(port: number, datagrams: Iterable<Uint8Array>): Promise<void> {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  try {
    for (const datagram of datagrams) {
      await socket.send(datagram, { transport: "udp", hostname: "127.0.0.1", port });
    }
  } finally {
    socket.close();
  }
}
