/**
 * Runs the fuzzers for as long as asked, and stops at the first fault.
 *
 *     npm run fuzz -- [--seconds N] [--target NAME] [--seed N] [--quick]
 *
 * Targets take turns, each with a batch of the next seed. Without `--seed` the first seed is a random
 * one; without `--seconds` each target tries one batch. `--quick` does not look for smaller inputs that
 * fail as well.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { runBatch } from "../tests/fuzz/batch.ts";
import { TARGETS } from "../tests/fuzz/targets.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "0" },
    target: { type: "string" },
    seed: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const seconds = readNumber("--seconds", values.seconds);
const first = values.seed === undefined
  ? Math.floor(Math.random() * 1_000_000_000)
  : readNumber("--seed", values.seed);
const targets = TARGETS.filter(({ name }) => name === (values.target ?? name));
if (targets.length === 0) {
  console.error(`There is no target ${values.target}. Give one of ${namesOf(TARGETS)}.`);
  process.exit(2);
}

const end = performance.now() + seconds * 1000;
let seed = first;
try {
  do {
    for (const target of targets) await runBatch(target, { seed, quick: values.quick });
    seed++;
  } while (performance.now() < end);
  const megabytes = Math.round(Deno.memoryUsage().rss / 2 ** 20);
  console.log(`${namesOf(targets)}: seeds ${first} to ${seed - 1}, no fault, ${megabytes} MiB`);
} catch (found) {
  console.error(found instanceof Error ? found.message : found);
  let cause = found;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  if (cause instanceof Error) console.error(cause.stack);
  // What the fault has left behind must not hold the process.
  process.exit(1);
}

function readNumber(option: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  console.error(`${option} is ${text}: give a whole number.`);
  process.exit(2);
}

function namesOf(all: typeof TARGETS): string {
  return all.map(({ name }) => name).join(", ");
}
