/**
 * `npm run test:stress -- [--runs N]`: runs all tests N times in a row (default 10) while a busy loop
 * holds each processor. Stops at the first run that fails. Prints a line for each run.
 *
 * It finds tests that pass on an idle machine alone. It takes hours on a small one.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import process from "node:process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** Milliseconds that a run takes at most. */
const RUN_LIMIT = 60 * 60_000;
const TESTS = fileURLToPath(new URL("./test.ts", import.meta.url));

const { values } = parseArgs({ options: { runs: { type: "string", default: "10" } } });
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1) {
  console.error(`stress: --runs takes a number of runs from 1 up, not ${values.runs}`);
  process.exit(2);
}

const loops = Array.from({ length: availableParallelism() }, startBusyLoop);
const stopLoops = () => loops.forEach((loop) => loop.kill("SIGKILL"));
process.once("exit", stopLoops);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

for (let run = 1; run <= runs; run++) {
  const { code, output } = await runTests();
  if (code !== 0) console.log(output);
  console.log(`run ${run} of ${runs}: ${output.trimEnd().split("\n").at(-1)}`);
  if (code !== 0) process.exit(1);
}
process.exit(0);

function startBusyLoop(): ChildProcess {
  // Ends by itself, in case this program is killed.
  const code = `const end = Date.now() + ${runs * RUN_LIMIT}; while (Date.now() < end);`;
  return spawn(process.execPath, ["eval", code], { stdio: "ignore" });
}

async function runTests(): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(process.execPath, ["run", "-A", TESTS], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: RUN_LIMIT,
  });
  const closed = once(child, "close");
  const output = await text(child.stdout);
  const [code] = await closed;
  return { code, output };
}
