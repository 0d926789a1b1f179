import assert from "node:assert/strict";
import { backoff } from "../../../client/session/backoff.ts";

Deno.test("backoff doubles up to half a minute", () => {
  const longest = [0, 1, 2, 3, 7, 8, 100, 1e9].map((attempt) => backoff(attempt, () => 0.999_999));
  assert.deepEqual(longest, [250, 500, 1000, 2000, 30_000, 30_000, 30_000, 30_000]);
});

Deno.test("backoff takes at least half of the time, and differs in between", () => {
  assert.equal(backoff(3, () => 0), 1000);
  assert.equal(backoff(3, () => 0.5), 1500);
});
