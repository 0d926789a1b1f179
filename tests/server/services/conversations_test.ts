import assert from "node:assert/strict";
import { dmOf, GENERAL } from "../../../protocol/names.ts";
import { Audience } from "../../../server/services/audience.ts";
import { Conversations } from "../../../server/services/conversations.ts";
import { Presence } from "../../../server/services/presence.ts";
import { FakeClock } from "../../helpers/fake_clock.ts";
import { messageOf } from "../../helpers/messages.ts";
import { tempStore } from "../../helpers/temp_store.ts";
import { TestSession } from "../../helpers/test_session.ts";

async function setUp() {
  const temp = await tempStore("ann", "bob", "eve");
  const presence = new Presence({ clock: new FakeClock() });
  const audience = new Audience({ conversations: temp.store.conversations, presence });
  const conversations = new Conversations({ store: temp.store, audience, presence });
  const signIn = async (name: string) => {
    const session = new TestSession(name);
    presence.add(session, "normal");
    await audience.addSession(session);
    return session;
  };
  return { ...temp, audience, conversations, signIn };
}

Deno.test("Conversations.accessError() allows what the account is in, and nothing else", async () => {
  await using setting = await setUp();
  const { conversations, signIn } = setting;
  const ann = await signIn("ann");
  const accessError = (conversation: string) => conversations.accessError(ann, conversation);
  assert.equal(await accessError(GENERAL), undefined);
  assert.equal(await accessError(dmOf("ann", "bob")), undefined);
  assert.equal(await accessError(dmOf("ann", "zoe")), "unknown_user");
  assert.equal(await accessError(dmOf("bob", "eve")), "unknown_conversation");
  assert.equal(await accessError("room:nowhere"), "unknown_conversation");
  assert.equal(await accessError("group:crew"), "unknown_conversation");
});

Deno.test("Conversations.accessError() follows the members of a room", async () => {
  await using setting = await setUp();
  const { audience, conversations, signIn } = setting;
  const ann = await signIn("ann");
  assert.equal(await conversations.accessError(ann, "room:tech"), "not_a_member");
  audience.addMember("ann", "room:tech");
  assert.equal(await conversations.accessError(ann, "room:tech"), undefined);
  audience.removeMember("ann", "room:tech");
  assert.equal(await conversations.accessError(ann, "room:tech"), "not_a_member");
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

Deno.test("Conversations.mark() tells the account's other sessions, if the mark was raised", async () => {
  await using setting = await setUp();
  const { store, conversations, signIn } = setting;
  await store.messages.append([messageOf(1)]);
  const laptop = await signIn("bob");
  const phone = await signIn("bob");
  const ann = await signIn("ann");
  await conversations.mark(laptop, GENERAL, 1);
  await conversations.mark(laptop, GENERAL, 1);
  assert.deepEqual([laptop.look(), phone.look(), ann.look()], [[], [`marked ${GENERAL} 1`], []]);
});
