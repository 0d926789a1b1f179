import assert from "node:assert/strict";
import { encodeFrame } from "../../protocol/codec.ts";
import { closeCodeOf, type ErrorCode } from "../../protocol/errors.ts";
import type { ServerFrame } from "../../protocol/frame.ts";
import { LIMITS, LOGIN_ATTEMPTS, OFFENCES, TIMES } from "../../protocol/limits.ts";
import { dmOf, GENERAL } from "../../protocol/names.ts";
import { PeerConnection } from "../../server/connection.ts";
import { SERVER_LIMITS, type ServerLimits } from "../../server/config.ts";
import { SILENT } from "../../server/log.ts";
import { Flusher } from "../../server/outbox.ts";
import { AddressPaces } from "../../server/rate.ts";
import { Accounts } from "../../server/services/accounts.ts";
import { Conversations } from "../../server/services/conversations.ts";
import { Delivery } from "../../server/services/delivery.ts";
import type { Passwords } from "../../server/services/passwords.ts";
import { Presence } from "../../server/services/presence.ts";
import { Sessions } from "../../server/services/sessions.ts";
import { openTokens } from "../../server/services/tokens.ts";
import { FakeClock, settle } from "../helpers/fake_clock.ts";
import { MemoryConnection } from "../helpers/memory_transport.ts";
import { TestPeer, texts } from "../helpers/peer.ts";
import { inShort } from "../helpers/signed_in.ts";
import { tempStore } from "../helpers/temp_store.ts";
import { ulidOf } from "./store/contract.ts";

/** Passwords without the thread, which takes half a second to start (`accounts_test.ts` has it). */
const PLAIN_PASSWORDS: Pick<Passwords, "hash" | "verify"> = {
  hash: (password) => Promise.resolve(`plain ${password}`),
  verify: (password, stored) =>
    Promise.resolve({ ok: stored === `plain ${password}`, rehash: false }),
};

/** Everything of a server but sockets and time. */
async function setUp(limits: Partial<ServerLimits> = {}) {
  const { logins, failures, sends, lists, requests, outbox } = { ...SERVER_LIMITS, ...limits };
  const stack = new AsyncDisposableStack();
  const clock = new FakeClock();
  const { store } = stack.use(await tempStore());
  const keys = await Deno.makeTempDir({ prefix: "sotto-keys-" });
  stack.defer(() => Deno.remove(keys, { recursive: true }));
  const presence = new Presence({ clock });
  const conversations = new Conversations({
    store,
    sessionsOf: (account) => presence.sessionsOf(account),
  });
  const delivery = new Delivery({
    store,
    audience: conversations,
    clock,
    log: SILENT,
    limit: 1_000_000,
  });
  const accounts = new Accounts({
    store,
    passwords: PLAIN_PASSWORDS,
    tokens: await openTokens(keys, { issuer: "test" }),
    registration: "open",
    logins: new AddressPaces(logins),
    failures: new AddressPaces(failures),
    clock,
    log: SILENT,
  });
  const sessions = new Sessions({ presence, conversations });
  const services = { accounts, conversations, delivery, presence, sessions, store, log: SILENT };
  const peers: PeerConnection[] = [];
  const flusher = new Flusher();
  const software = "test";
  const options = {
    services,
    flusher,
    clock,
    log: SILENT,
    rates: { sends, lists, requests },
    outbox,
    software,
  };
  /** A client whose server end is being served. */
  const connect = async () => {
    const { client, server } = MemoryConnection.pair();
    const peer = new PeerConnection(server, options);
    peers.push(peer);
    const gone = peer.run();
    stack.defer(async () => {
      await clock.pass(TIMES.linger); // What it still waits for, it waits for by this clock.
      await gone;
    });
    const test = new TestPeer(client, await client.openStream());
    stack.use(test);
    return Object.assign(test, { gone });
  };
  const signIn = async (name: string) => {
    const peer = await connect();
    await peer.hello();
    await peer.login(name);
    await settle();
    return peer;
  };
  /** Time as the server sees it, with its look at the time limits every second. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 1_000) {
      await clock.pass(Math.min(left, 1_000));
      for (const peer of peers) peer.check();
      await settle();
    }
  };
  return {
    ...services,
    clock,
    connect,
    signIn,
    pass,
    peers,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function codeOf(frame: ServerFrame): string {
  return frame.type === "error" || frame.type === "bye" ? frame.code : frame.type;
}

/** The connection ends with this error, told in a frame first. */
async function endsWith(peer: TestPeer, code: ErrorCode, pass: (ms: number) => Promise<void>) {
  assert.equal(codeOf(await peer.next("error")), code);
  await pass(2 * TIMES.linger);
  assert.equal((await peer.closed()).code, closeCodeOf(code));
}

Deno.test("PeerConnection closes when no hello comes in time", async () => {
  await using server = await setUp();
  const peer = await server.connect();
  await server.pass(TIMES.hello);
  await endsWith(peer, "hello_timeout", server.pass);
});

Deno.test("PeerConnection closes when nobody signs in for 60 s, whatever else is said", async () => {
  await using server = await setUp();
  const peer = await server.connect();
  await peer.hello();
  for (let ping = 0; ping < 5; ping++) {
    await server.pass(10_000);
    await peer.write({ type: "ping", id: peer.nextId() });
    await peer.next("pong");
  }
  await server.pass(10_000);
  await endsWith(peer, "login_timeout", server.pass);
});

Deno.test("PeerConnection gives three attempts of 60 s each, and then closes", async () => {
  await using server = await setUp();
  await server.signIn("ann");
  const peer = await server.connect();
  await peer.hello();
  for (let left = LOGIN_ATTEMPTS - 1; left >= 0; left--) {
    await server.pass(40_000);
    await peer.write({ type: "login", id: peer.nextId(), user: "ann", password: "wrong" });
    const error = await peer.next("error");
    if (left > 0) assert.deepEqual([error.code, error.attempts], ["bad_credentials", left]);
    else assert.equal(error.code, "too_many_attempts");
  }
  await server.pass(2 * TIMES.linger);
  assert.equal((await peer.closed()).code, closeCodeOf("too_many_attempts"));
});

Deno.test("PeerConnection signs in at the third attempt", async () => {
  await using server = await setUp();
  await server.signIn("ann");
  const peer = await server.connect();
  await peer.hello();
  for (const password of ["wrong", "Secret"]) {
    await peer.write({ type: "login", id: peer.nextId(), user: "ann", password });
    await peer.next("error");
  }
  assert.equal((await peer.login("ann", "secret")).created, false);
});

Deno.test("PeerConnection resumes with a token; one that is worth nothing costs no attempt", async () => {
  await using server = await setUp();
  const first = await server.connect();
  await first.hello();
  const { token, number } = await first.login("ann");
  const second = await server.connect();
  await second.hello();
  await second.write({ type: "resume", id: second.nextId(), token: "nonsense" });
  assert.equal(codeOf(await second.next("error")), "bad_token");
  await second.write({ type: "resume", id: second.nextId(), token });
  const authenticated = await second.next("authenticated");
  assert.deepEqual(
    [authenticated.user, authenticated.number, authenticated.token, authenticated.created],
    ["ann", number, token, false],
  );
});

Deno.test("PeerConnection ends the session for good at logout, on every connection that has it", async () => {
  await using server = await setUp();
  const first = await server.connect();
  await first.hello();
  const { token } = await first.login("ann");
  const second = await server.connect();
  await second.hello();
  await second.write({ type: "resume", id: second.nextId(), token });
  await second.next("authenticated");

  const re = first.nextId();
  await first.write({ type: "logout", id: re });
  const bye = await first.next("bye");
  assert.deepEqual([bye.re, bye.code], [re, "logout"]);
  await endsWith(second, "session_revoked", server.pass);
  await first.gone;
  assert.equal(server.presence.isOnline("ann"), false);

  const third = await server.connect();
  await third.hello();
  await third.write({ type: "resume", id: third.nextId(), token });
  assert.equal(codeOf(await third.next("error")), "bad_token");
});

Deno.test("PeerConnection tells how far conversations have come, and who is there, after signing in", async () => {
  await using server = await setUp();
  const ann = await server.signIn("ann");
  await server.pass(100);
  await ann.say(GENERAL, ulidOf(1), "hello");
  await ann.next("ack");
  const bob = await server.signIn("bob");
  await server.pass(100);
  assert.deepEqual(bob.received.slice(1).map((frame) => frame.type), [
    "authenticated",
    "conversations",
    "users",
  ]);
  assert.deepEqual((await bob.next("conversations")).conversations, [
    { conversation: GENERAL, seq: 1, mark: 1 },
  ]);
  assert.equal(inShort(await bob.next("users")), "users 1 ann, 2 bob");
  assert.equal(inShort(await ann.next("presence")), "presence 2 bob normal");
});

Deno.test("PeerConnection lets go of whoever has gone", async () => {
  await using server = await setUp();
  const ann = await server.signIn("ann");
  await server.pass(100);
  const bob = await server.signIn("bob");
  await server.pass(100);
  await bob[Symbol.asyncDispose]();
  await bob.gone;
  await server.pass(100);
  assert.equal(inShort(await ann.next("presence")), "presence 2 bob normal");
  assert.equal(inShort(await ann.next("presence")), "presence 2 bob offline");
  assert.equal(server.conversations.audienceOf(GENERAL).length, 1);
});

Deno.test("PeerConnection says bye when the client has finished", async () => {
  await using server = await setUp();
  const ann = await server.signIn("ann");
  await ann.stream.end();
  assert.equal(codeOf(await ann.next("bye")), "done");
});

Deno.test("PeerConnection keeps what is said to somebody who is away, and tells the sender", async () => {
  await using server = await setUp();
  const ann = await server.signIn("ann");
  await (await server.signIn("bob"))[Symbol.asyncDispose]();
  await settle();
  const dm = dmOf("ann", "bob");
  const re = await ann.say(dm, ulidOf(1), "see you later");
  assert.equal(inShort(await ann.next("ack")), `ack ${re}: ${dm} 1`);
  assert.equal(inShort(await ann.next("notice")), `notice ${re}: offline`);
  const bob = await server.signIn("bob");
  assert.deepEqual(texts(await bob.history(dm)), [[1, "ann", "see you later"]]);
});

for (
  const [what, conversation, body, code] of [
    ["to nobody", "dm:ann:nobody", "hello", "unknown_user"],
    ["to a dm of others", "dm:bob:eve", "hello", "unknown_conversation"],
    ["to a room that does not exist", "room:nowhere", "hello", "unknown_conversation"],
    ["that is empty", GENERAL, "", "empty_message"],
    ["of blanks", GENERAL, " \t\n", "empty_message"],
    ["that is too long", GENERAL, "ü".repeat(LIMITS.text / 2 + 1), "message_too_large"],
  ] as const
) {
  Deno.test(`PeerConnection refuses a message ${what}, and stores nothing`, async () => {
    await using server = await setUp();
    const ann = await server.signIn("ann");
    const re = await ann.say(conversation, ulidOf(1), body);
    assert.equal(inShort(await ann.next("error")), `error ${re}: ${code}`);
    assert.deepEqual(await server.store.history(conversation, 0, 10), []);
    assert.deepEqual(
      await server.store.members(conversation),
      conversation === GENERAL ? ["ann"] : [],
    );
    await ann.say(GENERAL, ulidOf(1), "still here");
    assert.equal((await ann.next("ack")).seq, 1);
  });
}

Deno.test("PeerConnection stores a message of exactly the limit", async () => {
  await using server = await setUp();
  const ann = await server.signIn("ann");
  await ann.say(GENERAL, ulidOf(1), "ü".repeat(LIMITS.text / 2));
  assert.equal((await ann.next("ack")).seq, 1);
});

Deno.test("PeerConnection never ends a session for messages that were refused", async () => {
  await using server = await setUp();
  const ann = await server.signIn("ann");
  for (let number = 0; number < 3 * OFFENCES; number++) {
    await ann.say("dm:ann:nobody", ulidOf(number), "are you there?");
    await ann.next("error");
  }
  await ann.say(GENERAL, ulidOf(99), "hello");
  await ann.next("ack");
});

Deno.test("PeerConnection tells a frame in the wrong state, and closes after too many", async () => {
  await using server = await setUp();
  const peer = await server.connect();
  for (let number = 0; number < OFFENCES; number++) {
    await peer.say(GENERAL, ulidOf(number), "let me in");
    assert.equal(codeOf(await peer.next("error")), "bad_state");
  }
  await peer.say(GENERAL, ulidOf(99), "let me in");
  await endsWith(peer, "too_many_offences", server.pass);
  assert.deepEqual(await server.store.history(GENERAL, 0, 10), []);
});

Deno.test("PeerConnection closes on a stream that has lost its framing, and nobody else's", async () => {
  await using server = await setUp();
  const ann = await server.signIn("ann");
  const eve = await server.signIn("eve");
  await eve.stream.write(new Uint8Array([255, 255, 255, 255, 1, 2, 3]));
  await endsWith(eve, "frame_too_large", server.pass);
  await ann.say(GENERAL, ulidOf(1), "hello");
  await ann.next("ack");
});

Deno.test("PeerConnection closes on a session that ends inside a frame", async () => {
  await using server = await setUp();
  const ann = await server.signIn("ann");
  await ann.stream.write(encodeFrame({ type: "ping", id: 9 }).slice(0, 7));
  await ann.stream.end();
  await endsWith(ann, "frame_truncated", server.pass);
});

Deno.test("PeerConnection closes on a peer that is silent", async () => {
  await using server = await setUp();
  const ann = await server.signIn("ann");
  await server.pass(TIMES.silence + 1_000);
  await endsWith(ann, "silence", server.pass);
});

Deno.test("PeerConnection pages through history, each time on a stream of its own", async () => {
  await using server = await setUp();
  const ann = await server.signIn("ann");
  for (let number = 1; number <= 120; number++) await ann.say(GENERAL, ulidOf(number), `${number}`);
  for (let number = 1; number <= 120; number++) await ann.next("ack");
  const first = await ann.history(GENERAL, 0, 70);
  const second = await ann.history(GENERAL, 70, 50);
  assert.deepEqual(
    [...texts(first), ...texts(second)].map(([seq, , text]) => [seq, text]),
    Array.from({ length: 120 }, (_, index) => [index + 1, `${index + 1}`]),
  );
  assert.deepEqual([first, second].map((page) => page.at(-1)), [
    { type: "end", re: ann.nextId() - 2, more: true },
    { type: "end", re: ann.nextId() - 2, more: false },
  ]);
});

Deno.test("PeerConnection shows nobody the history of others", async () => {
  await using server = await setUp();
  const ann = await server.signIn("ann");
  await server.signIn("bob");
  await ann.say(dmOf("ann", "bob"), ulidOf(1), "between us");
  await ann.next("ack");
  const eve = await server.signIn("eve");
  assert.deepEqual((await eve.history(dmOf("ann", "bob"))).map(codeOf), ["unknown_conversation"]);
});

Deno.test("PeerConnection answers no further stream before somebody has signed in", async () => {
  await using server = await setUp();
  const peer = await server.connect();
  await peer.hello();
  assert.deepEqual((await peer.history(GENERAL)).map(codeOf), ["bad_state"]);
});

Deno.test("PeerConnection takes a stream back from a peer that asks nothing on it", async () => {
  await using server = await setUp();
  const ann = await server.signIn("ann");
  const stream = await ann.connection.openStream();
  const rejected = assert.rejects(stream.read(), {
    name: "StreamError",
    code: closeCodeOf("silence"),
  });
  await settle();
  await server.pass(TIMES.answer);
  await rejected;
  await ann.write({ type: "ping", id: ann.nextId() });
  await ann.next("pong");
});

Deno.test("PeerConnection bounds what a slow reader costs; it catches up and misses nothing", async () => {
  await using server = await setUp({ outbox: 20_000 });
  const ann = await server.signIn("ann");
  const bob = await server.signIn("bob");
  await server.pass(100);
  const goOn = bob.pause();
  const text = "x".repeat(1_000);
  for (let number = 1; number <= 200; number++) {
    await ann.say(GENERAL, ulidOf(number), text);
    await ann.next("ack");
  }
  goOn();
  await bob.next("resync");
  const live = texts(bob.received).map(([seq]) => seq);
  assert.deepEqual(live, live.map((_, index) => index + 1), "live messages have a gap");
  assert.ok(live.length < 200);
  const missed = texts(await bob.history(GENERAL, live.length)).map(([seq]) => seq);
  assert.deepEqual([...live, ...missed], Array.from({ length: 200 }, (_, index) => index + 1));
});

Deno.test("PeerConnection reads nothing more from a peer while its outbox is full", async () => {
  await using server = await setUp({ outbox: 20_000 });
  const ann = await server.signIn("ann");
  const bob = await server.signIn("bob");
  await server.pass(100);
  const goOn = bob.pause();
  for (let number = 1; number <= 200; number++) {
    await ann.say(GENERAL, ulidOf(number), "x".repeat(1_000));
    await ann.next("ack");
  }
  void bob.say(GENERAL, ulidOf(1), "one");
  void bob.say(GENERAL, ulidOf(2), "two");
  await settle();
  await server.delivery.idle();
  // The first was being waited for when the outbox filled up; the second stays where it is.
  assert.equal((await server.store.conversations("bob"))[0]?.seq, 201);
  goOn();
  await bob.next("resync");
  await ann.next("message");
  await ann.next("message");
});

Deno.test("PeerConnection reads no faster than its rates, and loses nothing of a flood", async () => {
  await using server = await setUp({ sends: { rate: 10, burst: 5 } });
  const ann = await server.signIn("ann");
  for (let number = 1; number <= 20; number++) await ann.say(GENERAL, ulidOf(number), `${number}`);
  const acks = async () => {
    await settle();
    await server.delivery.idle();
    await settle();
    return ann.received.filter(({ type }) => type === "ack").length;
  };
  assert.equal(await acks(), 5);
  await server.clock.pass(1_000);
  assert.equal(await acks(), 15);
  await server.clock.pass(1_000);
  assert.equal(await acks(), 20);
});

Deno.test("PeerConnection refuses an address that has failed too often, before any password is looked at", async () => {
  await using server = await setUp({ failures: { rate: 0.1, burst: 2 } });
  await server.signIn("ann");
  const attempt = async (password: string) => {
    const peer = await server.connect();
    await peer.hello();
    await peer.write({ type: "login", id: peer.nextId(), user: "ann", password });
    return codeOf(await peer.next("error", "authenticated"));
  };
  assert.equal(await attempt("wrong"), "bad_credentials");
  assert.equal(await attempt("wrong"), "bad_credentials");
  assert.equal(await attempt("secret"), "rate_limited");
  await server.clock.pass(10_000);
  assert.equal(await attempt("secret"), "authenticated");
});

Deno.test("PeerConnection refuses an address that signs in too often, even rightly", async () => {
  await using server = await setUp({ logins: { rate: 1, burst: 2 } });
  await server.signIn("ann");
  await server.signIn("bob");
  const peer = await server.connect();
  await peer.hello();
  await peer.write({ type: "login", id: peer.nextId(), user: "ann", password: "secret" });
  const error = await peer.next("error");
  assert.deepEqual([error.code, error.attempts], ["rate_limited", LOGIN_ATTEMPTS]);
  await server.clock.pass(1_000);
  assert.equal((await peer.login("ann")).user, "ann");
});

Deno.test("PeerConnection.drain() hears nothing more, tells what is owed, and says bye", async () => {
  await using server = await setUp();
  const ann = await server.signIn("ann");
  await ann.say(GENERAL, ulidOf(1), "one");
  await settle();
  const [peer] = server.peers;
  const farewell = peer?.drain();
  await ann.say(GENERAL, ulidOf(2), "two");
  await server.delivery.idle();
  void farewell?.();
  assert.equal((await ann.next("ack")).seq, 1);
  assert.equal(codeOf(await ann.next("bye")), "draining");
  await server.pass(2 * TIMES.linger);
  assert.equal((await ann.closed()).code, closeCodeOf("draining"));
  assert.equal((await server.store.history(GENERAL, 0, 10)).length, 1);
});
