import assert from "node:assert/strict";
import deno from "../../deno.json" with { type: "json" };
import metadata from "../../package.json" with { type: "json" };
import { PERMISSIONS } from "../../scripts/permissions.ts";

Deno.test("PERMISSIONS are what npm run demo gives the program", () => {
  assert.equal(metadata.scripts.demo, `deno run ${PERMISSIONS.join(" ")} main.ts demo`);
});

Deno.test("PERMISSIONS allow no program to be started, and not everything", () => {
  for (const flag of PERMISSIONS) assert.doesNotMatch(flag, /^(-A|--allow-all|--allow-run)/);
});

Deno.test("Tasks of deno.json are the scripts of package.json", () => {
  const tasks = Object.keys(metadata.scripts).map((name) => [name, `npm run --silent ${name} --`]);
  assert.deepEqual(deno.tasks, Object.fromEntries(tasks));
});
