import assert from "node:assert/strict";
import fc from "fast-check";
import { Progress } from "../../../client/files/progress.ts";

Deno.test("Progress tells the rate of late and the time that is left", () => {
  const progress = new Progress(100_000, 10_000, 0);
  assert.deepEqual(progress.figures(0), { transferred: 10_000, rate: 0 });
  for (let at = 250; at <= 5000; at += 250) progress.moved(500, at); // 2,000 bytes a second
  assert.deepEqual(progress.figures(5000), { transferred: 20_000, rate: 2000, remaining: 40 });
  // Ten times as fast: five seconds later nothing else is remembered.
  for (let at = 5250; at <= 8750; at += 250) progress.moved(5000, at);
  assert.equal(progress.figures(8750).rate > 10_000, true);
  for (let at = 9000; at <= 10_250; at += 250) progress.moved(0, at);
  assert.equal(progress.figures(10_250).transferred, 95_000);
});

Deno.test("Progress says that it is time to tell four times a second at most", () => {
  const progress = new Progress(1e9, 0, 0);
  let told = 0;
  for (let at = 1; at <= 10_000; at++) if (progress.moved(1000, at)) told++;
  assert.equal(told, 40);
  assert.deepEqual(progress.figures(10_000), { transferred: 1e7, rate: 1e6, remaining: 990 });
});

Deno.test("Progress promises nothing while nothing moves", () => {
  const progress = new Progress(1000, 0, 0);
  assert.deepEqual(progress.figures(60_000), { transferred: 0, rate: 0 });
  progress.moved(1000, 60_000);
  assert.equal(progress.figures(60_000).remaining, 0);
});

Deno.test("Progress has sane figures for any pace", () => {
  const steps = fc.array(fc.tuple(fc.nat(100_000), fc.nat(20_000)), { maxLength: 50 });
  fc.assert(
    fc.property(steps, (steps) => {
      const size = steps.reduce((sum, [bytes]) => sum + bytes, 0);
      const progress = new Progress(size, 0, 0);
      let now = 0;
      for (const [bytes, ms] of steps) {
        progress.moved(bytes, now += ms);
        const { transferred, rate, remaining = 0 } = progress.figures(now);
        assert.ok(transferred <= size && rate >= 0 && remaining >= 0);
        assert.ok(Number.isSafeInteger(rate) && Number.isSafeInteger(remaining));
      }
    }),
  );
});
