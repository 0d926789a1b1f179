/** Rooms and groups, as sessions ask for them and hear of them. */
import assert from "node:assert/strict";
import { LIMITS } from "../../../protocol/limits.ts";
import { GENERAL } from "../../../protocol/names.ts";
import { settle } from "../../helpers/fake_clock.ts";
import { ulidOf } from "../../helpers/messages.ts";
import type { RequestFields } from "../../../protocol/session/client.ts";
import { type TestPeer, texts } from "../../helpers/peer.ts";
import { askCode, membersOf, signInAll } from "../../helpers/socketless_users.ts";
import { inShort } from "../../helpers/test_session.ts";
import { codeOf, startSocketless } from "../../helpers/socketless.ts";

const CREW = "group:crew";
const TECH = "room:tech";

Deno.test("create() makes a room, which its creator is in and which all users see", async () => {
  await using server = await startSocketless();
  const { ann, bob } = await signInAll(server, "ann", "bob");
  const answer = await ann.ask({ type: "create", conversation: "room:books", topic: "To read" });
  assert.equal(inShort(answer), "room:books 0 seen 0, 0 unread");
  const listed = await bob.ask({ type: "list", kind: "rooms" });
  assert.deepEqual(
    listed.type === "listed" && listed.conversations.find((one) => one.creator !== undefined),
    { conversation: "room:books", people: 1, topic: "To read", member: false, creator: "ann" },
  );
  assert.deepEqual([ann.look(), bob.look()], [[], []]);
});

Deno.test("create() makes a group, and tells its members and the maker's other devices", async () => {
  await using server = await startSocketless();
  const { ann, bob, eve } = await signInAll(server, "ann", "bob", "eve");
  const phone = await server.signIn("ann");
  await server.pass(100);
  [ann, bob, eve, phone].forEach((peer) => peer.look());
  const members = ["bob", "bob", "ann"];
  assert.equal(
    await askCode(ann, { type: "create", conversation: CREW, members }),
    "conversation",
  );
  const heard = [`${CREW} 0 seen 0, 0 unread`, `${CREW} created by ann bob`];
  assert.deepEqual([ann.look(), phone.look(), bob.look(), eve.look()], [[], heard, heard, []]);
  await ann.say(CREW, ulidOf(1), "welcome");
  for (const peer of [phone, bob]) {
    assert.deepEqual(texts([await peer.next("message")]), [[1, "ann", "welcome"]]);
  }
  await settle();
  assert.deepEqual(texts(eve.received), []);
});

Deno.test("join() lets in, with what was said before as seen; leave() lets out", async () => {
  await using server = await startSocketless();
  const { ann, bob } = await signInAll(server, "ann", "bob");
  assert.equal(await askCode(ann, { type: "join", conversation: TECH }), "conversation");
  await ann.say(TECH, ulidOf(1), "anybody?");
  await ann.next("ack");
  const answer = await bob.ask({ type: "join", conversation: TECH });
  assert.equal(inShort(answer), `${TECH} 1 seen 1, 0 unread`);
  assert.deepEqual(texts(await bob.history(TECH)), [[1, "ann", "anybody?"]]);
  await settle();
  assert.deepEqual(ann.look(), [`${TECH} joined by bob`]);

  const again = await bob.ask({ type: "join", conversation: TECH });
  assert.equal(inShort(again), `${TECH} 1 seen 1, 0 unread`);
  await ann.say(TECH, ulidOf(2), "there you are");
  assert.deepEqual(texts([await bob.next("message")]), [[2, "ann", "there you are"]]);

  assert.equal(await askCode(bob, { type: "leave", conversation: TECH }), "done");
  assert.deepEqual(ann.look(), [`${TECH} left by bob`]);
  await ann.say(TECH, ulidOf(3), "and gone");
  await ann.next("ack");
  await settle();
  assert.equal(texts(bob.received).length, 1);
  assert.deepEqual((await bob.history(TECH)).map(codeOf), ["not_a_member"]);
});

Deno.test("leave() works for room:general, and join() brings back", async () => {
  await using server = await startSocketless();
  const { ann, bob } = await signInAll(server, "ann", "bob");
  assert.equal(await askCode(ann, { type: "leave", conversation: GENERAL }), "done");
  await bob.say(GENERAL, ulidOf(1), "hello");
  await bob.next("ack");
  await settle();
  assert.deepEqual(texts(ann.received), []);
  const answer = await ann.ask({ type: "join", conversation: GENERAL });
  assert.equal(inShort(answer), `${GENERAL} 1 seen 1, 0 unread`);
  await bob.say(GENERAL, ulidOf(2), "welcome back");
  assert.deepEqual(texts([await ann.next("message")]), [[2, "bob", "welcome back"]]);
});

Deno.test("add() and remove() change a group, and all users concerned are told", async () => {
  await using server = await startSocketless();
  const { ann, bob, eve } = await signInAll(server, "ann", "bob", "eve");
  await askCode(ann, { type: "create", conversation: CREW, members: ["bob"] });
  await ann.say(CREW, ulidOf(1), "before eve");
  await ann.next("ack");
  bob.look();
  const add = (...users: string[]) => ann.ask({ type: "add", conversation: CREW, users });
  const added = await add("eve", "bob", "eve");
  assert.deepEqual(added.type === "done" && added.users, ["eve"]);
  assert.deepEqual(bob.look(), [`${CREW} added by ann eve`]);
  assert.deepEqual(eve.look(), [`${CREW} 1 seen 1, 0 unread`, `${CREW} added by ann eve`]);
  assert.deepEqual(texts(await eve.history(CREW)), [[1, "ann", "before eve"]]);

  const again = await add("bob");
  assert.deepEqual(again.type === "done" && again.users, []);
  assert.equal(await askCode(ann, { type: "remove", conversation: CREW, users: ["bob"] }), "done");
  assert.deepEqual(bob.look(), [`${CREW} removed by ann bob`]);
  assert.deepEqual(eve.look(), [`${CREW} removed by ann bob`]);
  await eve.say(CREW, ulidOf(2), "without bob");
  await eve.next("ack");
  await settle();
  assert.deepEqual(bob.look(), []);
  assert.deepEqual((await bob.history(CREW)).map(codeOf), ["unknown_conversation"]);
});

Deno.test("delete() tells all members, frees the name, and leaves nothing to read", async () => {
  await using server = await startSocketless();
  const { ann, bob } = await signInAll(server, "ann", "bob");
  await askCode(ann, { type: "create", conversation: CREW, members: ["bob"] });
  await bob.say(CREW, ulidOf(1), "soon forgotten");
  await bob.next("ack");
  [ann, bob].forEach((peer) => peer.look());
  assert.equal(await askCode(ann, { type: "delete", conversation: CREW }), "done");
  assert.deepEqual([ann.look(), bob.look()], [[], [`${CREW} deleted by ann`]]);
  await bob.say(CREW, ulidOf(2), "is anybody here?");
  assert.equal((await bob.next("error")).code, "unknown_conversation");
  assert.deepEqual((await ann.history(CREW)).map(codeOf), ["unknown_conversation"]);
  assert.equal(await askCode(bob, { type: "create", conversation: CREW }), "conversation");
  assert.deepEqual(texts(await bob.history(CREW)), []);
});

Deno.test("leave() deletes a group with its last member", async () => {
  await using server = await startSocketless();
  const { ann, bob } = await signInAll(server, "ann", "bob");
  await askCode(ann, { type: "create", conversation: CREW, members: ["bob"] });
  assert.equal(await askCode(ann, { type: "leave", conversation: CREW }), "done");
  assert.deepEqual(bob.look().slice(-1), [`${CREW} left by ann`]);
  assert.deepEqual(await membersOf(server, CREW), ["bob"]);
  assert.equal(await askCode(bob, { type: "leave", conversation: CREW }), "done");
  assert.equal(await server.store.rooms.get(CREW), undefined);
});

Deno.test("topic() is any member's to set, in rooms and groups", async () => {
  await using server = await startSocketless();
  const { ann, bob } = await signInAll(server, "ann", "bob");
  await askCode(ann, { type: "create", conversation: CREW, members: ["bob"] });
  [ann, bob].forEach((peer) => peer.look());
  for (const conversation of [GENERAL, CREW]) {
    assert.equal(await askCode(bob, { type: "topic", conversation, topic: "Ünser Thema" }), "done");
    assert.deepEqual(ann.look(), [`${conversation} topic by bob "Ünser Thema"`]);
    assert.equal((await server.store.rooms.get(conversation))?.topic, "Ünser Thema");
  }
  const escape = { type: "topic", conversation: CREW, topic: "\u001b[2J" } as const;
  const refusal = await bob.ask(escape);
  assert.ok(refusal.type === "error");
  assert.match(refusal.message, /control characters/);
  assert.equal(await askCode(bob, { type: "topic", conversation: CREW, topic: "" }), "done");
  assert.equal((await server.store.rooms.get(CREW))?.topic, "");
});

Deno.test("members() lists who is in a room, or in a group of one's own, with status", async () => {
  await using server = await startSocketless();
  const { ann, bob, eve } = await signInAll(server, "ann", "bob", "eve");
  await askCode(ann, { type: "create", conversation: CREW, members: ["bob"] });
  await askCode(ann, { type: "status", status: "away" });
  await bob[Symbol.asyncDispose]();
  await settle();
  const crew = await ann.ask({ type: "members", conversation: CREW });
  assert.deepEqual(crew.type === "membership" && [crew.creator, crew.users, crew.more], [
    "ann",
    [
      { number: 1, name: "ann", status: "away" },
      { number: 2, name: "bob", status: "offline" },
    ],
    false,
  ]);
  const general = await eve.ask({ type: "members", conversation: GENERAL });
  assert.equal(general.type === "membership" && general.users.length, 3);
  assert.equal(general.type === "membership" && "creator" in general, false);
  const empty = await eve.ask({ type: "members", conversation: TECH });
  assert.deepEqual(empty.type === "membership" && empty.users, []);
});

Deno.test("list() names the groups that one is in, and no others", async () => {
  await using server = await startSocketless();
  const { ann, bob } = await signInAll(server, "ann", "bob");
  await askCode(ann, { type: "create", conversation: CREW, topic: "sailing" });
  const listed = async (peer: TestPeer) => {
    const frame = await peer.ask({ type: "list", kind: "groups" });
    return frame.type === "listed" ? frame.conversations : undefined;
  };
  const crew = { conversation: CREW, people: 1, topic: "sailing", member: true, creator: "ann" };
  assert.deepEqual([await listed(ann), await listed(bob)], [[crew], []]);
});

Deno.test("list() of many rooms comes in several frames", async () => {
  await using server = await startSocketless();
  const { ann } = await signInAll(server, "ann");
  const topic = "ü".repeat(LIMITS.topic / 2);
  for (let number = 0; number < LIMITS.listed; number++) {
    const conversation = `room:${"x".repeat(28)}${String(number).padStart(4, "-")}`;
    await server.store.rooms.create({ conversation, topic, creator: "ann" }, []);
  }
  await ann.ask({ type: "list", kind: "rooms" });
  await settle();
  const pages = ann.received.flatMap((frame) => frame.type === "listed" ? [frame] : []);
  assert.deepEqual(pages.map(({ conversations, more }) => [conversations.length, more]), [
    [LIMITS.listed, true],
    [3, false],
  ]);
});

Deno.test("delete() lets the creator of a room delete it while no one else is in it", async () => {
  await using server = await startSocketless();
  const { ann, bob } = await signInAll(server, "ann", "bob");
  const room = "room:mistake";
  const remove: RequestFields = { type: "delete", conversation: room };
  await ann.ask({ type: "create", conversation: room });
  await ann.say(room, ulidOf(1), "secret by mistake");
  await ann.next("ack");
  assert.equal(await askCode(bob, remove), "not_allowed");
  await bob.ask({ type: "join", conversation: room });
  const refusal = await ann.ask(remove);
  assert.match(refusal.type === "error" ? refusal.message : "", /Others are in that room/);
  await bob.ask({ type: "leave", conversation: room });
  assert.equal(await askCode(ann, remove), "done");
  assert.equal(await askCode(ann, remove), "unknown_conversation");
  // Another may have the name, and reads nothing of what was said.
  assert.equal(await askCode(bob, { type: "create", conversation: room }), "conversation");
  assert.deepEqual((await bob.history(room)).map(codeOf), ["end"]);
});

Deno.test("delete() lets an admin delete any room but general, and tells its members", async () => {
  await using server = await startSocketless();
  const { ann, bob } = await signInAll(server, "ann", "bob");
  await server.store.accounts.setAdmin("ann", true);
  const room = "room:spam";
  await bob.ask({ type: "create", conversation: room });
  bob.look();
  assert.equal(await askCode(ann, { type: "delete", conversation: room }), "done");
  assert.deepEqual(bob.look(), [`${room} deleted by ann`]);
  assert.equal(
    await askCode(bob, { type: "topic", conversation: room, topic: "" }),
    "unknown_conversation",
  );
  assert.equal(await askCode(ann, { type: "delete", conversation: GENERAL }), "not_allowed");
});
