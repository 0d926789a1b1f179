import assert from "node:assert/strict";
import { fallbackEngine } from "../../../client/platform/fallback_engine.ts";
import { DIAL, failing } from "../../helpers/broken_engines.ts";

Deno.test("fallbackEngine changes the engine once, where the first is not built", async () => {
  const dials: string[] = [];
  const reasons: string[] = [];
  const second = () => Promise.resolve(failing("refused", dials));
  const engine = fallbackEngine(
    failing("unsupported", dials),
    second,
    (reason) => reasons.push(reason),
  );
  await assert.rejects(engine.dial(DIAL), { code: "refused" });
  await assert.rejects(engine.dial(DIAL), { code: "refused" });
  assert.deepEqual(dials, ["unsupported", "refused", "refused"]);
  assert.deepEqual(reasons, ["unsupported"]);
});

Deno.test("fallbackEngine keeps an engine that failed for another reason", async () => {
  const dials: string[] = [];
  const second = () => assert.fail("the first engine works");
  const engine = fallbackEngine(failing("timeout", dials), second, () => assert.fail());
  await assert.rejects(engine.dial(DIAL), { code: "timeout" });
  assert.deepEqual(dials, ["timeout"]);
});
