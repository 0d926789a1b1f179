/** Rules 3 and 7, and the rest of what connections say and do. */
import assert from "node:assert/strict";
import {
  type CloseReason,
  type Connection,
  TransportError,
} from "../../../../protocol/transport/transport.ts";
import { testCertificate } from "../../../helpers/certificate.ts";
import {
  accepted,
  bytes,
  connect,
  delay,
  dial,
  echoAll,
  hello,
  listen,
  openPair,
  roundTrip,
  staysPending,
  type Subject,
  testsOf,
} from "./pair.ts";
import { poll, within } from "../../../helpers/within.ts";

export function connectionContract(subject: Subject): void {
  propertyTests(subject);
  closingTests(subject);
  lifetimeTests(subject);
}

function propertyTests(subject: Subject): void {
  const test = testsOf(subject);

  test("Connection says what it is", async () => {
    await using pair = await connect(subject, { dial: { serverName: "localhost" } });
    const { client, server, listener } = pair;
    assert.equal(client.role, "client");
    assert.equal(server.role, "server");
    assert.equal(client.engine, subject.client.name);
    assert.equal(server.engine, subject.server.name);
    assert.equal(client.alpn, "sotto/1");
    assert.equal(server.alpn, "sotto/1");
    assert.equal(server.serverName, "localhost");
    assert.deepEqual(client.remote, { hostname: "127.0.0.1", port: listener.address.port });
    assert.equal(server.remote.hostname, "127.0.0.1");
    assert.notEqual(server.remote.port, listener.address.port);
    if (client.peerCertificate !== undefined) {
      assert.deepEqual(client.peerCertificate, (await testCertificate()).der);
    }
    for (const connection of [client, server]) {
      const ids = connection.ids();
      if (ids !== undefined) {
        assert.match(ids.source, /^([0-9a-f]{2})+$/);
        assert.match(ids.destination, /^([0-9a-f]{2})+$/);
      }
      const rtt = connection.rtt();
      if (rtt !== undefined) assert.ok(rtt >= 0 && rtt < 1000, `${rtt} ms`);
    }
  });
}

function closingTests(subject: Subject): void {
  const test = testsOf(subject);

  for (const closer of ["client", "server"] as const) {
    test(`Connection.close by the ${closer} tells the other end its code and reason`, async () => {
      await using pair = await connect(subject);
      const other = closer === "client" ? pair.server : pair.client;
      pair[closer].close(0x10b, "gone fishing — 🎣");
      pair[closer].close(5, "again");
      const close = { kind: "application", code: 0x10b, reason: "gone fishing — 🎣" } as const;
      assert.deepEqual(await closed(pair[closer]), { ...close, by: "local" });
      assert.deepEqual(await closed(other), { ...close, by: "peer" });
      pair[closer].close(6, "and again");
      assert.deepEqual(await pair[closer].closed, { ...close, by: "local" });
    });

    test(`Connection.closed of the ${closer} settles after all that was pending`, async () => {
      await using pair = await connect(subject, { listen: { limits: { maxStreams: 2 } } });
      const [reading] = await openPair(pair.client, pair.server);
      const [writing] = await openPair(pair.client, pair.server);
      const blocked = (async () => {
        while (true) await writing.write(new Uint8Array(1024 * 1024));
      })();
      const calls = [reading.read(), blocked, pair.client.openStream()];
      const settled = new Set<number>();
      calls.forEach((call, at) => call.catch(() => settled.add(at)));
      let noStream: unknown;
      void pair.client.accept().then((stream) => noStream = stream);
      assert.ok(await staysPending(Promise.race(calls)), "a call did not wait");

      pair[closer].close(9, "enough");
      const close = await closed(pair.client);
      assert.deepEqual([...settled].sort(), [0, 1, 2]);
      assert.equal(noStream, null);
      for (const call of [...calls, reading.read(), writing.write(bytes("x"))]) {
        await rejectsAsClosed(call, close);
      }
      await rejectsAsClosed(pair.client.openStream(), close);
      assert.equal(await pair.client.accept(), null);
      await within(writing.end(), "the end of a stream that is gone");
      writing.reset(1);
      await writing[Symbol.asyncDispose]();
    });
  }

  test("Connection closes with code 0 when it is disposed of", async () => {
    await using pair = await connect(subject);
    await pair.client[Symbol.asyncDispose]();
    assert.equal((await closed(pair.client)).by, "local");
    const seen = await closed(pair.server);
    assert.deepEqual([seen.kind, seen.code, seen.by], ["application", 0, "peer"]);
  });

  test("Connection ends after its idle timeout, at both ends", async () => {
    const limits = { idleTimeout: 300, keepAlive: 0 };
    await using pair = await connect(subject, { listen: { limits }, dial: { limits } });
    const [one] = await openPair(pair.client, pair.server);
    const reading = one.read();
    reading.catch(() => {});
    const close = await closed(pair.client);
    assert.equal(close.kind, "idle");
    assert.equal((await closed(pair.server)).kind, "idle");
    await rejectsAsClosed(reading, close);
  });
}

function lifetimeTests(subject: Subject): void {
  const test = testsOf(subject);

  test("Connection is kept alive by either end", async () => {
    // In real time, since QUIC engines time this themselves: a busy machine may be late by a second.
    const quiet = { idleTimeout: 2_000, keepAlive: 0 };
    const limits = { idleTimeout: 2_000, keepAlive: 200 };
    const keep = async (keeper: "client" | "server") => {
      await using pair = await connect(subject, {
        listen: { limits: keeper === "server" ? limits : quiet },
        dial: { limits: keeper === "client" ? limits : quiet },
      });
      void echoAll(pair.server);
      const stream = await pair.client.openStream();
      await roundTrip(stream, "before");
      await delay(2_500);
      await roundTrip(stream, "after");
    };
    await Promise.all([keep("client"), keep("server")]);
  });

  test("Connection opens and closes many times, and the listener stays well", async () => {
    await using listener = await listen(subject.server);
    const serving = (async () => {
      let ended = 0;
      for (let count = 0; count < 100; count++) {
        const connection = await accepted(listener);
        void echoAll(connection);
        void connection.closed.then(() => ended++);
      }
      return () => ended;
    })();
    for (let round = 0; round < 5; round++) {
      await Promise.all(Array.from({ length: 20 }, async () => {
        await using connection = await dial(subject.client, listener.address.port);
        await hello(connection);
      }));
    }
    const ended = await within(serving, "a hundred connections");
    await poll(() => ended() === 100 || undefined, () => `100 ends, of which ${ended()} came`);
  });
}

function closed(connection: Connection): Promise<CloseReason> {
  return within(connection.closed, "a connection to close");
}

async function rejectsAsClosed(call: Promise<unknown>, close: CloseReason): Promise<void> {
  await assert.rejects(within(call, "a call to settle"), (error) => {
    assert.ok(error instanceof TransportError, String(error));
    assert.equal(error.code, "closed");
    assert.deepEqual(error.close, close);
    return true;
  });
}
