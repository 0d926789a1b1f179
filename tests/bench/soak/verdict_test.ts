import assert from "node:assert/strict";
import type { Sample } from "../../../bench/soak/sample.ts";
import { judge } from "../../../bench/soak/verdict.ts";

const MIB = 1024 * 1024;
const FLAT: Sample = {
  minute: 0,
  rss: 100 * MIB,
  heap: 20 * MIB,
  lost: 0,
  descriptors: 50,
  present: 10,
  cpu: 0.1,
  p50: 2,
  p99: 5,
  unanswered: 0,
};

function samples(change: (share: number) => Partial<Sample>): Sample[] {
  return Array.from({ length: 40 }, (_, at) => ({ ...FLAT, minute: at, ...change(at / 39) }));
}

function notFlat(all: readonly Sample[]): string[] {
  return judge(all).filter(({ isFlat }) => !isFlat).map(({ what }) => what);
}

Deno.test("judge finds what is flat flat, whatever the first quarter was, and single moments", () => {
  assert.deepEqual(notFlat(samples(() => ({}))), []);
  assert.deepEqual(notFlat(samples((share) => share < 0.25 ? { rss: 1 } : {})), []);
  assert.deepEqual(
    notFlat(samples((share) => share === 1 ? { p99: 500, rss: 900 * MIB } : {})),
    [],
  );
});

Deno.test("judge finds what grows by more than a tenth from the second quarter to the last", () => {
  assert.deepEqual(notFlat(samples((share) => ({ rss: (100 + 10 * share) * MIB }))), []);
  assert.deepEqual(
    notFlat(samples((share) => ({ rss: (100 + 30 * share) * MIB }))),
    ["resident memory"],
  );
  assert.deepEqual(notFlat(samples((share) => ({ heap: (20 + 9 * share) * MIB }))), ["V8's heap"]);
  assert.deepEqual(notFlat(samples((share) => ({ descriptors: 50 + 20 * share }))), [
    "descriptors",
  ]);
  assert.deepEqual(notFlat(samples((share) => ({ p50: 2 + 5 * share }))), ["ack, p50"]);
  assert.deepEqual(notFlat(samples((share) => ({ p99: 5 + 5 * share }))), ["ack, p99"]);
});

Deno.test("judge leaves out what the addon is known to lose, and says so", () => {
  const growing = samples((share) => ({ rss: (100 + 50 * share) * MIB, lost: 50 * share * MIB }));
  const [memory] = judge(growing);
  assert.deepEqual([memory?.what, memory?.isFlat], [
    "resident memory without what the addon loses",
    true,
  ]);
});

Deno.test("judge does not judge what the system does not tell", () => {
  assert.deepEqual(notFlat(samples(() => ({ descriptors: NaN }))), []);
});
