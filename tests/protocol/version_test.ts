import assert from "node:assert/strict";
import { ProtocolError } from "../../protocol/errors.ts";
import { chooseVersion, commonFeatures, FEATURES, VERSIONS } from "../../protocol/version.ts";
import { LIMITS } from "../../protocol/limits.ts";

Deno.test("chooseVersion takes the highest version that both have", () => {
  assert.equal(chooseVersion([1], [1, 99]), 1);
  assert.equal(chooseVersion([3, 1, 2], [2, 1]), 2);
});

Deno.test("chooseVersion names both lists when there is none in common", () => {
  assert.throws(() => chooseVersion([1], [99, 7]), (error) => {
    assert.ok(error instanceof ProtocolError);
    assert.equal(error.code, "no_common_version");
    assert.match(error.message, /\[99, 7\].*\[1\]/);
    return true;
  });
});

Deno.test("commonFeatures keeps what both have, in our order", () => {
  assert.deepEqual(commonFeatures(["a", "b", "c"], ["c", "x", "a"]), ["a", "c"]);
});

Deno.test("VERSIONS and FEATURES fit into a hello", () => {
  assert.ok(VERSIONS.length > 0 && VERSIONS.length <= LIMITS.versions);
  assert.ok(FEATURES.length <= LIMITS.features);
});
