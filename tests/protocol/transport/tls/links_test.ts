/** What becomes of streams and connections over TLS when their TCP connections break. */
import assert from "node:assert/strict";
import { systemClock } from "../../../../protocol/clock.ts";
import { TlsConnection } from "../../../../protocol/transport/tls/connection.ts";
import { StreamOpener } from "../../../../protocol/transport/tls/stream_opener.ts";
import { engine } from "../../../../protocol/transport/tls/engine.ts";
import { type LinkOwner, TlsLink } from "../../../../protocol/transport/tls/tls_link.ts";
import { connectTls } from "../../../../protocol/transport/tls/socket.ts";
import {
  type Connection,
  DEFAULT_LIMITS,
  type Listener,
  type Stream,
  StreamError,
  TransportError,
} from "../../../../protocol/transport/transport.ts";
import { makeTestCertificate } from "../../../helpers/certificate.ts";
import { TcpRelay } from "../../../helpers/tcp_relay.ts";
import { CAPSULE, TlsStranger } from "../../../helpers/tls_stranger.ts";
import {
  accepted,
  ALPN,
  bytes,
  connect,
  delay,
  dial,
  echo,
  listen,
  type Listening,
  openPair,
  OVER_TCP,
  pattern,
  roundTrip,
} from "../contract/pair.ts";
import { within } from "../../../helpers/within.ts";

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

for (const closer of ["client", "server"] as const) {
  Deno.test(`TlsStream.reset of the ${closer} keeps its code when the first link lags behind`, async () => {
    await using network = await throughRelay();
    const { client, relay, server } = network;
    await client.openStream();
    const [one, other] = await openPair(client, server);
    const [resetting, reset] = closer === "client" ? [one, other] : [other, one];
    const reading = reset.read();
    reading.catch(() => {});
    relay.lag(0, 50);
    resetting.reset(CODE);
    await rejectsWithCode(reading, CODE);
  });

  Deno.test(`TlsConnection.close of the ${closer} ends streams as a close when the first link lags behind`, async () => {
    await using network = await throughRelay();
    const { client, relay, server } = network;
    await client.openStream();
    const streams = [...await openPair(client, server), ...await openPair(client, server)];
    const reads = streams.map((stream) => stream.read());
    reads.forEach((read) => read.catch(() => {}));
    relay.lag(0, 50);
    network[closer].close(CODE, "enough");
    for (const read of reads) {
      await assert.rejects(within(read, "a read to settle"), (error) => {
        assert.ok(error instanceof TransportError, String(error));
        assert.deepEqual([error.code, error.close?.code], ["closed", CODE]);
        return true;
      });
    }
  });
}

Deno.test("TlsStream that has lost its link says so through the first, since the peer may not notice", async () => {
  await using network = await throughRelay();
  const { client, relay, server } = network;
  await client.openStream();
  const [one, other] = await openPair(client, server);
  relay.cutClient(1);
  await rejectsWithCode(one.read(), 0);
  await rejectsWithCode(other.read(), 0);
});

Deno.test("TlsConnection waits no longer than it must for a peer to hang up, and takes no more links", async () => {
  await using listener = await listen(engine);
  await using relay = await TcpRelay.to(listener.address);
  using stranger = await TlsStranger.dial(relay.port);
  const secret = await stranger.open();
  const connection = await accepted(listener);
  relay.hold(0);
  connection.close(CODE);
  using late = await TlsStranger.dial(relay.port);
  late.write(CAPSULE.attach(secret, 4));
  await within(late.closed, "the latecomer to be sent away");
  assert.match(late.received, /^0b00..0100000002/);
  assert.equal((await within(connection.closed, "the end of patience")).code, CODE);
});

Deno.test("TlsStream is lost when its link has broken before it was used", async () => {
  await using listener = await listen(engine);
  const { port } = listener.address;
  const broken = async () => {
    const link = await dialLink(port);
    link.destroy();
    return link;
  };
  const opened = Promise.withResolvers<unknown>();
  const link = await dialLink(port, { receive: opened.resolve });
  link.send({ type: "open" });
  await within(opened.promise, "the answer");
  await using connection = new TlsConnection({
    link,
    ...{ remote: listener.address, alpn: "sotto/1", serverName: undefined },
    ...{ limits: DEFAULT_LIMITS, clock: systemClock, peerCertificate: new Uint8Array() },
    role: new StreamOpener({ secret: new Uint8Array(16), streams: 8, dialLink: broken }),
  });
  await connection.openStream();
  const stream = await connection.openStream();
  await rejectsWithCode(stream.read(), 0);
});

Deno.test("Link gives up a peer that reads nothing of what is said without waiting", async () => {
  await using listener = await listen(engine);
  await using relay = await TcpRelay.to(listener.address);
  const broken = Promise.withResolvers<string>();
  const link = await dialLink(relay.port, { broken: broken.resolve });
  relay.stall(0);
  const bytes = pattern(60_000);
  for (let count = 0; count < 1000 && link.isOpen; count++) {
    link.send({ type: "data", bytes });
    await delay(0);
  }
  assert.match(await within(broken.promise, "the link to break"), /does not read/);
  await link.gone;
});

Deno.test({
  name: "TlsConnection and TlsListener leave nothing behind",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using pair = await connect(SUBJECT);
    const [one, other] = await openPair(pair.client, pair.server);
    const [two] = await openPair(pair.client, pair.server);
    await two.end();
    one.reset(CODE);
    await rejectsWithCode(other.read(), CODE);
  },
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

/** A link to the port, with a silent owner. */
async function dialLink(port: number, owner: Partial<LinkOwner> = {}): Promise<TlsLink> {
  const address = { hostname: "127.0.0.1", port };
  const target = { address, alpn: ALPN, serverName: undefined };
  const { socket } = await connectTls(target, new AbortController().signal);
  const unheard: LinkOwner = { receive() {}, drained() {}, fault() {}, broken() {} };
  return new TlsLink(socket, { ...unheard, ...owner }, systemClock);
}

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

async function rejectsWithCode(call: Promise<unknown>, code: number): Promise<void> {
  await assert.rejects(within(call, "a call to settle"), (error) => {
    assert.ok(error instanceof StreamError, String(error));
    assert.equal(error.code, code);
    return true;
  });
}

async function writeUntilBroken(stream: Stream): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    await stream.write(bytes("hello?"));
    await delay(1);
  }
}
