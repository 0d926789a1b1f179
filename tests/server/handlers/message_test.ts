import assert from "node:assert/strict";
import { LIMITS, OFFENCES } from "../../../protocol/limits.ts";
import { dmOf, GENERAL } from "../../../protocol/names.ts";
import { settle } from "../../helpers/fake_clock.ts";
import { ulidOf } from "../../helpers/messages.ts";
import { texts } from "../../helpers/peer.ts";
import { inShort } from "../../helpers/test_session.ts";
import { startSocketless } from "../../helpers/socketless.ts";

Deno.test("send() stores a message to a user who is offline, and tells the sender", async () => {
  await using server = await startSocketless();
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
  const [what, conversation, body, code, message = /\.$/] of [
    ["to nobody", "dm:ann:nobody", "hello", "unknown_user", /called nobody\. Check the name/],
    ["to a dm of others", "dm:bob:eve", "hello", "unknown_conversation"],
    ["to a room that does not exist", "room:nowhere", "hello", "unknown_conversation"],
    ["to a room that one is not in", "room:tech", "hello", "not_a_member", /tech\. Join it first/],
    ["to a group that does not exist", "group:crew", "hello", "unknown_conversation"],
    ["that is empty", GENERAL, "", "empty_message"],
    ["of blanks", GENERAL, " \t\n", "empty_message"],
    ["that is too long", GENERAL, "ü".repeat(LIMITS.text / 2 + 1), "message_too_large"],
  ] as const
) {
  Deno.test(`send() refuses a message ${what}, and stores nothing`, async () => {
    await using server = await startSocketless();
    const ann = await server.signIn("ann");
    const re = await ann.say(conversation, ulidOf(1), body);
    const refusal = await ann.next("error");
    assert.equal(inShort(refusal), `error ${re}: ${code}`);
    assert.match(refusal.message, message);
    assert.deepEqual(await server.store.messages.history(conversation, 0, 10), []);
    const members = (await server.store.conversations.members(conversation)).map(({ name }) =>
      name
    );
    assert.deepEqual(members, conversation === GENERAL ? ["ann"] : []);
    await ann.say(GENERAL, ulidOf(1), "still here");
    assert.equal((await ann.next("ack")).seq, 1);
  });
}

Deno.test("send() stores a message of exactly the limit", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  await ann.say(GENERAL, ulidOf(1), "ü".repeat(LIMITS.text / 2));
  assert.equal((await ann.next("ack")).seq, 1);
});

Deno.test("send() never ends a session for messages that were refused", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  for (let number = 0; number < 3 * OFFENCES; number++) {
    await ann.say("dm:ann:nobody", ulidOf(number), "are you there?");
    await ann.next("error");
  }
  await ann.say(GENERAL, ulidOf(99), "hello");
  await ann.next("ack");
});

Deno.test("send() takes the sender from the session, whatever the frame says", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const bob = await server.signIn("bob");
  const content = { kind: "text", body: "hello" };
  const send = { type: "send", id: ann.nextId(), ulid: ulidOf(1), conversation: GENERAL } as const;
  await ann.write({ ...send, content, ...{ from: "bob", seq: 7, at: 1 } });
  const { seq, at } = await ann.next("ack");
  const message = await bob.next("message");
  assert.deepEqual([message.from, message.seq, message.at], ["ann", seq, at]);
  assert.deepEqual([seq, at], [1, server.clock.time()]);
  const [stored] = await server.store.messages.history(GENERAL, 0, 1);
  assert.equal(stored?.from, "ann");
});
