import assert from "node:assert/strict";
import { parseDuration } from "../../protocol/duration.ts";

Deno.test("parseDuration reads minutes, hours and days, and nothing else", () => {
  assert.equal(parseDuration("30m"), 30 * 60_000);
  assert.equal(parseDuration(" 12H "), 12 * 3_600_000);
  assert.equal(parseDuration("7d"), 7 * 86_400_000);
  for (const wrong of ["", "7", "0d", "d", "-1d", "1.5h", "7w", "1d2h", "9999999d"]) {
    assert.equal(parseDuration(wrong), undefined, wrong);
  }
});
