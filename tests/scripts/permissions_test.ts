import assert from "node:assert/strict";
import { REFUSED_VARIABLES, SETTINGS, variableOf } from "../../cli/settings.ts";
import deno from "../../deno.json" with { type: "json" };
import metadata from "../../package.json" with { type: "json" };
import { FLAGS } from "../../scripts/flags.ts";
import { PERMISSIONS } from "../../scripts/permissions.ts";

Deno.test("PERMISSIONS are all that npm run demo and the executable give the program", () => {
  assert.equal(metadata.scripts.demo, "deno run -A scripts/sotto.ts demo");
  assert.deepEqual(FLAGS.filter((flag) => !flag.startsWith("--v8-flags=")), PERMISSIONS);
});

Deno.test("PERMISSIONS let the program read every variable that it knows, and no further ones", () => {
  const flag = PERMISSIONS.find((flag) => flag.startsWith("--allow-env=")) ?? "";
  const variables = flag.slice("--allow-env=".length).split(",");
  const settings = new Set(SETTINGS.map(({ key }) => variableOf(key)));
  assert.deepEqual(
    variables.filter((name) => name.startsWith("SOTTO_")).toSorted(),
    [...settings, ...REFUSED_VARIABLES].toSorted(),
  );
});

Deno.test("PERMISSIONS allow no program to be started, and not everything", () => {
  for (const flag of PERMISSIONS) assert.doesNotMatch(flag, /^(-A|--allow-all|--allow-run)/);
});

Deno.test("Tasks of deno.json are the scripts of package.json", () => {
  const tasks = Object.keys(metadata.scripts).map((name) => [name, `npm run --silent ${name} --`]);
  assert.deepEqual(deno.tasks, Object.fromEntries(tasks));
});
