import assert from "node:assert/strict";
import type { OwnStatus } from "../../../protocol/frame.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { Presence } from "../../../server/services/presence.ts";
import { FakeClock } from "../../helpers/fake_clock.ts";
import { TestSession } from "../../helpers/test_session.ts";

function setUp() {
  const clock = new FakeClock();
  const presence = new Presence({ clock });
  const come = (name: string, number: number, status: OwnStatus = "normal") => {
    const session = new TestSession(name, number);
    presence.add(session, status);
    return session;
  };
  return { clock, presence, come, round: () => clock.pass(25) };
}

Deno.test("Presence sends the list once to a new session, and one small event to the others", async () => {
  const { come, round } = setUp();
  const ann = come("ann", 1);
  await round();
  assert.deepEqual(ann.look(), ["users 1 ann"]);
  const bob = come("bob", 2);
  await round();
  assert.deepEqual(ann.look(), ["presence 2 bob normal"]);
  assert.deepEqual(bob.look(), ["users 1 ann, 2 bob"]);
});

Deno.test("Presence tells when a user goes offline", async () => {
  const { come, round, presence } = setUp();
  const ann = come("ann", 1);
  const bob = come("bob", 2);
  await round();
  ann.look();
  presence.remove(bob);
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
  presence.remove(laptop);
  await round();
  assert.deepEqual(ann.look(), []);
  assert.deepEqual(phone.look(), ["users 1 ann, 2 bob"]);
  assert.deepEqual(presence.sessionsOf("bob"), [phone]);
  presence.remove(phone);
  await round();
  assert.deepEqual(ann.look(), ["presence 2 bob offline"]);
});

Deno.test("Presence collects changes into one chunk for all sessions", async () => {
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

Deno.test("Presence sends 1,000 users one small frame each for a new user, and no list", async () => {
  const { come, round, presence } = setUp();
  const people = Array.from({ length: 1_000 }, (_, index) => come(`user${index}`, index + 1));
  await round();
  const bytesOf = ({ chunks }: TestSession) => chunks.reduce((sum, { length }) => sum + length, 0);
  const before = people.map((person) => [person.chunks.length, bytesOf(person)] as const);
  const longest = "x".repeat(LIMITS.name);
  const newcomer = come(longest, 1_001);
  await round();
  const costs = people.map((person, index) => {
    const [chunks = 0, bytes = 0] = before[index] ?? [];
    return `${person.chunks.length - chunks} chunk, ${bytesOf(person) - bytes} bytes`;
  });
  // With the longest name that there is.
  assert.deepEqual([...new Set(costs)], ["1 chunk, 82 bytes"]);
  assert.ok(people.every((person) => person.received.at(-1)?.type === "presence"));
  assert.equal(newcomer.look().join().match(/user\d/g)?.length, 1_000);
  presence.remove(newcomer);
  await round();
  assert.ok(people.every((person) => person.look().slice(-1)[0]?.endsWith("offline")));
});

Deno.test("Presence tells all sessions when a user sets another status, but not the same one", async () => {
  const { come, round, presence } = setUp();
  const ann = come("ann", 1);
  const bob = come("bob", 2, "away");
  await round();
  assert.deepEqual([ann, bob].map((one) => one.received[0]), [
    { type: "users", users: statuses({ ann: "normal", bob: "away" }), more: false },
    { type: "users", users: statuses({ ann: "normal", bob: "away" }), more: false },
  ]);
  [ann, bob].forEach((one) => one.look());
  presence.setStatus("ann", "dnd");
  assert.equal(presence.statusOf("ann"), "dnd");
  presence.setStatus("bob", "normal");
  presence.setStatus("bob", "away");
  presence.setStatus("nobody", "away");
  await round();
  assert.deepEqual([ann.look(), bob.look()], [["presence 1 ann dnd"], ["presence 1 ann dnd"]]);
});

Deno.test("Presence takes the stored status of an account for its first session alone", async () => {
  const { come, round, presence } = setUp();
  const ann = come("ann", 1);
  come("bob", 2);
  await round();
  presence.setStatus("bob", "dnd");
  come("bob", 2, "normal");
  await round();
  assert.equal(presence.statusOf("bob"), "dnd");
  assert.deepEqual(ann.look().slice(1), ["presence 2 bob dnd"]);
});

/** Users as they are listed, numbered from 1. */
function statuses(people: Record<string, OwnStatus>) {
  return Object.entries(people).map(([name, status], index) => ({
    number: index + 1,
    name,
    status,
  }));
}

Deno.test("Presence sends nothing for a user who comes and goes between two chunks, or the reverse", async () => {
  const { come, round, presence } = setUp();
  const ann = come("ann", 1);
  const bob = come("bob", 2);
  await round();
  ann.look();
  presence.remove(come("eve", 3));
  presence.remove(bob);
  come("bob", 2);
  await round();
  assert.deepEqual(ann.look(), []);
});

Deno.test("Presence tells of a status that was changed back when somebody has seen the other", async () => {
  const { come, round, presence } = setUp();
  const ann = come("ann", 1);
  come("bob", 2);
  await round();
  ann.look();
  presence.setStatus("bob", "dnd");
  const seen = [...presence.answer(7)];
  assert.ok(JSON.stringify(seen).includes("dnd"));
  presence.setStatus("bob", "normal");
  await round();
  assert.deepEqual(ann.look(), ["presence 2 bob normal"]);
});

Deno.test("Presence sends nothing to a session that ended before the list", async () => {
  const { come, round, presence } = setUp();
  const ann = come("ann", 1);
  presence.remove(ann);
  presence.remove(ann);
  await round();
  assert.deepEqual(ann.look(), []);
});

Deno.test("Presence does not run while nothing changes", async () => {
  const { come, round, clock } = setUp();
  come("ann", 1);
  await round();
  assert.equal(clock.waiting, 0);
});

Deno.test("Presence.answer() comes by number, in as many frames as it takes", () => {
  const { come, presence } = setUp();
  for (let number = LIMITS.list + 1; number > 0; number--) come(`user${number}`, number);
  const pages = [...presence.answer(9)].map((frame) => {
    assert.equal(frame.type, "users");
    return frame.type === "users" ? frame : undefined;
  });
  assert.deepEqual(pages.map((page) => [page?.re, page?.users.length, page?.more]), [
    [9, LIMITS.list, true],
    [9, 1, false],
  ]);
  assert.deepEqual(pages[0]?.users[0], { number: 1, name: "user1", status: "normal" });
});

Deno.test("Presence.answer() is one empty frame if no user is online", () => {
  const { presence } = setUp();
  assert.deepEqual([...presence.answer(9)], [{ type: "users", re: 9, users: [], more: false }]);
});
