import assert from "node:assert/strict";
import { groupTests } from "../../scripts/test_groups.ts";
import { findFiles } from "../helpers/sources.ts";

Deno.test("groupTests puts every test into one group, but for the executable's", async () => {
  const files = await findFiles(/^tests\/.*_test\.tsx?$/);
  const groups = groupTests(files);
  const grouped = groups.flatMap((group) => group.files);
  assert.deepEqual(
    grouped.toSorted(),
    files.filter((file) => file !== "tests/e2e/executable_test.ts"),
  );
  assert.equal(new Set(groups.map(({ name }) => name)).size, groups.length);
});

Deno.test("groupTests runs long files by themselves, and starts the longest first", () => {
  const groups = groupTests([
    "tests/cli/parse_test.ts",
    "tests/cli/helper.ts",
    "tests/main_test.ts",
    "tests/e2e/abuse_test.ts",
    "tests/cli/man_test.ts",
    "tests/e2e/tui_test.ts",
  ]);
  assert.deepEqual(groups, [
    { name: "tests/e2e/tui_test.ts", files: ["tests/e2e/tui_test.ts"] },
    { name: "tests/cli", files: ["tests/cli/man_test.ts", "tests/cli/parse_test.ts"] },
    { name: "tests", files: ["tests/main_test.ts"] },
    { name: "tests/e2e/abuse_test.ts", files: ["tests/e2e/abuse_test.ts"] },
  ]);
});
