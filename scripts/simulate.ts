/**
 * Runs the simulator over many seeds, and prints those that break a promise.
 *
 *     npm run simulate -- [--seeds N] [--seed S] [--trace] [--first]
 *
 * `--seed` is the first seed, and the only one without `--seeds`; `--trace` prints everything that
 * happens, `--first` ends at the first seed that fails. A seed that fails is run again, to see whether
 * the same happens. It fails if any seed does.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { simulate } from "../tests/sim/simulation.ts";
import { makeWorkspace } from "../tests/sim/template.ts";

const { values } = parseArgs({
  options: {
    "seeds": { type: "string" },
    "seed": { type: "string" },
    "trace": { type: "boolean", default: false },
    "first": { type: "boolean", default: false },
  },
});
const first = Number(values.seed ?? 1);
const count = Number(values.seeds ?? (values.seed === undefined ? 1_000 : 1));

using workspace = await makeWorkspace();
const start = performance.now();
let failed = 0;
for (let seed = first; seed < first + count; seed++) {
  const result = await simulate(seed, { ...workspace, verbose: values.trace });
  if (values.trace) console.log(result.trace.join("\n"));
  if (result.broken.length === 0) continue;
  failed++;
  const again = values.first ? result : await simulate(seed, workspace);
  const isSame = again.digest === result.digest;
  console.log(`seed ${seed} digest ${result.digest}${isSame ? "" : ", ANOTHER WHEN RUN AGAIN"}`);
  for (const broken of result.broken.slice(0, 5)) console.log(`  ${broken}`);
  if (values.first) break;
}
const seconds = (performance.now() - start) / 1000;
const pace = Math.round(count / seconds * 60);
console.log(`${count} seeds, ${failed} failed, ${seconds.toFixed(1)} s, ${pace} a minute`);
process.exitCode = failed === 0 ? 0 : 1;
