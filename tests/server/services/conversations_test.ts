import assert from "node:assert/strict";
import { dmOf, GENERAL } from "../../../protocol/names.ts";
import { Conversations } from "../../../server/services/conversations.ts";
import { Presence } from "../../../server/services/presence.ts";
import { Sessions } from "../../../server/services/sessions.ts";
import { FakeClock } from "../../helpers/fake_clock.ts";
import { messageOf } from "../../helpers/messages.ts";
import { TestSession } from "../../helpers/test_session.ts";
import { tempStore } from "../../helpers/temp_store.ts";

async function setUp() {
  const temp = await tempStore("ann", "bob", "eve");
  const presence = new Presence({ clock: new FakeClock() });
  const conversations = new Conversations({ store: temp.store, presence });
  const sessions = new Sessions({ presence, conversations });
  const enter = async (name: string, sessionId?: string) => {
    const session = new TestSession(name, 1, sessionId);
    await sessions.add(session, "normal");
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
  sessions.remove(bob);
  assert.deepEqual(conversations.audienceOf(GENERAL), [ann, bobsPhone]);
  sessions.remove(ann);
  sessions.remove(bobsPhone);
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
  const objectionTo = (conversation: string) => conversations.accessError(ann, conversation);
  assert.equal(await objectionTo(GENERAL), undefined);
  assert.equal(await objectionTo(dmOf("ann", "bob")), undefined);
  assert.equal(await objectionTo(dmOf("ann", "nobody")), "unknown_user");
  assert.equal(await objectionTo(dmOf("bob", "eve")), "unknown_conversation");
  assert.equal(await objectionTo("room:nowhere"), "unknown_conversation");
  assert.equal(await objectionTo("group:crew"), "unknown_conversation");
});

Deno.test("Conversations.states() says how far each conversation has come", async () => {
  await using setting = await setUp();
  const { store, conversations } = setting;
  await store.messages.append([messageOf(1), messageOf(2, { conversation: dmOf("ann", "bob") })]);
  await store.conversations.mark("bob", GENERAL, 1);
  assert.deepEqual(await conversations.states("bob"), [
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
  sessions.revokeLogin(one);
  assert.deepEqual([one, two, other, bob].map(({ aborted }) => aborted), [
    undefined,
    "session_revoked",
    undefined,
    undefined,
  ]);
});

Deno.test("Conversations.admit() and dismiss() concern every session of an account, and nobody else", async () => {
  await using setting = await setUp();
  const { store, conversations, enter } = setting;
  const ann = await enter("ann");
  const laptop = await enter("bob");
  const phone = await enter("bob");
  await store.rooms.addMembers("room:tech", ["bob"]);
  conversations.addMember("bob", "room:tech");
  conversations.addMember("bob", "room:tech");
  assert.deepEqual(conversations.audienceOf("room:tech"), [laptop, phone]);
  assert.equal(await conversations.accessError(phone, "room:tech"), undefined);
  assert.equal(await conversations.accessError(ann, "room:tech"), "not_a_member");
  await store.rooms.removeMembers("room:tech", ["bob"]);
  conversations.removeMember("bob", "room:tech");
  conversations.removeMember("bob", "room:tech");
  assert.deepEqual(conversations.audienceOf("room:tech"), []);
  assert.equal(await conversations.accessError(phone, "room:tech"), "not_a_member");
});

Deno.test("Conversations.enter() does not bring back somebody who is dismissed meanwhile", async () => {
  await using setting = await setUp();
  const { store, conversations, presence, sessions } = setting;
  const bob = new TestSession("bob");
  const entering = sessions.add(bob, "normal");
  // The memberships have been read by now, and are not waited for yet.
  const removed = store.rooms.removeMembers(GENERAL, ["bob"]);
  conversations.removeMember("bob", GENERAL);
  await Promise.all([entering, removed]);
  assert.deepEqual(presence.sessionsOf("bob"), [bob]);
  assert.deepEqual(conversations.audienceOf(GENERAL), []);
});

Deno.test("Conversations.audienceOf() a dm leaves out whoever is dnd, and reaches who is away", async () => {
  await using setting = await setUp();
  const { conversations, presence, enter } = setting;
  const ann = await enter("ann");
  const bob = await enter("bob");
  presence.setStatus("bob", "dnd");
  assert.deepEqual(conversations.audienceOf(dmOf("ann", "bob")), [ann]);
  assert.deepEqual(conversations.audienceOf(GENERAL), [ann, bob]);
  presence.setStatus("bob", "away");
  assert.deepEqual(conversations.audienceOf(dmOf("ann", "bob")), [ann, bob]);
});
