/**
 * The tests, in two processes at once: those of whole programs mostly wait, for terminals, time
 * limits and disks, and the others have the machine meanwhile. Within a process one file runs after
 * the other: its tests share sockets' ports and the QUIC addon.
 *
 *     deno run -A scripts/test.ts [OPTION OF deno test...]
 *
 * The second one's output comes when the first one's is complete. It fails if either does.
 */
import { text } from "node:stream/consumers";
import { spawn } from "node:child_process";
import process from "node:process";

const PROGRAMS = "tests/e2e/";
/** It builds first: `npm run test:executable`. */
const EXECUTABLE = "tests/e2e/executable_test.ts";
/** Milliseconds; what takes longer hangs. */
const LIMIT = 15 * 60_000;

const options = ["test", "-A", "--quiet", "--no-check", ...process.argv.slice(2)];
const programs = run([`--ignore=${EXECUTABLE}`, PROGRAMS], "inherit");
const others = run([`--ignore=${PROGRAMS}`, "tests/"], "pipe");
const codes = [await programs.code];
process.stdout.write(await others.output);
codes.push(await others.code);
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;

function run(
  which: readonly string[],
  stdout: "inherit" | "pipe",
): { readonly code: Promise<number | null>; readonly output: Promise<string> } {
  const child = spawn(process.execPath, [...options, ...which], {
    stdio: ["ignore", stdout, "inherit"],
    timeout: LIMIT,
  });
  const code = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { code, output: child.stdout === null ? Promise.resolve("") : text(child.stdout) };
}
