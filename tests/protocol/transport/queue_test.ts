import assert from "node:assert/strict";
import { Queue } from "../../../protocol/transport/queue.ts";

Deno.test("Queue hands out what was put in, in order, before or after it is asked for", async () => {
  const queue = new Queue<number>();
  queue.put(1);
  queue.put(2);
  assert.equal(await queue.take(), 1);
  assert.equal(await queue.take(), 2);
  const waiting = [queue.take(), queue.take()];
  queue.put(3);
  queue.put(4);
  assert.deepEqual(await Promise.all(waiting), [3, 4]);
});

Deno.test("Queue.end lets go of who waits, gives back what nobody took, and takes no more", async () => {
  const waited = new Queue<string>();
  const waiting = [waited.take(), waited.take()];
  assert.deepEqual(waited.end(), []);
  assert.deepEqual(await Promise.all(waiting), [null, null]);

  const kept = new Queue<string>();
  kept.put("left");
  assert.deepEqual(kept.end(), ["left"]);
  assert.equal(await kept.take(), null);
  assert.equal(kept.put("late"), false);
});
