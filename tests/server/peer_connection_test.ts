import assert from "node:assert/strict";
import { encodeFrame } from "../../protocol/codec.ts";
import { closeCodeOf } from "../../protocol/errors.ts";
import { LIMITS, OFFENCES, TIMES } from "../../protocol/limits.ts";
import { GENERAL } from "../../protocol/names.ts";
import { settle } from "../helpers/fake_clock.ts";
import { ulidOf } from "../helpers/messages.ts";
import { texts } from "../helpers/peer.ts";
import { inShort } from "../helpers/test_session.ts";
import { codeOf, endsWith, startSocketless } from "../helpers/socketless.ts";

Deno.test("PeerConnection closes when no hello comes in time", async () => {
  await using server = await startSocketless();
  const peer = await server.connect();
  await server.pass(TIMES.hello);
  await endsWith(peer, "hello_timeout", server.pass);
});

Deno.test("PeerConnection keeps nothing of a client whose connection has closed", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  await server.pass(100);
  const bob = await server.signIn("bob");
  await server.pass(100);
  await bob[Symbol.asyncDispose]();
  await bob.gone;
  await server.pass(100);
  assert.equal(inShort(await ann.next("presence")), "presence 2 bob normal");
  assert.equal(inShort(await ann.next("presence")), "presence 2 bob offline");
  assert.equal(server.presence.count, 1);
});

Deno.test("PeerConnection says bye when the client has finished", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  await ann.stream.end();
  assert.equal(codeOf(await ann.next("bye")), "done");
});

Deno.test("PeerConnection tells a frame in the wrong state, and closes after too many", async () => {
  await using server = await startSocketless();
  const peer = await server.connect();
  for (let number = 0; number < OFFENCES; number++) {
    await peer.say(GENERAL, ulidOf(number), "let me in");
    assert.equal(codeOf(await peer.next("error")), "bad_state");
  }
  await peer.say(GENERAL, ulidOf(99), "let me in");
  await endsWith(peer, "too_many_offences", server.pass);
  assert.deepEqual(await server.store.messages.history(GENERAL, 0, 10), []);
});

Deno.test("PeerConnection closes if a stream has lost its framing, and no other connection does", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const eve = await server.signIn("eve");
  await eve.stream.write(new Uint8Array([255, 255, 255, 255, 1, 2, 3]));
  await endsWith(eve, "frame_too_large", server.pass);
  await ann.say(GENERAL, ulidOf(1), "hello");
  await ann.next("ack");
});

Deno.test("PeerConnection closes on a session that ends inside a frame", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  await ann.stream.write(encodeFrame({ type: "ping", id: 9 }).slice(0, 7));
  await ann.stream.end();
  await endsWith(ann, "frame_truncated", server.pass);
});

Deno.test("PeerConnection closes on a peer that is silent", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  await server.pass(TIMES.silence + 1_000);
  await endsWith(ann, "silence", server.pass);
});

Deno.test("PeerConnection bounds what a slow reader costs; it catches up and misses nothing", async () => {
  await using server = await startSocketless({ outbox: 20_000 });
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
  await using server = await startSocketless({ outbox: 20_000 });
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
  assert.equal((await server.store.conversations.states("bob"))[0]?.seq, 201);
  goOn();
  await bob.next("resync");
  await ann.next("message");
  await ann.next("message");
});

Deno.test("PeerConnection reads no faster than its rates, and loses nothing of a flood", async () => {
  await using server = await startSocketless({ sends: { rate: 10, burst: 5 } });
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

Deno.test("PeerConnection is not affected if the machine's clock is set", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  for (const step of [TIMES.silence, -2 * TIMES.silence]) {
    server.clock.set(server.clock.time() + step);
    await server.pass(1_000);
    await ann.write({ type: "ping", id: ann.nextId() });
    await ann.next("pong");
  }
  await ann.say(GENERAL, ulidOf(1), "hello");
  assert.equal((await ann.next("ack")).at, server.clock.time());
});

Deno.test("PeerConnection.drain() hears nothing more, tells what is owed, and says bye", async () => {
  await using server = await startSocketless();
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
  assert.equal((await server.store.messages.history(GENERAL, 0, 10)).length, 1);
});

Deno.test("PeerConnection reads no further while 256 messages wait to be stored", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const { messages } = server.store;
  const append = messages.append.bind(messages);
  const disk = Promise.withResolvers<void>();
  messages.append = async (...args) => {
    await disk.promise;
    return await append(...args);
  };
  const pongs = () => ann.received.filter(({ type }) => type === "pong").length;
  const pingAfter = async (first: number, last: number) => {
    for (let number = first; number <= last; number++) {
      await ann.say(GENERAL, ulidOf(number), `${number}`);
    }
    await ann.write({ type: "ping", id: ann.nextId() });
    await settle(20);
  };
  await pingAfter(1, LIMITS.requests - 1);
  assert.equal(pongs(), 1);
  await pingAfter(LIMITS.requests, LIMITS.requests);
  assert.equal(pongs(), 1);
  disk.resolve();
  await ann.next("pong");
  await ann.next("pong");
});
