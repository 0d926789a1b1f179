import assert from "node:assert/strict";
import { dmOf, GENERAL } from "../../../protocol/names.ts";
import { Audience } from "../../../server/services/audience.ts";
import { Presence } from "../../../server/services/presence.ts";
import { Sessions } from "../../../server/services/sessions.ts";
import { FakeClock } from "../../helpers/fake_clock.ts";
import { tempStore } from "../../helpers/temp_store.ts";
import { TestSession } from "../../helpers/test_session.ts";

const DM = dmOf("ann", "bob");

async function setUp() {
  const temp = await tempStore("ann", "bob", "eve");
  const presence = new Presence({ clock: new FakeClock() });
  const audience = new Audience({ conversations: temp.store.conversations, presence });
  const sessions = new Sessions({ presence, audience, limit: 16 });
  const signIn = async (name: string, loginId?: string) => {
    const session = new TestSession(name, 1, loginId);
    await sessions.add(session, "normal");
    return session;
  };
  return { ...temp, presence, audience, sessions, signIn };
}

Deno.test("Audience.of() a room is every session of its members, until it is removed", async () => {
  await using setting = await setUp();
  const { audience, sessions, signIn } = setting;
  assert.deepEqual(audience.of(GENERAL), []);
  const ann = await signIn("ann");
  const bob = await signIn("bob");
  const bobsPhone = await signIn("bob");
  assert.deepEqual(audience.of(GENERAL), [ann, bob, bobsPhone]);
  sessions.remove(bob);
  assert.deepEqual(audience.of(GENERAL), [ann, bobsPhone]);
  sessions.remove(ann);
  sessions.remove(bobsPhone);
  assert.deepEqual(audience.of(GENERAL), []);
});

Deno.test("Audience.of() a dm is the sessions of its two users", async () => {
  await using setting = await setUp();
  const { audience, signIn } = setting;
  const ann = await signIn("ann");
  const bob = await signIn("bob");
  await signIn("eve");
  assert.deepEqual(audience.of(DM), [ann, bob]);
  assert.deepEqual(audience.of("dm:carl:dora"), []);
});

Deno.test("Audience.of() a dm leaves out users with the status dnd, but not away", async () => {
  await using setting = await setUp();
  const { audience, presence, signIn } = setting;
  const ann = await signIn("ann");
  const bob = await signIn("bob");
  presence.setStatus("bob", "dnd");
  assert.deepEqual(audience.of(DM), [ann]);
  assert.deepEqual(audience.of(GENERAL), [ann, bob]);
  presence.setStatus("bob", "away");
  assert.deepEqual(audience.of(DM), [ann, bob]);
});

Deno.test("Audience.addMember() and removeMember() concern every session of the account, and no others", async () => {
  await using setting = await setUp();
  const { audience, signIn } = setting;
  const ann = await signIn("ann");
  const laptop = await signIn("bob");
  const phone = await signIn("bob");
  audience.addMember("bob", "room:tech");
  audience.addMember("bob", "room:tech");
  assert.deepEqual(audience.of("room:tech"), [laptop, phone]);
  assert.equal(audience.isSubscribed(phone, "room:tech"), true);
  assert.equal(audience.isSubscribed(ann, "room:tech"), false);
  audience.removeMember("bob", "room:tech");
  audience.removeMember("bob", "room:tech");
  assert.deepEqual(audience.of("room:tech"), []);
  assert.equal(audience.isSubscribed(phone, "room:tech"), false);
});

Deno.test("Audience.addSession() does not add a member that is removed meanwhile", async () => {
  await using setting = await setUp();
  const { store, audience, presence, sessions } = setting;
  const bob = new TestSession("bob");
  const adding = sessions.add(bob, "normal");
  // The memberships have been read by now, and are not awaited yet.
  const removed = store.rooms.removeMembers(GENERAL, ["bob"]);
  audience.removeMember("bob", GENERAL);
  await Promise.all([adding, removed]);
  assert.deepEqual(presence.sessionsOf("bob"), [bob]);
  assert.deepEqual(audience.of(GENERAL), []);
});

Deno.test("Audience.addSession() refuses a session that was added already", async () => {
  await using setting = await setUp();
  const ann = await setting.signIn("ann");
  await assert.rejects(setting.audience.addSession(ann), /Broken invariant/);
});

Deno.test("Sessions.revokeLogin() ends the other sessions of the same login, and no others", async () => {
  await using setting = await setUp();
  const { sessions, signIn } = setting;
  const one = await signIn("ann", "shared");
  const two = await signIn("ann", "shared");
  const other = await signIn("ann", "another");
  const bob = await signIn("bob", "shared");
  sessions.revokeLogin(one);
  assert.deepEqual([one, two, other, bob].map(({ aborted }) => aborted), [
    undefined,
    "session_revoked",
    undefined,
    undefined,
  ]);
});
