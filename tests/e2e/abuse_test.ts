/**
 * Clients that break the protocol, over real QUIC, against a live server: each is told the code of
 * what was wrong and is closed as docs/protocol.md says, and somebody else who is connected notices
 * nothing.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { startTestChat, type TestChat } from "../helpers/client.ts";
import { startTestServer, type TestServer } from "../helpers/server.ts";
import { framed, IndependentClient } from "../helpers/independent_client.ts";
import { encode, type ValueMap } from "../helpers/independent_msgpack.ts";

const HELLO = { type: "hello", id: 1, versions: [1], features: [], client: "rude" };
const NOTHING = new Uint8Array(0);

/** A server, and somebody who only wants to talk. */
class Scene implements AsyncDisposable {
  readonly server: TestServer;
  readonly #bystander: TestChat;
  #said = 0;

  private constructor(server: TestServer, bystander: TestChat) {
    this.server = server;
    this.#bystander = bystander;
  }

  static async set(engine = "builtin"): Promise<Scene> {
    const server = await startTestServer({ engine });
    const { address: { port }, pin } = server;
    return new Scene(server, await startTestChat({ user: "bystander", port, pin }));
  }

  connect(): Promise<IndependentClient> {
    const { address: { hostname, port }, pin } = this.server;
    return IndependentClient.connect({ hostname, port, pin });
  }

  async signIn(user: string): Promise<IndependentClient> {
    const client = await this.connect();
    await client.hello();
    await client.login(user, "rude word");
    return client;
  }

  /** The bystander is where they were, and their messages are stored. */
  async isUndisturbed(): Promise<void> {
    await this.#bystander.chat.type(`still here ${++this.#said}`);
    await this.#bystander.find("ack", () => this.#bystander.all("ack").at(this.#said - 1));
    assert.equal(this.#bystander.all("connected").length, 1);
    assert.deepEqual(this.#bystander.all("error"), []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bystander[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

/** What ends a connection: the bytes, and the error that is due. */
interface Offence {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Ends its side of the stream after the bytes. */
  readonly ends?: boolean;
  readonly code: string;
  readonly close: number;
}

const deep = (depth: number): Uint8Array =>
  Uint8Array.from([0x81, 0xa1, 0x61, ...Array<number>(depth).fill(0x91), 0x01]);

const FATAL: readonly Offence[] = [
  {
    name: "a frame over the limit",
    bytes: Uint8Array.of(0, 1, 0, 1),
    code: "frame_too_large",
    close: 0x101,
  },
  {
    name: "a length of 4 GiB",
    bytes: Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1, 2, 3),
    code: "frame_too_large",
    close: 0x101,
  },
  { name: "an empty frame", bytes: framed(NOTHING), code: "frame_malformed", close: 0x102 },
  {
    name: "a frame that is no map",
    bytes: framed(encode(["hello"])),
    code: "frame_malformed",
    close: 0x102,
  },
  {
    name: "a map that is cut short inside its frame",
    bytes: framed(encode(HELLO).subarray(0, 20)),
    code: "frame_malformed",
    close: 0x102,
  },
  {
    name: "60,000 arrays in each other",
    bytes: framed(deep(60_000)),
    code: "frame_malformed",
    close: 0x102,
  },
  {
    name: "an array that says it has 4,294,967,295 items",
    bytes: framed(Uint8Array.of(0x81, 0xa1, 0x61, 0xdd, 0xff, 0xff, 0xff, 0xff)),
    code: "frame_malformed",
    close: 0x102,
  },
  {
    name: "an extension type",
    bytes: framed(Uint8Array.of(0x81, 0xa1, 0x61, 0xd6, 0xff, 0, 0, 0, 0)),
    code: "frame_malformed",
    close: 0x102,
  },
  {
    name: "an end inside a frame",
    bytes: framed(encode(HELLO)).subarray(0, 30),
    ends: true,
    code: "frame_truncated",
    close: 0x103,
  },
  {
    name: "an end inside a length",
    bytes: Uint8Array.of(0, 0),
    ends: true,
    code: "frame_truncated",
    close: 0x103,
  },
];

for (const engine of ["builtin", "quiche"]) {
  Deno.test(`Server closes the connection at fatal violations, over the ${engine} engine`, async () => {
    await using scene = await Scene.set(engine);
    // All at once: each waits a second for its close.
    await Promise.all(FATAL.flatMap((offence, i) =>
      [false, true].map(async (signedIn) => {
        const what = `${offence.name}${signedIn ? ", signed in" : ""}`;
        await using rude = signedIn ? await scene.signIn(`rude${i}`) : await scene.connect();
        await rude.writeBytes(offence.bytes);
        if (offence.ends) await rude.end();
        assert.equal((await rude.next("error")).code, offence.code, what);
        assert.equal((await rude.untilClosed()).code, offence.close, what);
      })
    ));
    await scene.isUndisturbed();
  });
}

Deno.test("Server accepts a whole session byte by byte", async () => {
  await using scene = await Scene.set();
  await using slow = await scene.connect();
  const frames: ValueMap[] = [
    HELLO,
    { type: "login", id: 2, user: "slow", password: "rude word" },
    { type: "ping", id: 3 },
  ];
  for (const frame of frames) {
    for (const byte of framed(encode(frame))) await slow.writeBytes(Uint8Array.of(byte));
  }
  await slow.next("welcome");
  await slow.next("authenticated");
  assert.equal((await slow.next("pong")).re, 3);
  await scene.isUndisturbed();
});

Deno.test("Server accepts many frames in one write, and one frame in two", async () => {
  await using scene = await Scene.set();
  await using hasty = await scene.signIn("hasty");
  const pings = Array.from({ length: 50 }, (_, i) => framed(encode({ type: "ping", id: 100 + i })));
  const bytes = Uint8Array.from(pings.flatMap((ping) => [...ping]));
  await hasty.writeBytes(bytes.subarray(0, 101));
  await hasty.writeBytes(bytes.subarray(101));
  for (let i = 0; i < 50; i++) assert.equal((await hasty.next("pong")).re, 100 + i);
});

Deno.test("Server answers a frame with wrong types by its id, and continues", async () => {
  await using scene = await Scene.set();
  await using rude = await scene.signIn("rude");
  const wrong: [ValueMap, string][] = [
    [{ type: "send", id: 10, ulid: 1, conversation: [], content: null }, "bad_frame"],
    [{ type: "send", id: 11 }, "bad_frame"],
    [{ type: "history", id: 12, conversation: "room:general", after: -1, limit: 1 }, "bad_frame"],
    [{ type: "nonsense", id: 13 }, "unknown_type"],
    [{ ...HELLO, id: 14 }, "bad_state"],
    [{ type: "login", id: 15, user: "a", password: "b" }, "bad_state"],
  ];
  for (const [frame, code] of wrong) {
    await rude.write(frame);
    const error = await rude.next("error");
    assert.deepEqual([error.re, error.code], [frame.id, code]);
  }
  await rude.write({ type: "ping", id: "seven" });
  assert.deepEqual(Object.hasOwn(await rude.next("error"), "re"), false);
  assert.equal((await rude.send("room:general", "sorry")).type, "ack");
  await scene.isUndisturbed();
});

Deno.test("Server refuses a second hello, signed in or not, and continues", async () => {
  await using scene = await Scene.set();
  await using rude = await scene.connect();
  await rude.hello();
  await rude.write({ ...HELLO, id: 7, versions: [99] });
  const error = await rude.next("error");
  assert.deepEqual([error.re, error.code], [7, "bad_state"]);
  await using signedIn = await scene.signIn("rude");
  await signedIn.write({ ...HELLO, id: 8 });
  const again = await signedIn.next("error");
  assert.deepEqual([again.re, again.code], [8, "bad_state"]);
  assert.equal((await signedIn.send("room:general", "sorry")).type, "ack");
  await scene.isUndisturbed();
});

Deno.test("Server tolerates ten violations, and closes at the eleventh", async () => {
  await using scene = await Scene.set();
  await using rude = await scene.connect();
  for (let id = 1; id <= 11; id++) await rude.write({ type: "who", id });
  for (let id = 1; id <= 10; id++) {
    const error = await rude.next("error");
    assert.deepEqual([error.re, error.code], [id, "bad_state"]);
  }
  assert.equal((await rude.next("error")).code, "too_many_offences");
  assert.equal((await rude.untilClosed()).code, 0x105);
  await scene.isUndisturbed();
});

Deno.test("Server reports a fatal violation of another stream on the session stream", async () => {
  await using scene = await Scene.set();
  await using rude = await scene.signIn("rude");
  await Promise.allSettled([rude.transfer(framed(Uint8Array.of(0xc1)))]);
  assert.equal((await rude.next("error")).code, "frame_malformed");
  assert.equal((await rude.untilClosed()).code, 0x102);
  await scene.isUndisturbed();
});

Deno.test("Server reports a violation on the stream where it happened, and continues", async () => {
  await using scene = await Scene.set();
  await using rude = await scene.signIn("rude");
  const answer = await rude.transfer(framed(encode({ type: "who", id: 9 })));
  assert.deepEqual(answer.map(({ type, re, code }) => [type, re, code]), [
    ["error", 9, "bad_state"],
  ]);
  const nowhere = { type: "history", id: 10, conversation: "dm:a:b", after: 0, limit: 1 };
  const [error] = await rude.transfer(framed(encode(nowhere)));
  assert.equal(error?.type, "error");
  assert.deepEqual(await rude.transfer(NOTHING), []);
  assert.equal((await rude.ask({ type: "ping" })).type, "pong");
});

Deno.test("Server survives random bytes, framed and unframed, and connections that disappear", async () => {
  await using scene = await Scene.set();
  const bare = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 2_000 }), 30);
  const bodies = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 2_000 }), 30);
  const codes = new Set<unknown>();
  await Promise.all([...bare, ...bodies.map(framed)].map(async (bytes) => {
    await using rude = await scene.connect();
    await rude.writeBytes(bytes);
    await rude.end();
    const { code } = await rude.untilClosed();
    codes.add(rude.received.at(-1)?.code);
    // An empty map is a frame without a type: told, and no reason to close.
    assert.ok(code !== undefined && code >= 0x100 && code <= 0x103, `closed with ${code}`);
  }));
  assert.ok([...codes].every((code) => /^(frame_|done$)/.test(String(code))), [...codes].join());
  assert.ok(codes.has("frame_malformed") && codes.has("frame_too_large"), [...codes].join());
  await Promise.all(bare.map(async (bytes) => {
    await using rude = await scene.connect();
    await rude.writeBytes(bytes);
  }));
  await scene.isUndisturbed();
});

Deno.test("Server survives datagrams that are not QUIC", async () => {
  await using scene = await Scene.set();
  const { hostname, port } = scene.server.address;
  await using held = new AsyncDisposableStack();
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  held.defer(() => socket.close());
  for (const datagram of fc.sample(fc.uint8Array({ maxLength: 1_400 }), 500)) {
    await socket.send(datagram, { transport: "udp", hostname, port });
  }
  await scene.isUndisturbed();
});
