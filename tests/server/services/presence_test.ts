import assert from "node:assert/strict";
import { LIMITS } from "../../../protocol/limits.ts";
import { Presence } from "../../../server/services/presence.ts";
import { FakeClock } from "../../helpers/fake_clock.ts";
import { TestSession } from "../../helpers/signed_in.ts";

function setUp() {
  const clock = new FakeClock();
  const presence = new Presence({ clock });
  const come = (name: string, number: number) => {
    const session = new TestSession(name, number);
    presence.come(session, "normal");
    return session;
  };
  return { clock, presence, come, round: () => clock.pass(25) };
}

Deno.test("Presence sends the list once to whoever comes, and one small event to everyone else", async () => {
  const { come, round } = setUp();
  const ann = come("ann", 1);
  await round();
  assert.deepEqual(ann.look(), ["users 1 ann"]);
  const bob = come("bob", 2);
  await round();
  assert.deepEqual(ann.look(), ["presence 2 bob normal"]);
  assert.deepEqual(bob.look(), ["users 1 ann, 2 bob"]);
});

Deno.test("Presence tells when somebody goes", async () => {
  const { come, round, presence } = setUp();
  const ann = come("ann", 1);
  const bob = come("bob", 2);
  await round();
  ann.look();
  presence.go(bob);
  await round();
  assert.deepEqual(ann.look(), ["presence 2 bob offline"]);
  assert.equal(presence.statusOf("bob"), "offline");
});

Deno.test("Presence has an account come with its first session and go with its last", async () => {
  const { come, round, presence } = setUp();
  const ann = come("ann", 1);
  const laptop = come("bob", 2);
  await round();
  ann.look();
  const phone = come("bob", 2);
  await round();
  presence.go(laptop);
  await round();
  assert.deepEqual(ann.look(), []);
  assert.deepEqual(phone.look(), ["users 1 ann, 2 bob"]);
  assert.deepEqual(presence.sessionsOf("bob"), [phone]);
  presence.go(phone);
  await round();
  assert.deepEqual(ann.look(), ["presence 2 bob offline"]);
});

Deno.test("Presence gathers the changes of a moment into one chunk for all", async () => {
  const { come, round } = setUp();
  const ann = come("ann", 1);
  const bob = come("bob", 2);
  await round();
  const before = ann.chunks.length;
  for (let number = 3; number < 103; number++) come(`user${number}`, number);
  await round();
  assert.equal(ann.look().length, 101);
  assert.equal(ann.chunks.length, before + 1);
  assert.equal(ann.chunks.at(-1), bob.chunks.at(-1));
});

Deno.test("Presence says nothing of somebody who came and went within a moment, or the reverse", async () => {
  const { come, round, presence } = setUp();
  const ann = come("ann", 1);
  const bob = come("bob", 2);
  await round();
  ann.look();
  presence.go(come("eve", 3));
  presence.go(bob);
  come("bob", 2);
  await round();
  assert.deepEqual(ann.look(), []);
});

Deno.test("Presence gives somebody who went before the list nothing", async () => {
  const { come, round, presence } = setUp();
  const ann = come("ann", 1);
  presence.go(ann);
  presence.go(ann);
  await round();
  assert.deepEqual(ann.look(), []);
});

Deno.test("Presence does not run while nothing changes", async () => {
  const { come, round, clock } = setUp();
  come("ann", 1);
  await round();
  assert.equal(clock.waiting, 0);
});

Deno.test("Presence.list() comes by number, in as many frames as it takes", () => {
  const { come, presence } = setUp();
  for (let number = LIMITS.list + 1; number > 0; number--) come(`user${number}`, number);
  const pages = [...presence.list(9)].map((frame) => {
    assert.equal(frame.type, "users");
    return frame.type === "users" ? frame : undefined;
  });
  assert.deepEqual(pages.map((page) => [page?.re, page?.users.length, page?.more]), [
    [9, LIMITS.list, true],
    [9, 1, false],
  ]);
  assert.deepEqual(pages[0]?.users[0], { number: 1, name: "user1", status: "normal" });
});

Deno.test("Presence.list() of nobody is one empty frame", () => {
  const { presence } = setUp();
  assert.deepEqual([...presence.list()], [{ type: "users", users: [], more: false }]);
});
