import assert from "node:assert/strict";
import { formatCounts, parseCounts } from "../../scripts/test_counts.ts";

Deno.test("parseCounts adds up the last lines of deno test, coloured or not", () => {
  const output = [
    "Something ... ok (3ms)",
    "ok | 12 passed (3 steps) | 0 failed | 1 ignored (2s)",
    "\u001b[31mFAILED\u001b[0m | 4 passed | 2 failed \u001b[38;5;245m(1m2s)\u001b[0m",
  ].join("\n");
  assert.deepEqual(parseCounts(output), { passed: 16, failed: 2, ignored: 1 });
  assert.deepEqual(parseCounts("error: No test modules found"), {
    passed: 0,
    failed: 0,
    ignored: 0,
  });
});

Deno.test("formatCounts writes what .ci/run reads", () => {
  assert.equal(formatCounts({ passed: 3, failed: 0, ignored: 0 }), "3 passed | 0 failed");
  assert.equal(
    formatCounts({ passed: 3, failed: 1, ignored: 2 }),
    "3 passed | 1 failed | 2 ignored",
  );
});
