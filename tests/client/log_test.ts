import assert from "node:assert/strict";
import { debugLog } from "../../client/log.ts";

Deno.test("debugLog writes one line for each event, safe for a terminal, without absent values", () => {
  let written = "";
  const log = debugLog({ write: (text) => written += text });
  log("handshake", { stage: "failed", ms: 1.5, alpn: undefined, reason: "\u001b[2J\nforged" });
  log("closed", {});
  const [first = "", second = "", ...rest] = written.split("\n");
  assert.match(first, /^\d{4}-\d\d-\d\dT[\d:.]+Z debug handshake stage="failed" ms="1.5" reason="/);
  assert.ok(!first.includes("\u001b") && !first.includes("alpn"));
  assert.match(first, /forged"$/);
  assert.match(second, / debug closed$/);
  assert.deepEqual(rest, [""]);
});
