/** What listeners do: where they listen, whom they let in, how they close. */
import assert from "node:assert/strict";
import { parseLongHeader } from "../../../../protocol/transport/quiche/header.ts";
import { type HandshakeEvent, TransportError } from "../../../../protocol/transport/transport.ts";
import {
  accepted,
  connect,
  delay,
  dial,
  echoAll,
  hello,
  listen,
  oneWayTo,
  type Subject,
  testsOf,
} from "./pair.ts";
import { toHex } from "../../../helpers/hex.ts";
import { UdpRelay } from "../../../helpers/udp_relay.ts";
import { poll, within } from "../../../helpers/within.ts";

export function listenerContract(subject: Subject): void {
  listenTests(subject);
  closingTests(subject);
  limitTests(subject);
  shareTests(subject);
}

function listenTests(subject: Subject): void {
  const test = testsOf(subject);

  test("Listener.address has the real port", async () => {
    await using listener = await listen(subject.server);
    assert.equal(listener.engine, subject.server.name);
    assert.equal(listener.address.hostname, "127.0.0.1");
    assert.ok(listener.address.port > 0);
  });

  test("Engine.listen says that a port is taken", async () => {
    await using listener = await listen(subject.server);
    const again = listen(subject.server, { port: listener.address.port });
    await assert.rejects(
      again,
      (error) => error instanceof TransportError && error.code === "address_in_use",
    );
  });

  test("Engine.listen says that a certificate or key is of no use", async () => {
    for (const broken of [{ certificate: "not PEM" }, { privateKey: "not PEM" }]) {
      await assert.rejects(
        listen(subject.server, broken),
        (error) => error instanceof TransportError && error.code === "certificate",
      );
    }
  });

  test("Engine.listen on :: serves IPv4 and IPv6", async () => {
    await using listener = await listen(subject.server, { hostname: "::" });
    for (const hostname of ["127.0.0.1", "::1"]) {
      await using connection = await dial(subject.client, listener.address.port, { hostname });
      const server = await accepted(listener);
      void echoAll(server);
      await hello(connection);
      assert.equal(server.remote.hostname, hostname);
      assert.equal(connection.remote.hostname, hostname);
    }
  });
}

function closingTests(subject: Subject): void {
  const test = testsOf(subject);

  test("Listener.close closes what it has, with a code, and takes no more", async () => {
    let established = 0;
    const both = Promise.withResolvers<void>();
    const listener = await listen(subject.server, {
      onHandshake: ({ stage }) => stage === "established" && ++established === 2 && both.resolve(),
    });
    const port = listener.address.port;
    await using connection = await dial(subject.client, port);
    const server = await accepted(listener);
    await using unclaimed = await dial(subject.client, port);
    await within(both.promise, "the second connection");

    await within(listener.close(0x10b, "closing time"), "the listener to close");
    await listener.close(1, "again");
    for (const client of [connection, unclaimed]) {
      const close = await within(client.closed, "the close to arrive");
      assert.deepEqual([close.kind, close.code, close.by], ["application", 0x10b, "peer"]);
      assert.equal(close.reason, "closing time");
    }
    assert.equal((await server.closed).by, "local");
    assert.equal(await listener.accept(), null);
    const limits = { handshakeTimeout: 300 };
    await assert.rejects(dial(subject.client, port, { limits }), TransportError);
    if (subject.server.name !== "builtin") {
      await using _again = await listen(subject.server, { port });
    }
  });

  test("Listener.accept yields null when the listener closes meanwhile", async () => {
    const listener = await listen(subject.server);
    const waiting = listener.accept();
    await listener.close();
    assert.equal(await within(waiting, "the wait to end"), null);
  });
}

function limitTests(subject: Subject): void {
  const test = testsOf(subject);

  test("Listener refuses connections above its limit, until one has closed", async () => {
    await using listener = await listen(subject.server, { limits: { maxConnections: 2 } });
    const limits = { handshakeTimeout: 500 };
    const port = listener.address.port;
    const first = await dial(subject.client, port);
    await using second = await dial(subject.client, port);
    const server = await accepted(listener);
    void echoAll(await accepted(listener));
    await assert.rejects(dial(subject.client, port, { limits }), TransportError);

    await first[Symbol.asyncDispose]();
    await within(server.closed, "the first to close");
    await using third = await dial(subject.client, port);
    void echoAll(await accepted(listener));
    await hello(second);
    await hello(third);
  });

  test("Listener gives up a handshake that takes too long, and has room for another then", async () => {
    const stages: HandshakeEvent["stage"][] = [];
    const begun = Promise.withResolvers<void>();
    await using listener = await listen(subject.server, {
      limits: { handshakeTimeout: 300, maxHandshakes: 1 },
      retry: false,
      onHandshake: ({ stage }) => {
        stages.push(stage);
        begun.resolve();
      },
    });
    await using oneWay = await oneWayTo(listener.address, subject.nature);
    const limits = { handshakeTimeout: 1_000 };
    const mute = dial(subject.client, oneWay.port, { limits });
    mute.catch(() => {});
    await within(begun.promise, "a handshake to begin");

    // The only place is taken: this one has to wait until it is free.
    await using patient = await dial(subject.client, listener.address.port);
    void echoAll(await accepted(listener));
    await hello(patient);
    assert.deepEqual(stages, ["initial", "failed", "initial", "established"]);
    await assert.rejects(mute, TransportError);
  });

  test("Listener keeps a connection that nobody has taken yet", async () => {
    await using pair = await connect(subject);
    await using early = await dial(subject.client, pair.listener.address.port);
    const stream = await early.openStream();
    await stream.write(new Uint8Array([1]));
    await delay(50);
    const late = await accepted(pair.listener);
    const taken = await within(late.accept(), "the stream that was opened before");
    assert.deepEqual(await taken?.read(), new Uint8Array([1]));
  });
}

function shareTests(subject: Subject): void {
  const test = testsOf(subject);

  test("Listener takes a client while another network holds every handshake", async () => {
    // Only Linux has more than one loopback address. For TLS, see `handshake_limiter_test.ts`.
    if (Deno.build.os !== "linux" || subject.nature.network === "tcp") return;
    let failed = 0;
    await using listener = await listen(subject.server, {
      limits: { maxHandshakes: 4, handshakeTimeout: 60_000 },
      onHandshake: ({ stage, peer }) => {
        if (peer.hostname === "127.0.0.2" && stage === "failed") failed++;
      },
    });
    await using relay = new UdpRelay(listener.address, "127.0.0.2");
    const answered = new Set<string>();
    relay.filter = (datagram, to) => {
      const header = parseLongHeader(datagram);
      // A Retry goes through, because the address is the attacker's own. Nothing else comes back.
      if (to === "up" || header?.type === "retry") return datagram;
      if (header !== undefined) answered.add(toHex(header.destination));
      return undefined;
    };
    const gone = new AbortController();
    const mutes = [1, 2, 3, 4, 5, 6].map(() => {
      return assert.rejects(dial(subject.client, relay.port, { signal: gone.signal }));
    });
    await poll(() => answered.size >= 4 || undefined, "the handshakes to begin");

    const clients = [
      await dial(subject.client, listener.address.port),
      await dial(subject.client, listener.address.port),
    ];
    for (const client of clients) {
      void echoAll(await accepted(listener));
      await hello(client);
      await client[Symbol.asyncDispose]();
    }
    assert.ok(failed > 0, "one of the others gave way");
    gone.abort();
    await Promise.all(mutes);
  });
}
