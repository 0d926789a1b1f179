import assert from "node:assert/strict";
import { Turns } from "../../../client/files/turns.ts";

const { signal } = new AbortController();

Deno.test("Turns lets so many go at once, and the rest in the order in which they came", async () => {
  const turns = new Turns(2);
  const gone: number[] = [];
  const ends: (() => void)[] = [];
  const all = [0, 1, 2, 3].map(async (number) => {
    const end = await turns.take(signal);
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
  assert.equal(typeof await turns.take(signal), "function");
});

Deno.test("Turns passes over who does not wait any more", async () => {
  const turns = new Turns(1);
  const end = await turns.take(signal);
  const given = new AbortController();
  const gone = turns.take(given.signal);
  const patient = turns.take(signal);
  given.abort();
  assert.equal(await gone, undefined);
  assert.equal(await turns.take(given.signal), undefined);
  end?.();
  assert.equal(typeof await patient, "function");
});
