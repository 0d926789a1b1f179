import assert from "node:assert/strict";
import { ReadMarks } from "../../../client/messages/read_marks.ts";
import { FakeClock } from "../../helpers/fake_clock.ts";

function marks() {
  const clock = new FakeClock();
  const told: [string, number][] = [];
  const link = { up: true };
  const made = new ReadMarks(clock, (conversation, seq) => {
    if (link.up) told.push([conversation, seq]);
    return link.up;
  });
  return { clock, told, link, marks: made };
}

Deno.test("Marks tells the last of what was shown, once a second", async () => {
  const { clock, told, marks: made } = marks();
  for (let seq = 1; seq <= 50; seq++) made.shown("room:general", seq);
  made.shown("dm:ann:bob", 3);
  assert.deepEqual(told, []);
  await clock.pass(1000);
  assert.deepEqual(told, [["room:general", 50], ["dm:ann:bob", 3]]);
  await clock.pass(10_000);
  assert.equal(told.length, 2);
  assert.equal(clock.waiting, 0);
});

Deno.test("Marks tells nothing that the server knows", async () => {
  const { clock, told, marks: made } = marks();
  made.known("room:general", 5);
  made.shown("room:general", 5);
  made.shown("dm:ann:bob", 2);
  made.known("dm:ann:bob", 2);
  await clock.pass(5000);
  assert.deepEqual(told, []);
});

Deno.test("Marks tells later what it could not tell", async () => {
  const { clock, told, link, marks: made } = marks();
  link.up = false;
  made.shown("room:general", 5);
  await clock.pass(1000);
  link.up = true;
  made.flush();
  assert.deepEqual(told, [["room:general", 5]]);
});

Deno.test("Marks leaves no timer behind", () => {
  const { clock, told, marks: made } = marks();
  made.shown("room:general", 5);
  made.close();
  assert.equal(clock.waiting, 0);
  assert.deepEqual(told, []);
});
