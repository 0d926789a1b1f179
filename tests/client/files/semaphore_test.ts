import assert from "node:assert/strict";
import { Semaphore } from "../../../client/files/semaphore.ts";

const { signal } = new AbortController();

Deno.test("Semaphore gives its permits in the order in which they are asked for", async () => {
  const semaphore = new Semaphore(2);
  const granted: number[] = [];
  const permits: Disposable[] = [];
  const all = [0, 1, 2, 3].map(async (number) => {
    const permit = await semaphore.acquire(signal);
    granted.push(number);
    permits.push(permit ?? assert.fail());
  });
  await Promise.all(all.slice(0, 2));
  assert.deepEqual(granted, [0, 1]);
  assert.equal(semaphore.isFree, false);
  permits[1]?.[Symbol.dispose]();
  await all[2];
  assert.deepEqual(granted, [0, 1, 2]);
  permits[0]?.[Symbol.dispose]();
  await all[3];
  assert.equal(semaphore.isFree, false);
  permits[2]?.[Symbol.dispose]();
  permits[3]?.[Symbol.dispose]();
  assert.equal(semaphore.isFree, true);
});

Deno.test("Semaphore gives no permit to a waiter that was aborted", async () => {
  const semaphore = new Semaphore(1);
  const permit = await semaphore.acquire(signal);
  const abort = new AbortController();
  const aborted = semaphore.acquire(abort.signal);
  const waiting = semaphore.acquire(signal);
  abort.abort();
  assert.equal(await aborted, undefined);
  assert.equal(await semaphore.acquire(abort.signal), undefined);
  permit?.[Symbol.dispose]();
  assert.ok(await waiting);
});

Deno.test("Semaphore takes a permit back once", async () => {
  const permit = await new Semaphore(1).acquire(signal);
  permit?.[Symbol.dispose]();
  assert.throws(() => permit?.[Symbol.dispose](), /a permit is given back once/);
});
