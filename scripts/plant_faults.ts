/**
 * Shows that the simulator can fail: plants one fault after the other in a copy of the tree, looks
 * for it with the simulator, and prints what was found, and with which seed.
 *
 *     deno run -A scripts/plant_faults.ts [--seeds N] [--only PART_OF_A_NAME]
 *
 * It fails if fewer than 95 of 100 are found, or if a fault cannot be planted any more.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { changesOf, plant, type Planted } from "../tests/sim/plant.ts";
import { PLANTED } from "../tests/sim/planted.ts";

const ENOUGH = 0.95;
const COPIED = ["certs", "client", "protocol", "scripts", "server", "tests", "deno.json"];
const PACKAGES = ["node_modules", "package.json"];

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "1000" }, only: { type: "string", default: "" } },
});
const root = fileURLToPath(new URL("..", import.meta.url));
const copy = mkdtempSync(join(tmpdir(), "sotto-planted-"));
let found = 0;
const planted = PLANTED.filter(({ name }) => name.includes(values.only));
try {
  for (const part of COPIED) cpSync(join(root, part), join(copy, part), { recursive: true });
  for (const part of PACKAGES) symlinkSync(join(root, part), join(copy, part));
  for (const one of planted) {
    const report = look(one);
    if (report.isFound) found++;
    console.log(
      `${report.isFound ? "found    " : "NOT FOUND"} ${one.name.padEnd(46)} ${report.text}`,
    );
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`${found} of ${planted.length} found`);
process.exitCode = found >= ENOUGH * planted.length ? 0 : 1;

/** Plants the fault, runs seeds until one fails, and takes the fault out again. */
function look(planted: Planted): { isFound: boolean; text: string } {
  const sources = new Map<string, string>();
  try {
    for (const change of changesOf(planted)) {
      const path = join(copy, change.file);
      const source = readFileSync(path, "utf8");
      if (!sources.has(path)) sources.set(path, source);
      writeFileSync(path, plant(source, change));
    }
    return simulate(planted.name);
  } finally {
    for (const [path, source] of sources) writeFileSync(path, source);
  }
}

function simulate(name: string): { isFound: boolean; text: string } {
  const args = ["run", "-A", "--no-check", "scripts/simulate.ts", "--seeds", values.seeds];
  const options = { cwd: copy, encoding: "utf8" } as const;
  const { stdout, stderr } = spawnSync(process.execPath, [...args, "--first"], options);
  const [, seed, what] = /^seed (\d+) .*\n {2}(.*)/m.exec(stdout) ?? [];
  if (seed === undefined && !/^\d+ seeds, 0 failed/m.test(stdout)) {
    throw new Error(`The simulator does not run with "${name}": ${stderr.slice(0, 500)}`);
  }
  return { isFound: seed !== undefined, text: seed ? `seed ${seed}: ${what?.slice(0, 60)}` : "" };
}
