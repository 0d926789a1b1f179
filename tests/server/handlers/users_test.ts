/** Who somebody is, statuses, and what is held while the status is `dnd`. */
import assert from "node:assert/strict";
import type { ServerFrame } from "../../../protocol/frame.ts";
import { dmOf, GENERAL } from "../../../protocol/names.ts";
import { settle } from "../../helpers/fake_clock.ts";
import { ulidOf } from "../../helpers/messages.ts";
import { type TestPeer, texts } from "../../helpers/peer.ts";
import { inShort } from "../../helpers/test_session.ts";
import { codeOf, startSocketless } from "../../helpers/socketless.ts";

const DM = dmOf("ann", "bob");

/** Ann and bob, who have heard of each other. */
async function setUp() {
  const server = await startSocketless();
  const ann = await server.signIn("ann");
  const bob = await server.signIn("bob");
  await server.pass(100);
  [ann, bob].forEach((peer) => peer.look());
  return { server, ann, bob, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function setStatus(peer: TestPeer, status: "normal" | "dnd" | "away"): Promise<void> {
  assert.equal((await peer.ask({ type: "status", status })).type, "done");
}

function textsOf(frames: readonly ServerFrame[]): string[] {
  return texts(frames).map(([, , text]) => text);
}

Deno.test("resolve() returns the users for names and numbers, each once, and those that do not exist", async () => {
  await using setting = await setUp();
  const { ann, bob, server } = setting;
  await server.signIn("carol");
  await setStatus(bob, "away");
  await (await server.signIn("dave"))[Symbol.asyncDispose]();
  await settle();
  const users = ["bob", 3, 1, "nobody", 99, 0, "carol", 4, "", "1"];
  const answer = await ann.ask({ type: "resolve", users });
  assert.deepEqual(answer.type === "resolved" && [answer.users, answer.unknown], [
    [
      { number: 2, name: "bob", status: "away" },
      { number: 3, name: "carol", status: "normal" },
      { number: 1, name: "ann", status: "normal" },
      { number: 4, name: "dave", status: "offline" },
    ],
    ["nobody", 99, 0, "", "1"],
  ]);
});

Deno.test("status() is told to all sessions, and is stored with the account", async () => {
  await using setting = await setUp();
  const { ann, bob, server } = setting;
  await setStatus(bob, "away");
  await server.pass(100);
  assert.deepEqual([ann.look(), bob.look()], [["presence 2 bob away"], ["presence 2 bob away"]]);
  await bob[Symbol.asyncDispose]();
  await settle();
  await server.pass(100);
  await server.signIn("bob");
  await server.pass(100);
  assert.deepEqual(ann.look(), ["presence 2 bob offline", "presence 2 bob away"]);
});

Deno.test("send() delivers to a user who is away, and tells the sender", async () => {
  await using setting = await setUp();
  const { ann, bob } = setting;
  await setStatus(bob, "away");
  const re = await ann.say(DM, ulidOf(1), "are you there?");
  assert.equal(inShort(await ann.next("notice")), `notice ${re}: away`);
  assert.deepEqual(textsOf([await bob.next("message")]), ["are you there?"]);
});

Deno.test("send() holds a private message to a user with the status dnd, until that ends", async () => {
  await using setting = await setUp();
  const { ann, bob, server } = setting;
  const phone = await server.signIn("bob");
  await ann.say(DM, ulidOf(1), "one");
  await ann.next("ack");
  await setStatus(bob, "dnd");
  await server.pass(100);
  [ann, bob, phone].forEach((peer) => peer.look());

  for (const [number, text] of ["two", "three"].entries()) {
    const re = await ann.say(DM, ulidOf(number + 2), text);
    assert.equal(inShort(await ann.next("notice")), `notice ${re}: dnd`);
  }
  await ann.say(GENERAL, ulidOf(4), "hello, everyone");
  await ann.next("ack");
  await settle();
  assert.deepEqual([bob.look(), phone.look()], [
    ["message 1 ann: hello, everyone"],
    ["message 1 ann: hello, everyone"],
  ]);

  // Neither does anybody who asks, or signs in meanwhile, get it.
  const later = await server.signIn("bob");
  const list = await later.next("conversations");
  assert.deepEqual(list.conversations.at(-1), { conversation: DM, seq: 1, mark: 0, unread: 1 });
  assert.deepEqual((await later.history(DM)).map(inShort), ["message 1 ann: one", "error 3: held"]);
  const newest = { type: "history", conversation: DM, before: 2 ** 53 - 1, limit: 10 } as const;
  assert.deepEqual((await later.fetch(newest)).map(inShort), ["message 1 ann: one", "end"]);
  const search = { type: "search", words: "two", limit: 10 } as const;
  assert.deepEqual((await later.fetch(search)).map(codeOf), ["end"]);

  await setStatus(phone, "normal");
  for (const peer of [bob, phone, later]) {
    assert.equal(inShort(await peer.next("conversation")), `${DM} 3 seen 0, 3 unread`);
    assert.deepEqual(textsOf(await peer.history(DM, 1)), ["two", "three"]);
  }
  await ann.say(DM, ulidOf(5), "four");
  assert.deepEqual(textsOf([await bob.next("message")]).slice(-1), ["four"]);
});

Deno.test("send() works for a user with the status dnd, whose client waits for the messages between", async () => {
  await using setting = await setUp();
  const { ann, bob } = setting;
  await setStatus(bob, "dnd");
  await ann.say(DM, ulidOf(1), "are you busy?");
  await ann.next("ack");
  await bob.say(DM, ulidOf(2), "yes, I am");
  assert.equal((await bob.next("ack")).seq, 2);
  assert.deepEqual(textsOf([await ann.next("message")]), ["yes, I am"]);
  assert.deepEqual((await bob.history(DM)).map(codeOf), ["held"]);
  await setStatus(bob, "away");
  assert.equal(inShort(await bob.next("conversation")), `${DM} 2 seen 0, 1 unread`);
  assert.deepEqual(textsOf(await bob.history(DM)), ["are you busy?", "yes, I am"]);
});

Deno.test("status() names no conversation in which nothing was held", async () => {
  await using setting = await setUp();
  const { ann, bob, server } = setting;
  await ann.say(DM, ulidOf(1), "one");
  await ann.next("ack");
  await setStatus(bob, "dnd");
  await setStatus(bob, "dnd");
  await setStatus(bob, "normal");
  await setStatus(bob, "away");
  await server.pass(100);
  assert.deepEqual(bob.look(), ["message 1 ann: one", "presence 2 bob away"]);
});

Deno.test("mark() tells the account's other sessions, once, and no others", async () => {
  await using setting = await setUp();
  const { ann, bob, server } = setting;
  const phone = await server.signIn("bob");
  await ann.say(GENERAL, ulidOf(1), "one");
  await ann.next("ack");
  await server.pass(100);
  [ann, bob, phone].forEach((peer) => peer.look());
  for (const seq of [1, 1, 99, 0]) await bob.write({ type: "mark", conversation: GENERAL, seq });
  await bob.write({ type: "mark", conversation: dmOf("ann", "eve"), seq: 1 });
  await bob.ask({ type: "sync" });
  await settle();
  assert.deepEqual([ann.look(), bob.look(), phone.look()], [[], [], [`marked ${GENERAL} 1`]]);
});
