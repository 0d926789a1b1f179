import assert from "node:assert/strict";
import fc from "fast-check";
import { Progress } from "../../../client/files/progress.ts";

Deno.test("Progress measures the recent rate and the remaining time", () => {
  const progress = new Progress(100_000, 10_000, 0);
  assert.deepEqual(progress.measure(0), { transferred: 10_000, rate: 0 });
  for (let at = 250; at <= 5000; at += 250) progress.add(500, at); // 2,000 bytes a second
  assert.deepEqual(progress.measure(5000), { transferred: 20_000, rate: 2000, remaining: 40 });
  // Ten times as fast: after five seconds the earlier rate does not count.
  for (let at = 5250; at <= 8750; at += 250) progress.add(5000, at);
  assert.equal(progress.measure(8750).rate > 10_000, true);
  for (let at = 9000; at <= 10_250; at += 250) progress.add(0, at);
  assert.equal(progress.measure(10_250).transferred, 95_000);
});

Deno.test("Progress asks for four reports a second at most", () => {
  const progress = new Progress(1e9, 0, 0);
  let reports = 0;
  for (let at = 1; at <= 10_000; at++) if (progress.add(1000, at)) reports++;
  assert.equal(reports, 40);
  assert.deepEqual(progress.measure(10_000), { transferred: 1e7, rate: 1e6, remaining: 990 });
});

Deno.test("Progress estimates nothing while nothing moves", () => {
  const progress = new Progress(1000, 0, 0);
  assert.deepEqual(progress.measure(60_000), { transferred: 0, rate: 0 });
  progress.add(1000, 60_000);
  assert.equal(progress.measure(60_000).remaining, 0);
});

Deno.test("Progress measures sane values at any pace", () => {
  const steps = fc.array(fc.tuple(fc.nat(100_000), fc.nat(20_000)), { maxLength: 50 });
  fc.assert(
    fc.property(steps, (steps) => {
      const size = steps.reduce((sum, [bytes]) => sum + bytes, 0);
      const progress = new Progress(size, 0, 0);
      let now = 0;
      for (const [bytes, ms] of steps) {
        progress.add(bytes, now += ms);
        const { transferred, rate, remaining = 0 } = progress.measure(now);
        assert.ok(transferred <= size && rate >= 0 && remaining >= 0);
        assert.ok(Number.isSafeInteger(rate) && Number.isSafeInteger(remaining));
      }
    }),
  );
});

Deno.test("Progress refuses bytes that the file does not have", () => {
  assert.throws(() => new Progress(10, 11, 0), /Broken invariant/);
  assert.throws(() => new Progress(10, 9, 0).add(2, 0), /Broken invariant/);
});
