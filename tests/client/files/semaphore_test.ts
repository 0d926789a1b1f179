import assert from "node:assert/strict";
import { Semaphore } from "../../../client/files/semaphore.ts";

const { signal } = new AbortController();

Deno.test("Turns lets so many go at once, and the rest in the order in which they came", async () => {
  const turns = new Semaphore(2);
  const gone: number[] = [];
  const ends: (() => void)[] = [];
  const all = [0, 1, 2, 3].map(async (number) => {
    const end = await turns.acquire(signal);
    gone.push(number);
    ends.push(end ?? assert.fail());
  });
  await Promise.all(all.slice(0, 2));
  assert.deepEqual(gone, [0, 1]);
  ends[1]?.();
  await all[2];
  assert.deepEqual(gone, [0, 1, 2]);
  ends[0]?.();
  await all[3];
  ends[2]?.();
  ends[3]?.();
  assert.equal(typeof await turns.acquire(signal), "function");
});

Deno.test("Turns passes over who does not wait any more", async () => {
  const turns = new Semaphore(1);
  const end = await turns.acquire(signal);
  const given = new AbortController();
  const gone = turns.acquire(given.signal);
  const patient = turns.acquire(signal);
  given.abort();
  assert.equal(await gone, undefined);
  assert.equal(await turns.acquire(given.signal), undefined);
  end?.();
  assert.equal(typeof await patient, "function");
});
