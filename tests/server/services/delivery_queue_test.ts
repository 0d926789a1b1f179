import assert from "node:assert/strict";
import fc from "fast-check";
import { DeliveryQueue } from "../../../server/services/delivery_queue.ts";

interface Entry {
  readonly account: string;
  readonly size: number;
  readonly name: string;
}

function queueOf(...names: string[]): DeliveryQueue<Entry> {
  const queue = new DeliveryQueue<Entry>();
  for (const name of names) queue.add(entryOf(name));
  return queue;
}

/** `a2` is the second of account a. */
function entryOf(name: string, size = 10): Entry {
  return { account: name.charAt(0), size, name };
}

function takeAll(queue: DeliveryQueue<Entry>): string {
  return queue.take(Infinity).map(({ name }) => name).join(" ");
}

Deno.test("DeliveryQueue.take() lets accounts take turns, each in its own order", () => {
  const queue = queueOf("a1", "a2", "a3", "b1", "c1", "b2");
  assert.equal(takeAll(queue), "a1 b1 c1 a2 b2 a3");
  assert.ok(queue.isEmpty);
  assert.deepEqual(queue.take(1), []);
});

Deno.test("DeliveryQueue.take() begins with who had nothing waiting, for one turn", () => {
  const queue = queueOf("a1", "a2", "a3", "b1", "b2");
  assert.deepEqual(queue.take(3).map(({ name }) => name), ["a1", "b1", "a2"]);
  for (const name of ["c1", "c2", "b3"]) queue.add(entryOf(name));
  assert.equal(takeAll(queue), "c1 b2 a3 c2 b3");
});

Deno.test("DeliveryQueue.displaceFor() takes the newest of who has most, until shares are equal", () => {
  const queue = queueOf("a1", "a2", "a3", "b1", "b2");
  assert.equal(queue.displaceFor("c", 10)?.name, "a3");
  assert.equal(queue.displaceFor("c", 10)?.name, "a2");
  assert.equal(queue.displaceFor("a", 10), undefined, "it would have as much as b");
  assert.equal(queue.displaceFor("b", 10), undefined, "it has the most");
  assert.equal(queue.displaceFor("c", 10)?.name, "b2");
  assert.equal(queue.displaceFor("c", 10), undefined);
  assert.equal(queue.displaceFor("c", 5)?.name, "a1");
  assert.equal(takeAll(queue), "b1");
});

Deno.test("DeliveryQueue.displaceFor() counts bytes", () => {
  const queue = queueOf("a1", "a2", "a3");
  queue.add(entryOf("b1", 100));
  assert.equal(queue.displaceFor("a", 10)?.name, "b1");
  assert.equal(takeAll(queue), "a1 a2 a3");
});

Deno.test("DeliveryQueue keeps every entry once, those of an account in order, whatever happens", () => {
  const account = fc.constantFrom("a", "b", "c");
  const step = fc.oneof(
    fc.record({ type: fc.constant("add" as const), account, size: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ type: fc.constant("take" as const), most: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ type: fc.constant("displace" as const), account }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const queue = new DeliveryQueue<Entry>();
    const waiting: Entry[] = [];
    const leave = (entry: Entry, isNewest: boolean) => {
      const own = waiting.filter((each) => each.account === entry.account);
      assert.equal(own.at(isNewest ? -1 : 0), entry);
      waiting.splice(waiting.indexOf(entry), 1);
    };
    for (const [at, one] of steps.entries()) {
      if (one.type === "add") {
        const entry = entryOf(`${one.account}${at}`, one.size);
        waiting.push(entry);
        queue.add(entry);
      } else if (one.type === "take") {
        for (const entry of queue.take(one.most)) leave(entry, false);
      } else {
        const entry = queue.displaceFor(one.account, 1);
        if (entry !== undefined) leave(entry, true);
      }
      assert.equal(queue.isEmpty, waiting.length === 0);
    }
    assert.equal(queue.take(Infinity).length, waiting.length);
  }));
});
