import assert from "node:assert/strict";
import { LIMITS } from "../../protocol/limits.ts";
import { faultOfTopic } from "../../protocol/topic.ts";

Deno.test("faultOfTopic() takes one line of up to 256 bytes", () => {
  for (const topic of ["", "To read", "ü".repeat(LIMITS.topic / 2), "👋 \u00a0"]) {
    assert.equal(faultOfTopic(topic), undefined, topic);
  }
});

Deno.test("faultOfTopic() says which fault it is, and what to do", () => {
  assert.match(faultOfTopic("ü".repeat(150)) ?? "", /at most 256 bytes, .* has 300\. Shorten it/);
  for (const character of ["\u001b[2J", "\t", "\0", "\n", "\r", "\u0085", "\u2028", "\u2029"]) {
    const fault = faultOfTopic(`a${character}b`) ?? "";
    assert.match(fault, /control characters .* line breaks\. Remove them/);
    assert.doesNotMatch(fault, /256/);
  }
});
