import assert from "node:assert/strict";
import { dmOf, GENERAL } from "../../../protocol/names.ts";
import { Conversations } from "../../../server/services/conversations.ts";
import { Presence } from "../../../server/services/presence.ts";
import { Sessions } from "../../../server/services/sessions.ts";
import { FakeClock } from "../../helpers/fake_clock.ts";
import { messageOf } from "../../helpers/messages.ts";
import { TestSession } from "../../helpers/signed_in.ts";
import { tempStore } from "../../helpers/temp_store.ts";

async function setUp() {
  const temp = await tempStore("ann", "bob", "eve");
  const presence = new Presence({ clock: new FakeClock() });
  const conversations = new Conversations({ store: temp.store, presence });
  const sessions = new Sessions({ presence, conversations });
  const enter = async (name: string, sessionId?: string) => {
    const session = new TestSession(name, 1, sessionId);
    await sessions.enter(session, "normal");
    return session;
  };
  return { ...temp, presence, conversations, sessions, enter };
}

Deno.test("Conversations.audienceOf() a room is every session in it, from enter to leave", async () => {
  await using setting = await setUp();
  const { conversations, sessions, enter } = setting;
  assert.deepEqual(conversations.audienceOf(GENERAL), []);
  const ann = await enter("ann");
  const bob = await enter("bob");
  const bobsPhone = await enter("bob");
  assert.deepEqual(conversations.audienceOf(GENERAL), [ann, bob, bobsPhone]);
  sessions.leave(bob);
  assert.deepEqual(conversations.audienceOf(GENERAL), [ann, bobsPhone]);
  sessions.leave(ann);
  sessions.leave(bobsPhone);
  assert.deepEqual(conversations.audienceOf(GENERAL), []);
});

Deno.test("Conversations.audienceOf() a dm is the sessions of its two people", async () => {
  await using setting = await setUp();
  const { conversations, enter } = setting;
  const ann = await enter("ann");
  const bob = await enter("bob");
  await enter("eve");
  assert.deepEqual(conversations.audienceOf(dmOf("bob", "ann")), [ann, bob]);
  assert.deepEqual(conversations.audienceOf("dm:carl:dora"), []);
});

Deno.test("Conversations.objection() lets people into what is theirs, and nowhere else", async () => {
  await using setting = await setUp();
  const { conversations, enter } = setting;
  const ann = await enter("ann");
  const objectionTo = (conversation: string) => conversations.objection(ann, conversation);
  assert.equal(await objectionTo(GENERAL), undefined);
  assert.equal(await objectionTo(dmOf("ann", "bob")), undefined);
  assert.equal(await objectionTo(dmOf("ann", "nobody")), "unknown_user");
  assert.equal(await objectionTo(dmOf("bob", "eve")), "unknown_conversation");
  assert.equal(await objectionTo("room:nowhere"), "unknown_conversation");
  assert.equal(await objectionTo("group:crew"), "unknown_conversation");
});

Deno.test("Sessions.enter() returns how far each conversation has come", async () => {
  await using setting = await setUp();
  const { store, sessions } = setting;
  await store.append([messageOf(1), messageOf(2, { conversation: dmOf("ann", "bob") })]);
  await store.mark("bob", GENERAL, 1);
  assert.deepEqual(await sessions.enter(new TestSession("bob"), "normal"), [
    { conversation: GENERAL, seq: 1, mark: 1, unread: 0 },
    { conversation: dmOf("ann", "bob"), seq: 1, mark: 0, unread: 1 },
  ]);
});

Deno.test("Sessions.revoke() ends the other connections of the same session, and no others", async () => {
  await using setting = await setUp();
  const { sessions, enter } = setting;
  const one = await enter("ann", "shared");
  const two = await enter("ann", "shared");
  const other = await enter("ann", "another");
  const bob = await enter("bob", "shared");
  sessions.revoke(one);
  assert.deepEqual([one, two, other, bob].map(({ aborted }) => aborted), [
    undefined,
    "session_revoked",
    undefined,
    undefined,
  ]);
});
