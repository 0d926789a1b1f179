import assert from "node:assert/strict";
import { type OutgoingMessage, SendQueue } from "../../../client/messages/send_queue.ts";

function pending(ulid: string): OutgoingMessage {
  return { ulid, conversation: "room:general", content: { kind: "text", body: ulid } };
}

Deno.test("Outgoing gives what was said in order, within its window", () => {
  const outgoing = new SendQueue({ most: 10, window: 2 });
  for (const ulid of ["a", "b", "c"]) outgoing.add(pending(ulid));
  assert.equal(outgoing.next()?.ulid, "a");
  assert.equal(outgoing.next()?.ulid, "b");
  assert.equal(outgoing.next(), undefined);
  outgoing.settle("b");
  assert.equal(outgoing.next()?.ulid, "c");
});

Deno.test("Outgoing is bounded, and says so", () => {
  const outgoing = new SendQueue({ most: 2, window: 1 });
  assert.ok(outgoing.add(pending("a")));
  assert.ok(outgoing.add(pending("b")));
  assert.ok(!outgoing.add(pending("c")));
  assert.equal(outgoing.size, 2);
  outgoing.settle("a");
  assert.ok(outgoing.add(pending("c")));
});

Deno.test("Outgoing settles each message once", () => {
  const outgoing = new SendQueue();
  outgoing.add(pending("a"));
  assert.equal(outgoing.settle("a")?.ulid, "a");
  assert.equal(outgoing.settle("a"), undefined);
});

Deno.test("Outgoing gives everything again, in order, after a break", () => {
  const outgoing = new SendQueue();
  for (const ulid of ["a", "b", "c"]) outgoing.add(pending(ulid));
  outgoing.next();
  outgoing.next();
  outgoing.settle("b");
  outgoing.again();
  assert.deepEqual([outgoing.next()?.ulid, outgoing.next()?.ulid, outgoing.next()], [
    "a",
    "c",
    undefined,
  ]);
});
