import assert from "node:assert/strict";
import fc from "fast-check";
import { FairQueue } from "../../server/fair_queue.ts";

const LIMITS = { size: 6, perNetwork: 3 };

function takeAll(queue: FairQueue<string>): string {
  const taken: string[] = [];
  for (let entry; (entry = queue.take()) !== undefined;) taken.push(entry);
  return taken.join(" ");
}

Deno.test("FairQueue.take() lets networks take turns, each in its own order", () => {
  const queue = new FairQueue<string>(LIMITS);
  for (const entry of ["a1", "a2", "a3", "b1", "c1", "b2"]) queue.add(entry, entry.charAt(0));
  assert.equal(queue.take(), "a1");
  queue.add("d1", "d");
  assert.equal(takeAll(queue), "b1 c1 a2 d1 b2 a3");
});

Deno.test("FairQueue.add() counts the addresses of one IPv6 network together", () => {
  const queue = new FairQueue<string>(LIMITS);
  const addresses = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::4"];
  for (const address of addresses) assert.equal(queue.add(address, address), undefined);
  assert.equal(queue.add("2001:db8::5", "2001:db8::5"), "2001:db8::5");
});

Deno.test("FairQueue.add() makes room for a network with less, when it is full", () => {
  const queue = new FairQueue<string>(LIMITS);
  for (const entry of ["a1", "a2", "a3", "b1", "b2", "b3"]) queue.add(entry, entry.charAt(0));
  assert.equal(queue.add("c1", "c"), "a3");
  assert.equal(queue.add("c2", "c"), "b3");
  assert.equal(queue.add("c3", "c"), "c3", "all have the same");
  assert.equal(takeAll(queue), "a1 b1 c1 a2 b2 c2");
  assert.equal(new FairQueue<string>({ size: 0, perNetwork: 1 }).add("a", "a"), "a");
});

Deno.test("FairQueue.delete() takes one out, and its network's turn if it was the last", () => {
  const queue = new FairQueue<string>(LIMITS);
  for (const entry of ["a1", "a2", "b1", "c1"]) queue.add(entry, entry.charAt(0));
  queue.delete("a1", "a");
  queue.delete("b1", "b");
  assert.throws(() => queue.delete("b1", "b"));
  assert.equal(takeAll(queue), "a2 c1");
});

Deno.test("FairQueue keeps every entry once, within its bounds, whatever happens", () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant("add"), network: fc.constantFrom("a", "b", "c", "d") }),
    fc.record({ type: fc.constantFrom("take", "delete"), network: fc.constant("") }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const queue = new FairQueue<string>(LIMITS);
    const waiting = new Set<string>();
    let count = 0;
    for (const { type, network } of steps) {
      if (type === "add") {
        const entry = `${network}${count++}`;
        waiting.add(entry);
        const out = queue.add(entry, network);
        if (out !== undefined) assert.ok(waiting.delete(out));
      } else if (type === "take") {
        const entry = queue.take();
        if (entry === undefined) assert.equal(waiting.size, 0);
        else assert.ok(waiting.delete(entry));
      } else {
        const [entry] = waiting;
        if (entry === undefined) continue;
        queue.delete(entry, entry.charAt(0));
        waiting.delete(entry);
      }
      assert.ok(waiting.size <= LIMITS.size);
      for (const each of "abcd") {
        assert.ok([...waiting].filter((entry) => entry.startsWith(each)).length <= 3);
      }
    }
    for (let entry; (entry = queue.take()) !== undefined;) assert.ok(waiting.delete(entry));
    assert.equal(waiting.size, 0);
  }));
});
