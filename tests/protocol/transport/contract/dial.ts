/** How `dial` ends when it does not end well, and what both ends tell of a handshake. */
import assert from "node:assert/strict";
import {
  CERTIFICATE_REFUSED,
  type HandshakeEvent,
  TransportError,
} from "../../../../protocol/transport/transport.ts";
import { makeTestCertificate } from "../../../helpers/certificate.ts";
import {
  accepted,
  connect,
  delay,
  dial,
  echoAll,
  hello,
  listen,
  passUntil,
  silentPort,
  staysPending,
  type Subject,
  testsOf,
} from "./pair.ts";
import { FakeClock } from "../../../helpers/fake_clock.ts";
import { poll, within } from "../../../helpers/within.ts";

/** TLS's alert 120, no application protocol, as QUIC carries it (RFC 9001, section 4.8). */
const NO_APPLICATION_PROTOCOL = 0x178;

export function dialContract(subject: Subject): void {
  trustTests(subject);
  reachabilityTests(subject);
  cancellingTests(subject);
}

function trustTests(subject: Subject): void {
  const test = testsOf(subject);

  test("Engine.dial refuses a server with another certificate before a byte is sent", async () => {
    await using listener = await listen(subject.server);
    const stranger = await makeTestCertificate();
    const dialling = dial(subject.client, listener.address.port, {
      verify: () => false,
      hashes: [stranger.hash],
    });
    const server = listener.accept();
    await rejectsWith(dialling, "certificate");

    // An engine that asks after the handshake has a connection to close; others never have one.
    const connection = await Promise.race([server, delay(200)]);
    if (connection) {
      assert.equal(await within(connection.accept(), "no stream"), null);
      assert.equal((await connection.closed).code, CERTIFICATE_REFUSED);
    }
  });

  test("Engine.dial accepts one certificate of several", async () => {
    await using listener = await listen(subject.server);
    const strangers = await Promise.all([makeTestCertificate(), makeTestCertificate()]);
    const own = await makeTestCertificate();
    await using second = await listen(subject.server, own);
    const hashes = [...strangers.map(({ hash }) => hash), own.hash];
    const verify = (leaf: Uint8Array) => leaf.byteLength === own.der.byteLength;
    await using connection = await dial(subject.client, second.address.port, { hashes, verify });
    assert.equal(connection.remote.port, second.address.port);
    assert.notEqual(listener.address.port, second.address.port);
  });

  test("Engine.dial refuses to connect when nothing tells it whom to trust", async () => {
    await using listener = await listen(subject.server);
    const port = listener.address.port;
    const dialling = subject.client.dial({ hostname: "127.0.0.1", port, alpn: ["sotto/1"] });
    await rejectsWith(dialling, "certificate");
  });

  test("Engine.dial is refused by a server without a common ALPN protocol", async () => {
    await using listener = await listen(subject.server);
    void listener.accept().then((connection) => connection && echoAll(connection));
    const port = listener.address.port;
    const error = await rejectsWith(dial(subject.client, port, { alpn: ["sotto/9"] }), "refused");
    assert.equal(error.close?.kind, "transport");
    assert.equal(error.close.code, NO_APPLICATION_PROTOCOL);

    await using connection = await dial(subject.client, port, { alpn: ["sotto/9", "sotto/1"] });
    assert.equal(connection.alpn, "sotto/1");
    await hello(connection);
  });
}

function reachabilityTests(subject: Subject): void {
  const test = testsOf(subject);

  test("Engine.dial gives up without an answer after its time limit, and not before", async () => {
    const clock = new FakeClock();
    const { client } = subject.at(clock);
    using silent = silentPort(subject.nature);
    const limits = { handshakeTimeout: 10_000 };
    const dialling = dial(client, silent.port, { limits });
    dialling.catch(() => {});
    await poll(() => clock.waiting > 0 || undefined, "a timer");
    await clock.pass(9_000);
    assert.ok(await staysPending(dialling, 20));
    await passUntil(clock, dialling);
    await rejectsWith(dialling, "unreachable");
  });

  test("Engine.dial fails where nothing listens", async () => {
    const clock = new FakeClock();
    const { client } = subject.at(clock);
    const released = silentPort(subject.nature);
    released[Symbol.dispose]();
    const dialling = dial(client, released.port, { limits: { handshakeTimeout: 10_000 } });
    await passUntil(clock, dialling);
    await rejectsWith(dialling, "unreachable");
  });

  test("Engine.dial says that a name does not resolve", async () => {
    // Too long for a label of DNS, so that no server is asked for it.
    const hostname = `${"x".repeat(70)}.invalid`;
    const error = await rejectsWith(dial(subject.client, 1, { hostname }), "unreachable");
    assert.ok(error.message.includes(hostname), error.message);
  });

  test("Engine.dial finds a name, at the one of its addresses that is listened on", async () => {
    await using listener = await listen(subject.server);
    await using connection = await dial(subject.client, listener.address.port, {
      hostname: "localhost",
    });
    const server = await accepted(listener);
    void echoAll(server);
    await hello(connection);
    assert.equal(server.serverName, "localhost");
  });
}

function cancellingTests(subject: Subject): void {
  const test = testsOf(subject);

  test("Engine.dial stops when its signal says so", async () => {
    using nobody = silentPort(subject.nature);
    const gone = AbortSignal.abort();
    await rejectsWith(dial(subject.client, nobody.port, { signal: gone }), "aborted");

    const controller = new AbortController();
    const dialling = dial(subject.client, nobody.port, { signal: controller.signal });
    dialling.catch(() => {});
    await delay(50);
    controller.abort();
    await rejectsWith(dialling, "aborted");
  });

  test("AbortSignal of a dial does nothing to the connection that came of it", async () => {
    const controller = new AbortController();
    await using pair = await connect(subject, { dial: { signal: controller.signal } });
    controller.abort();
    void echoAll(pair.server);
    await hello(pair.client);
  });

  test("HandshakeEvent comes for each stage, at both ends", async () => {
    const ofServer: HandshakeEvent[] = [];
    const ofClient: HandshakeEvent[] = [];
    await using pair = await connect(subject, {
      listen: { onHandshake: (event) => ofServer.push(event) },
      dial: { onHandshake: (event) => ofClient.push(event), serverName: "localhost" },
    });
    for (const [events, peer] of [[ofServer, pair.server], [ofClient, pair.client]] as const) {
      assert.equal(events[0]?.stage, "initial");
      const last = events.at(-1);
      assert.equal(last?.stage, "established");
      assert.equal(last.alpn, "sotto/1");
      assert.deepEqual(last.peer, peer.remote);
      const times = events.map((event) => event.elapsed);
      assert.deepEqual(times, times.toSorted((one, other) => one - other));
    }
    assert.equal(ofServer.at(-1)?.serverName, "localhost");
  });

  test("HandshakeEvent says why a handshake failed, at both ends", async () => {
    const ofServer = Promise.withResolvers<HandshakeEvent>();
    const ofClient: HandshakeEvent[] = [];
    await using listener = await listen(subject.server, {
      onHandshake: (event) => event.stage === "failed" && ofServer.resolve(event),
    });
    const dialling = dial(subject.client, listener.address.port, {
      alpn: ["sotto/9"],
      onHandshake: (event) => ofClient.push(event),
    });
    await rejectsWith(dialling, "refused");
    assert.equal(ofClient.at(-1)?.stage, "failed");
    assert.ok(ofClient.at(-1)?.reason);
    assert.ok((await within(ofServer.promise, "the server's account")).reason);
  });
}

async function rejectsWith(
  call: Promise<unknown>,
  code: TransportError["code"],
): Promise<TransportError> {
  const failure = await within(call, "a failure").then(
    () => assert.fail(`It did not fail with ${code}`),
    (error) => error,
  );
  assert.ok(failure instanceof TransportError, String(failure));
  assert.equal(failure.code, code, failure.message);
  return failure;
}
