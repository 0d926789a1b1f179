import assert from "node:assert/strict";
import { ReadMarks } from "../../../client/messages/read_marks.ts";
import { FakeClock } from "../../helpers/fake_clock.ts";

/** Marks, what they sent, and whether there is a connection. */
function scene() {
  const clock = new FakeClock();
  const sent: [conversation: string, seq: number][] = [];
  const line = { isUp: true };
  const marks = new ReadMarks(clock, (conversation, seq) => {
    if (line.isUp) sent.push([conversation, seq]);
    return line.isUp;
  });
  return { clock, sent, line, marks };
}

Deno.test("ReadMarks sends the last of what was shown, once a second", async () => {
  const { clock, sent, marks } = scene();
  for (let seq = 1; seq <= 50; seq++) marks.shown("room:general", seq);
  marks.shown("dm:ann:bob", 3);
  assert.deepEqual(sent, []);
  await clock.pass(1000);
  assert.deepEqual(sent, [["room:general", 50], ["dm:ann:bob", 3]]);
  await clock.pass(10_000);
  assert.equal(sent.length, 2);
  assert.equal(clock.waiting, 0);
});

Deno.test("ReadMarks sends nothing that the server knows", async () => {
  const { clock, sent, marks } = scene();
  marks.known("room:general", 5);
  marks.shown("room:general", 5);
  marks.shown("dm:ann:bob", 2);
  marks.known("dm:ann:bob", 2);
  await clock.pass(5000);
  assert.deepEqual(sent, []);
});

Deno.test("ReadMarks keeps what is due until there is a connection", async () => {
  const { clock, sent, line, marks } = scene();
  line.isUp = false;
  marks.shown("room:general", 5);
  await clock.pass(1000);
  line.isUp = true;
  marks.flush();
  assert.deepEqual(sent, [["room:general", 5]]);
});

Deno.test("ReadMarks.listed sends a mark again that was lost with its connection", async () => {
  const { clock, sent, marks } = scene();
  marks.shown("room:general", 5);
  marks.shown("dm:ann:bob", 2);
  await clock.pass(1000);
  assert.equal(sent.splice(0).length, 2);
  marks.listed("room:general", 3);
  marks.listed("dm:ann:bob", 2);
  await clock.pass(1000);
  assert.deepEqual(sent, [["room:general", 5]]);
});

Deno.test("ReadMarks.listed drops what is due and the server knows already", async () => {
  const { clock, sent, marks } = scene();
  marks.shown("room:general", 5);
  marks.listed("room:general", 7);
  marks.shown("room:general", 7);
  await clock.pass(5000);
  assert.deepEqual(sent, []);
});

Deno.test("ReadMarks.forget starts a conversation anew", async () => {
  const { clock, sent, marks } = scene();
  marks.shown("room:tech", 9);
  marks.forget("room:tech");
  await clock.pass(1000);
  assert.deepEqual(sent, []);
  marks.shown("room:tech", 2);
  await clock.pass(1000);
  assert.deepEqual(sent, [["room:tech", 2]]);
});

Deno.test("ReadMarks.close leaves no timer behind, and starts none for what is shown later", () => {
  const { clock, sent, marks } = scene();
  marks.shown("room:general", 5);
  marks.close();
  marks.shown("room:general", 6);
  assert.equal(clock.waiting, 0);
  assert.deepEqual(sent, []);
});

Deno.test("ReadMarks keeps the marks of a bounded number of conversations", async () => {
  const { clock, sent, marks } = scene();
  marks.shown("room:general", 1);
  for (let index = 0; index < 20_000; index++) marks.known(`dm:ann:n${index}`, 1);
  marks.shown("room:late", 1);
  marks.shown("room:general", 2);
  await clock.pass(1000);
  assert.deepEqual(sent, [["room:general", 2]]);
  marks.forget("dm:ann:n0");
  marks.shown("room:late", 1);
  await clock.pass(1000);
  assert.deepEqual(sent, [["room:general", 2], ["room:late", 1]]);
});
