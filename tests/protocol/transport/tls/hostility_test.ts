/** Rule 4 over TLS: whatever somebody sends to the port, they are gone in time, and no one else is. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import fc from "fast-check";
import { engine } from "../../../../protocol/transport/tls/engine.ts";
import type {
  CloseReason,
  Connection,
  Listener,
  TransportLimits,
} from "../../../../protocol/transport/transport.ts";
import { TcpRelay } from "../../../helpers/tcp_relay.ts";
import { CAPSULE, TlsStranger } from "../../../helpers/tls_stranger.ts";
import {
  accepted,
  acceptedStream,
  bytes,
  connect,
  delay,
  dial,
  echoAll,
  hello,
  listen,
  OVER_TCP,
  pattern,
  roundTrip,
  staysPending,
} from "../contract/pair.ts";
import { within } from "../../../helpers/within.ts";

const SUBJECT = { name: "tls", server: engine, client: engine, nature: OVER_TCP };
/** How long a handshake, the first capsule included, may take here. */
const PATIENCE = 400;
const PONG = 0x0a;
const UNKNOWN_SECRET = "00112233445566778899aabbccddeeff";

Deno.test("TlsListener closes whoever begins with something else, and disturbs nobody", async () => {
  await using witness = await connectWitness();
  const preamble = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 300 }),
    // Headers that exist, with any payload.
    fc.tuple(fc.integer({ min: 2, max: 11 }), fc.uint8Array({ maxLength: 40 }))
      .map(([type, payload]) => Uint8Array.of(type, 0, payload.length, ...payload)),
  ).filter(([type]) => type !== 1);
  await fc.assert(
    fc.asyncProperty(fc.array(preamble, { minLength: 10, maxLength: 20 }), async (preambles) => {
      await Promise.all(preambles.map(async (preamble) => {
        using stranger = await TlsStranger.dial(witness.port);
        stranger.socket.write(preamble);
        await within(stranger.closed, "the stranger to be thrown out");
        assert.match(stranger.received, /^(?:0b00..01000000.*)?$/);
      }));
    }),
    { numRuns: 5 },
  );
  await witness.check();
});

Deno.test("TlsListener gives up whoever says nothing, at each stage of a handshake", async () => {
  await using witness = await connectWitness();
  const mute = await tcp(witness.port);
  const halfway = await tcp(witness.port);
  halfway.write(Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01));
  using secure = await TlsStranger.dial(witness.port);
  using begun = await TlsStranger.dial(witness.port);
  begun.write(CAPSULE.attach(UNKNOWN_SECRET, 4).slice(0, 20));
  const dribbling = await tcp(witness.port);
  const dribble = setInterval(() => dribbling.write(Uint8Array.of(0x16)), 20);
  for (const socket of [mute, halfway, dribbling]) {
    await within(closing(socket), "the server to hang up");
  }
  clearInterval(dribble);
  await within(secure.closed, "the server to hang up");
  await within(begun.closed, "the server to hang up");
  await witness.check();
});

Deno.test("TlsListener lets those wait who come while all places are taken, but not all of them", async () => {
  // Of these one address has half, and as many again may wait.
  const limits = { handshakeTimeout: 400, maxHandshakes: 4 };
  await using listener = await listen(engine, { limits });
  const mutes = [await tcp(listener.address.port), await tcp(listener.address.port)];
  const waiting = dial(engine, listener.address.port);
  const second = await tcp(listener.address.port);
  const third = await tcp(listener.address.port);
  await within(closing(third), "the third in the queue to be sent away");
  assert.ok(mutes.every((socket) => !socket.closed) && !second.closed);
  await using connection = await within(waiting, "a place");
  assert.equal(connection.engine, "tls");
  await Promise.all([...mutes, second].map(closing));
});

Deno.test("TlsListener hangs up on plain text", async () => {
  await using witness = await connectWitness();
  const socket = await tcp(witness.port);
  socket.write("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
  await within(closing(socket), "the server to hang up");
  await witness.check();
});

Deno.test("TlsListener refuses TLS 1.2, and clients that name no protocol", async () => {
  await using witness = await connectWitness();
  await assert.rejects(
    TlsStranger.dial(witness.port, { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" }),
    { code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION" },
  );
  using nameless = await TlsStranger.dial(witness.port, { ALPNProtocols: [] });
  nameless.write(CAPSULE.open);
  await within(nameless.closed, "the server to hang up");
  assert.equal(nameless.received, "");
  await witness.check();
});

Deno.test("TlsListener attaches no link without the secret of a connection", async () => {
  await using witness = await connectWitness({ handshakeTimeout: 60_000 });
  using opener = await TlsStranger.dial(witness.port);
  const secret = await opener.open();
  for (
    const guess of [
      UNKNOWN_SECRET,
      secret.replace(/^./, (digit) => digit === "0" ? "1" : "0"),
    ]
  ) {
    using stranger = await TlsStranger.dial(witness.port);
    stranger.write(CAPSULE.attach(guess, 4), CAPSULE.data(bytes("let me in")));
    await within(stranger.closed, "the stranger to be thrown out");
    assert.match(stranger.received, /^0b00..010000000a/);
  }
  // A secret ends with its connection.
  opener[Symbol.dispose]();
  assert.equal((await closeOf(await witness.next())).kind, "lost");
  using late = await TlsStranger.dial(witness.port);
  late.write(CAPSULE.attach(secret, 4));
  await within(late.closed, "the latecomer to be thrown out");
  await witness.check();
});

Deno.test("TlsListener attaches one link for each stream, and no more than it allows", async () => {
  await using listener = await listen(engine, { limits: { maxStreams: 3 } });
  using first = await TlsStranger.dial(listener.address.port);
  const secret = await first.open();
  const connection = await accepted(listener);
  const attached: TlsStranger[] = [];
  const attach = async (stream: number) => {
    const link = await TlsStranger.dial(listener.address.port);
    attached.push(link);
    link.write(CAPSULE.attach(secret, stream), CAPSULE.data(bytes("x")));
    return link;
  };
  await attach(8);
  assert.equal((await acceptedStream(connection)).id, 8);
  for (const wrong of [0, 8, 12]) {
    const link = await attach(wrong);
    await within(link.closed, `stream ${wrong} to be refused`);
  }
  // One that a client has given up before its link came cannot come any more; another may instead.
  first.write(CAPSULE.reset(4, 0));
  await first.find(/04000400000004/);
  await within((await attach(4)).closed, "stream 4 to be refused");
  await attach(12);
  assert.equal((await acceptedStream(connection)).id, 12);
  for (const link of attached) link[Symbol.dispose]();
  await using other = await dial(engine, listener.address.port);
  void echoAll(await accepted(listener));
  await hello(other);
});

const MISDEEDS: Record<string, { readonly say: readonly string[]; readonly code: number }> = {
  "more than it may": { say: Array(5).fill(CAPSULE.data(pattern(16_000))), code: 0x3 },
  "credit without bounds": { say: Array(2).fill(CAPSULE.credit(0xffff_ffff)), code: 0x3 },
  "data after its end": { say: [CAPSULE.fin, CAPSULE.data(bytes("x"))], code: 0x6 },
  "two ends": { say: [CAPSULE.fin, CAPSULE.fin], code: 0x6 },
  "no capsule": { say: ["ff0000"], code: 0x7 },
  "a reset of a stream that cannot be": { say: [CAPSULE.reset(4000, 0)], code: 0x4 },
  "a second open": { say: [CAPSULE.open], code: 0xa },
  "what only servers say": { say: ["04000400000100"], code: 0xa },
};

for (const [misdeed, { say, code }] of Object.entries(MISDEEDS)) {
  Deno.test(`TlsConnection closes with code ${code} when its peer sends ${misdeed}`, async () => {
    await using witness = await connectWitness({ streamWindow: 65_536 });
    using stranger = await TlsStranger.dial(witness.port);
    await stranger.open();
    stranger.write(...say);
    const close = await closeOf(await witness.next());
    assert.deepEqual([close.kind, close.code, close.by], ["transport", code, "local"]);
    await within(stranger.closed, "the stranger to be thrown out");
    assert.ok(stranger.received.includes(`01${code.toString(16).padStart(8, "0")}`));
    await witness.check();
  });
}

Deno.test("TlsConnection closes when its peer breaks the rules on another stream's link", async () => {
  await using witness = await connectWitness();
  using first = await TlsStranger.dial(witness.port);
  const secret = await first.open();
  using second = await TlsStranger.dial(witness.port);
  second.write(CAPSULE.attach(secret, 4), CAPSULE.ping);
  const close = await closeOf(await witness.next());
  assert.deepEqual([close.kind, close.code], ["transport", 0xa]);
  await within(Promise.all([first.closed, second.closed]), "both links to close");
  await witness.check();
});

Deno.test("TlsConnection answers a flood of pings with a few pongs", async () => {
  await using witness = await connectWitness();
  using stranger = await TlsStranger.dial(witness.port);
  await stranger.open();
  void echoAll(await witness.next());
  stranger.write(CAPSULE.ping.repeat(100_000), CAPSULE.data(bytes("done")));
  await within(stranger.find(/646f6e65/), "the echo");
  const pongs = stranger.count(PONG);
  assert.ok(pongs > 0 && pongs < 1000, `${pongs} pongs`);
  await witness.check();
});

Deno.test("TlsStream.write waits for a peer that grants all and reads nothing", async () => {
  await using listener = await listen(engine);
  await using relay = await TcpRelay.to(listener.address);
  using stranger = await TlsStranger.dial(relay.port);
  await stranger.open();
  stranger.write(CAPSULE.credit(2 ** 31), CAPSULE.data(bytes("x")));
  const connection = await accepted(listener);
  const stream = await acceptedStream(connection);
  relay.hold(0);
  const writing = stream.write(new Uint8Array(16 * 1024 * 1024));
  assert.ok(await staysPending(writing, 300));
  // Nor are its questions answered, until it reads again: then all at once.
  for (let count = 0; count < 50; count++) {
    stranger.write(CAPSULE.ping);
    await delay(5);
  }
  relay.release(0);
  await within(writing, "the write to be taken");
  connection.close(0);
  await within(stranger.closed, "all of it, and the close");
  const pongs = stranger.count(PONG);
  assert.ok(pongs > 0 && pongs < 10, `${pongs} pongs`);
});

/** A listener, and a client of it that must not notice what strangers do. */
interface Witness extends AsyncDisposable {
  readonly port: number;
  /** The next connection that somebody else has made. */
  next(): Promise<Connection>;
  /** The witness's connection is as it was, and somebody new can connect. */
  check(): Promise<void>;
}

async function connectWitness(limits: Partial<TransportLimits> = {}): Promise<Witness> {
  const pair = await connect(SUBJECT, {
    listen: { limits: { handshakeTimeout: PATIENCE, ...limits } },
  });
  void echoAll(pair.server);
  const stream = await pair.client.openStream();
  await roundTrip(stream, "before");
  const { port } = pair.listener.address;
  return {
    port,
    next: () => accepted(pair.listener),
    async check() {
      await roundTrip(stream, "after");
      await using newcomer = await dial(engine, port);
      const greeted = hello(newcomer);
      void echoEverybody(pair.listener);
      await greeted;
    },
    [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
  };
}

/** Echoes to all who have come, until the listener closes. */
async function echoEverybody(listener: Listener): Promise<void> {
  for (let next; (next = await listener.accept()) !== null;) void echoAll(next);
}

/** A TCP connection, with nothing of TLS. */
async function tcp(port: number): Promise<Socket> {
  const socket = connectTcp(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.resume();
  await once(socket, "connect");
  return socket;
}

function closeOf(connection: Connection): Promise<CloseReason> {
  return within(connection.closed, "the connection to close");
}

async function closing(socket: Socket): Promise<void> {
  if (!socket.closed) await once(socket, "close");
}
