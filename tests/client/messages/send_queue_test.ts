import assert from "node:assert/strict";
import type { ChatEvent } from "../../../client/events.ts";
import { type OutgoingMessage, SendQueue } from "../../../client/messages/send_queue.ts";
import { RefusedError } from "../../../client/session/refused_error.ts";

const NO_EVENTS = { put: () => {} };

function message(ulid: string): OutgoingMessage {
  return { ulid, conversation: "room:general", content: { kind: "text", body: ulid } };
}

Deno.test("SendQueue.next gives messages in order, within its window", () => {
  const queue = new SendQueue(NO_EVENTS, { messages: 10, inFlight: 2 });
  for (const ulid of ["a", "b", "c"]) queue.add(message(ulid));
  assert.equal(queue.next()?.ulid, "a");
  assert.equal(queue.next()?.ulid, "b");
  assert.equal(queue.next(), undefined);
  queue.settle("b");
  assert.equal(queue.next()?.ulid, "c");
});

Deno.test("SendQueue.add refuses a message when the queue is full, and changes nothing", () => {
  const events: (ChatEvent | undefined)[] = [];
  const queue = new SendQueue({ put: (event) => void events.push(event) }, {
    messages: 2,
    inFlight: 1,
  });
  queue.add(message("a"));
  queue.add(message("b"));
  assert.throws(() => queue.add(message("c")), (refusal) => {
    assert.ok(refusal instanceof RefusedError);
    assert.equal(refusal.code, "queue_full");
    assert.match(refusal.message, /^Not sent: 2 messages wait to be sent already\./);
    return true;
  });
  assert.equal(queue.size, 2);
  assert.equal(events.length, 2);
  queue.settle("a");
  queue.add(message("c"));
  assert.deepEqual(events.at(-1), {
    event: "sending",
    id: "c",
    conversation: "room:general",
    text: "c",
  });
});

Deno.test("SendQueue.settle settles each message once", () => {
  const queue = new SendQueue(NO_EVENTS);
  queue.add(message("a"));
  assert.equal(queue.settle("a")?.ulid, "a");
  assert.equal(queue.settle("a"), undefined);
});

Deno.test("SendQueue.retryAll gives everything again, in order", () => {
  const queue = new SendQueue(NO_EVENTS);
  for (const ulid of ["a", "b", "c"]) queue.add(message(ulid));
  queue.next();
  queue.next();
  queue.settle("b");
  queue.retryAll();
  assert.deepEqual([queue.next()?.ulid, queue.next()?.ulid, queue.next()], ["a", "c", undefined]);
});

Deno.test("SendQueue.retry gives one message again, before those after it", () => {
  const queue = new SendQueue(NO_EVENTS);
  for (const ulid of ["a", "b"]) queue.add(message(ulid));
  queue.next();
  queue.next();
  queue.retry("a");
  assert.deepEqual([queue.next()?.ulid, queue.next()], ["a", undefined]);
});

Deno.test("SendQueue.room and empty resolve when messages are settled", async () => {
  const queue = new SendQueue(NO_EVENTS, { messages: 2, inFlight: 2 });
  const log: string[] = [];
  await queue.room();
  await queue.empty();
  for (const ulid of ["a", "b"]) queue.add(message(ulid));
  const room = queue.room().then(() => log.push("room"));
  const empty = queue.empty().then(() => log.push("empty"));
  queue.settle("a");
  await room;
  assert.deepEqual(log, ["room"]);
  queue.settle("b");
  await empty;
  assert.deepEqual(log, ["room", "empty"]);
});
