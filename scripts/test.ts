/**
 * `npm test`: runs the tests in several processes at once. Each takes the next group of test files
 * from a queue. Many tests wait for other programs, so there is one process more than processors.
 *
 *     deno run -A scripts/test.ts [OPTION OF deno test...]
 *
 * Prints a line for each group, the whole output of groups that fail, and the sum as the last line.
 */
import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import process from "node:process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { groupTests } from "./test_groups.ts";
import { addCounts, type Counts, formatCounts, parseCounts } from "./test_counts.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PROCESSES = availableParallelism() + 1;
/** Milliseconds after which a group counts as hung. */
const LIMIT = 15 * 60_000;

interface Result {
  readonly code: number | null;
  readonly output: string;
}

const began = performance.now();
const paths = await readdir(ROOT + "tests", { recursive: true });
const queue = groupTests(paths.map((path) => `tests/${path.replaceAll("\\", "/")}`));
const total = { passed: 0, failed: 0, ignored: 0 };
await Promise.all(Array.from({ length: PROCESSES }, runQueue));
const ok = process.exitCode === undefined && total.failed === 0;
console.log(`\n${ok ? "ok" : "FAILED"} | ${formatCounts(total)} (${secondsSince(began)} s)`);

async function runQueue(): Promise<void> {
  for (let group; (group = queue.shift()) !== undefined;) {
    const groupBegan = performance.now();
    const { code, output } = await run(group.files);
    const counts = parseCounts(output);
    addCounts(total, counts);
    if (code !== 0) {
      process.exitCode = 1;
      console.log(output);
    }
    report(group.name, code, counts, groupBegan);
  }
}

function report(name: string, code: number | null, counts: Counts, since: number): void {
  const how = code === 0 ? "passed" : code === null ? "HUNG" : "FAILED";
  console.log(`${name}: ${how}, ${formatCounts(counts)} (${secondsSince(since)} s)`);
}

async function run(files: readonly string[]): Promise<Result> {
  const options = ["test", "-A", "--quiet", "--no-check", ...process.argv.slice(2)];
  const child = spawn(process.execPath, [...options, ...files], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LIMIT,
  });
  const code = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const output = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, output: output.join("") };
}

function secondsSince(time: number): string {
  return ((performance.now() - time) / 1000).toFixed(0);
}
