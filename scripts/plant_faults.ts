/**
 * Shows that the simulator and the fuzzers can fail: plants one fault after the other in a copy of
 * the tree, looks for it, and prints what was found, and with which seed of the simulator.
 *
 *     deno run -A scripts/plant_faults.ts [--seeds N] [--only PART_OF_A_NAME]
 *     deno run -A scripts/plant_faults.ts --fuzzers [--only PART_OF_A_NAME]
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
import { PLANTED_FOR_FUZZERS } from "../tests/fuzz/planted.ts";
import { changesOf, plant, type Planted } from "../tests/sim/plant.ts";
import { PLANTED } from "../tests/sim/planted.ts";

const ENOUGH = 0.95;
const COPIED = [
  ...["certs", "cli", "client", "docs", "protocol", "scripts", "server", "tests", "deno.json"],
];
const PACKAGES = ["node_modules", "package.json"];

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    only: { type: "string", default: "" },
    fuzzers: { type: "boolean", default: false },
  },
});
const root = fileURLToPath(new URL("..", import.meta.url));
const copy = mkdtempSync(join(tmpdir(), "sotto-planted-"));
let found = 0;
const all: readonly (Planted & { readonly target?: string })[] = values.fuzzers
  ? PLANTED_FOR_FUZZERS
  : PLANTED;
const planted = all.filter(({ name }) => name.includes(values.only));
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

interface Report {
  readonly isFound: boolean;
  readonly text: string;
}

/** Plants the fault, looks for it, and takes it out again. */
function look(planted: (typeof all)[number]): Report {
  const { name, target } = planted;
  const sources = new Map<string, string>();
  try {
    for (const change of changesOf(planted)) {
      const path = join(copy, change.file);
      const source = readFileSync(path, "utf8");
      if (!sources.has(path)) sources.set(path, source);
      writeFileSync(path, plant(source, change));
    }
    return target === undefined ? simulate(name) : fuzz(name, target);
  } finally {
    for (const [path, source] of sources) writeFileSync(path, source);
  }
}

/** Runs seeds of the simulator until one fails. */
function simulate(name: string): Report {
  const args = ["run", "-A", "--no-check", "scripts/simulate.ts", "--seeds", values.seeds];
  const options = { cwd: copy, encoding: "utf8" } as const;
  const { stdout, stderr } = spawnSync(process.execPath, [...args, "--first"], options);
  const [, seed, what] = /^seed (\d+) .*\n {2}(.*)/m.exec(stdout) ?? [];
  if (seed === undefined && !/^\d+ seeds, 0 failed/m.test(stdout)) {
    throw new Error(`The simulator does not run with "${name}": ${stderr.slice(0, 500)}`);
  }
  return { isFound: seed !== undefined, text: seed ? `seed ${seed}: ${what?.slice(0, 60)}` : "" };
}

/** Runs the batch of a fuzzer that `npm test` runs. */
function fuzz(name: string, target: string): Report {
  const args = ["run", "-A", "--no-check", "scripts/fuzz.ts", "--target", target, "--seed", "1"];
  const options = { cwd: copy, encoding: "utf8" } as const;
  const { status, stderr } = spawnSync(process.execPath, [...args, "--quick"], options);
  const [, what] = /^Found by the fuzzer .*\n(.*)/m.exec(stderr) ?? [];
  if (status !== 0 && what === undefined) {
    throw new Error(`The fuzzer ${target} does not run with "${name}": ${stderr}`);
  }
  return { isFound: what !== undefined, text: `${target}: ${what?.slice(0, 60) ?? ""}` };
}
