/** What becomes of streams and connections over TLS when their TCP connections break. */
import assert from "node:assert/strict";
import { engine } from "../../../../protocol/transport/tls/engine.ts";
import {
  type Connection,
  type Listener,
  type Stream,
  StreamError,
  TransportError,
} from "../../../../protocol/transport/transport.ts";
import { makeTestCertificate } from "../../../helpers/certificate.ts";
import { TcpRelay } from "../../../helpers/tcp_relay.ts";
import {
  accepted,
  bytes,
  connect,
  delay,
  dial,
  echo,
  listen,
  type Listening,
  openPair,
  OVER_TCP,
  roundTrip,
  within,
} from "../contract/pair.ts";

const SUBJECT = { name: "tls", server: engine, client: engine, nature: OVER_TCP };
const CODE = 0x77;

Deno.test("TlsStream ends with code 0 at both ends when its link breaks, and no other does", async () => {
  await using network = await throughRelay({ limits: { maxStreams: 2 } });
  const { client, relay, server } = network;
  const [session, echoing] = await openPair(client, server);
  void echo(echoing);
  const [one, other] = await openPair(client, server);
  await one.end();
  assert.equal(await other.read(), null);
  // A link that ends is no FIN of what was under way on it.
  relay.cut(1);
  await rejectsWithCode(one.read(), 0);
  await rejectsWithCode(writeUntilBroken(other), 0);
  await roundTrip(session, "still here");

  // It has made room for another.
  const [next] = await within(openPair(client, server), "another stream");
  assert.equal(next.id, 8);
});

Deno.test("TlsConnection is lost at both ends when its first link breaks", async () => {
  await using network = await throughRelay();
  const { client, relay, server } = network;
  const [one, other] = await openPair(client, server);
  const reading = [one.read(), other.read()];
  for (const read of reading) read.catch(() => {});
  relay.cut(0);
  for (const end of [client, server]) {
    assert.equal((await within(end.closed, "the end to be noticed")).kind, "lost");
  }
  for (const read of reading) await assert.rejects(read, { code: "closed" });
});

Deno.test("TlsConnection.openStream fails when the server cannot be reached, and can be tried again", async () => {
  await using network = await throughRelay();
  const { client, relay, server } = network;
  const [session, echoing] = await openPair(client, server);
  void echo(echoing);
  relay.refuse = true;
  await assert.rejects(within(client.openStream(), "a failure"), { code: "refused" });
  await roundTrip(session, "still here");
  relay.refuse = false;
  const [one] = await openPair(client, server);
  assert.equal(one.id, 4);
});

Deno.test("TlsConnection.openStream refuses a server that shows another certificate by now", async () => {
  await using other = await listen(engine, await makeTestCertificate());
  await using network = await throughRelay();
  const { client, relay, server } = network;
  await openPair(client, server);
  relay.target = other.address;
  await assert.rejects(within(client.openStream(), "a failure"), { code: "certificate" });
});

Deno.test("TlsConnection.openStream that is under way ends with the connection", async () => {
  await using network = await throughRelay();
  const { client, relay, server } = network;
  await openPair(client, server);
  relay.mute = true;
  const opening = client.openStream();
  opening.catch(() => {});
  await delay(50);
  client.close(CODE);
  await assert.rejects(within(opening, "a failure"), { code: "closed" });
  relay.cut(0);
  await client.closed;
});

Deno.test("TlsStream.reset keeps its code, whichever TCP connection is faster", async () => {
  await using pair = await connect(SUBJECT, { listen: { limits: { maxStreams: 30 } } });
  for (const resetter of ["client", "server"]) {
    const ours = await Promise.all(Array.from({ length: 20 }, () => pair.client.openStream()));
    await Promise.all(ours.map((stream) => stream.write(bytes("x"))));
    const theirs = await takeAll(pair.server, ours);
    for (const stream of theirs) await stream.read();
    const [resetting, reset] = resetter === "client" ? [ours, theirs] : [theirs, ours];
    const reads = reset.map((stream) => stream.read());
    reads.forEach((read) => read.catch(() => {}));
    resetting.forEach((stream, index) => stream.reset(CODE + index));
    for (const [index, read] of reads.entries()) await rejectsWithCode(read, CODE + index);
  }
});

Deno.test("TlsConnection.close ends all streams as a close, whichever TCP connection is faster", async () => {
  for (const who of ["client", "server"] as const) {
    await using pair = await connect(SUBJECT, { listen: { limits: { maxStreams: 20 } } });
    const streams: Stream[] = [];
    for (let count = 0; count < 15; count++) {
      streams.push(...await openPair(pair.client, pair.server));
    }
    const reads = streams.map((stream) => stream.read());
    reads.forEach((read) => read.catch(() => {}));
    pair[who].close(CODE, "enough");
    for (const read of reads) {
      await assert.rejects(within(read, "a read to settle"), (error) => {
        assert.ok(error instanceof TransportError, String(error));
        assert.deepEqual([error.code, error.close?.code], ["closed", CODE]);
        return true;
      });
    }
  }
});

Deno.test("TlsStream takes codes of 32 bits, and says so", async () => {
  await using pair = await connect(SUBJECT);
  const [one, other] = await openPair(pair.client, pair.server);
  assert.throws(() => one.reset(2 ** 32), RangeError);
  assert.throws(() => pair.client.close(-1), RangeError);
  one.reset(2 ** 32 - 1);
  await rejectsWithCode(other.read(), 2 ** 32 - 1);
});

Deno.test("TlsConnection measures its round trip by its keep-alive", async () => {
  await using pair = await connect(SUBJECT, { dial: { limits: { keepAlive: 20 } } });
  for (let tries = 0; tries < 200 && pair.client.rtt() === undefined; tries++) await delay(5);
  const rtt = pair.client.rtt();
  assert.ok(rtt !== undefined && rtt >= 0 && rtt < 1000, `${rtt} ms`);
});

interface Network extends AsyncDisposable {
  readonly relay: TcpRelay;
  readonly client: Connection;
  readonly server: Connection;
}

async function throughRelay(options: Listening = {}): Promise<Network> {
  const listener: Listener = await listen(engine, options);
  const relay = await TcpRelay.to(listener.address);
  const [client, server] = await Promise.all([dial(engine, relay.port), accepted(listener)]);
  return {
    relay,
    client,
    server,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await listener.close();
      await relay[Symbol.asyncDispose]();
    },
  };
}

/** The server's ends of streams, in the order of the client's. */
async function takeAll(server: Connection, streams: readonly Stream[]): Promise<Stream[]> {
  const byId = new Map<number, Stream>();
  while (byId.size < streams.length) {
    const stream = await within(server.accept(), "a stream");
    assert.ok(stream);
    byId.set(stream.id, stream);
  }
  return streams.map(({ id }) => {
    const stream = byId.get(id);
    assert.ok(stream);
    return stream;
  });
}

async function rejectsWithCode(call: Promise<unknown>, code: number): Promise<void> {
  await assert.rejects(within(call, "a call to settle"), (error) => {
    assert.ok(error instanceof StreamError, String(error));
    assert.equal(error.code, code);
    return true;
  });
}

async function writeUntilBroken(stream: Stream): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    await stream.write(bytes("anybody there?"));
    await delay(1);
  }
}
