import assert from "node:assert/strict";
import type { ChatEvent } from "../../client/events.ts";
import { EventQueue } from "../../client/event_queue.ts";
import { settle } from "../helpers/fake_clock.ts";

function notice(text: string): ChatEvent {
  return { event: "notice", code: "test", text };
}

Deno.test("EventQueue gives events in order and ends after the last", async () => {
  const queue = new EventQueue();
  queue.put(notice("1"));
  queue.put(undefined);
  queue.put(notice("2"));
  queue.end();
  queue.put(notice("3"));
  const seen: string[] = [];
  for await (const event of queue) seen.push(JSON.stringify(event));
  assert.deepEqual(seen, [notice("1"), notice("2")].map((event) => JSON.stringify(event)));
});

Deno.test("EventQueue tells that an event was shown when its reader is done with it", async () => {
  const queue = new EventQueue();
  const shown: string[] = [];
  queue.put(notice("1"), () => shown.push("1"));
  queue.put(undefined, () => shown.push("mark"));
  queue.put(notice("2"), () => shown.push("2"));
  const reader = queue[Symbol.asyncIterator]();
  await reader.next();
  assert.deepEqual(shown, []);
  await reader.next();
  assert.deepEqual(shown, ["1", "mark"]);
});

Deno.test("EventQueue has no room from its bound on until something was shown", async () => {
  const queue = new EventQueue(2);
  let room = false;
  queue.put(notice("1"));
  await queue.room();
  queue.put(notice("2"));
  void queue.room().then(() => room = true);
  const reader = queue[Symbol.asyncIterator]();
  await reader.next();
  await settle();
  assert.equal(room, false);
  await reader.next();
  await settle();
  assert.equal(room, true);
});

Deno.test("EventQueue ends every wait when its reader leaves", async () => {
  const queue = new EventQueue(1);
  queue.put(notice("1"));
  const waiting = Promise.all([queue.room(), queue.empty()]);
  for await (const _ of queue) break;
  await waiting;
});

Deno.test("EventQueue ends every wait when it is released", async () => {
  const queue = new EventQueue(1);
  queue.put(notice("1"));
  const waiting = queue.room();
  queue.release();
  await waiting;
  await queue.empty();
});

Deno.test("EventQueue has one reader", async () => {
  const queue = new EventQueue();
  queue.end();
  for await (const _ of queue);
  await assert.rejects(queue[Symbol.asyncIterator]().next(), /Cannot read events twice/);
});

Deno.test("EventQueue counts a list as many events as it has entries", async () => {
  const queue = new EventQueue(10);
  const user = { number: 1, name: "ann", status: "normal" };
  queue.put({ event: "users", users: Array(9).fill(user) });
  let room = false;
  void queue.room().then(() => room = true);
  await settle();
  assert.equal(room, false);
  const reader = queue[Symbol.asyncIterator]();
  await reader.next();
  queue.put(notice("1"));
  await reader.next();
  await settle();
  assert.equal(room, true);
});
