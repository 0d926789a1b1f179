/**
 * `npm run compile`: makes `dist/sotto`, one file that runs without Deno, Node or this repository.
 *
 *     npm run compile -- [--target TRIPLE] [--output FILE] [--self-extracting]
 *
 * It uses `deno compile`, which needs `denort`: a runtime from dl.deno.land, or the file that
 * DENORT_BIN names. Without `denort`, or with `--self-extracting`, it uses the `deno` binary from npm
 * instead (`self_extracting.ts`).
 */
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import metadata from "../package.json" with { type: "json" };
import { withPackage } from "./packages.ts";
import { FLAGS } from "./flags.ts";
import { makeSelfExtracting } from "./self_extracting.ts";
import { LICENCES, makeStage } from "./stage.ts";
import { findTarget, type Target } from "./targets.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Modules that workers run. `deno compile` does not find them by itself. */
const WORKERS = [
  "server/services/password_worker.ts",
  "server/store/search_worker.ts",
  "bench/compare/server_thread.ts",
];
/** What `deno compile` prints when it lacks `denort`. */
const NO_DENORT = /base binary|denort/i;
const DENORT_TIMEOUT = 5 * 60_000;

try {
  const { values } = parseArgs({
    options: {
      target: { type: "string" },
      output: { type: "string" },
      "self-extracting": { type: "boolean", default: false },
    },
  });
  const target = findTarget(values.target);
  const output = values.output ?? defaultOutput(target);
  await mkdir(dirname(output), { recursive: true });
  const commit = await readCommit();
  await using stage = await makeStage(ROOT, target, commit);
  // A running program keeps the old file. `deno compile` replaces no file that it did not make.
  const draft = join(dirname(output), `new-${basename(output)}`);
  await rm(draft, { force: true });
  const made = !values["self-extracting"] && await compile(stage.folder, target, draft);
  if (!made) await pack(stage.folder, target, draft, commit);
  await rename(draft, output);
  console.error(`Made ${output} for ${target.triple}.`);
} catch (error) {
  console.error(`compile: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

function defaultOutput({ triple }: Target): string {
  const suffix = triple === Deno.build.target ? "" : `-${triple}`;
  return join(ROOT, "dist", `sotto${suffix}${triple.includes("windows") ? ".exe" : ""}`);
}

/** `false`: there is no `denort`. */
async function compile(folder: string, target: Target, output: string): Promise<boolean> {
  const args = ["compile", "--quiet", "--no-check", "--config", join(folder, "deno.json")];
  args.push("--target", target.triple, ...FLAGS);
  for (const worker of WORKERS) args.push("--include", join(folder, worker));
  if (target.addon !== undefined) {
    args.push("--include", join(folder, "node_modules", target.addon));
  }
  args.push("--include", join(folder, LICENCES));
  args.push("--output", output, join(folder, "main.ts"));
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal: AbortSignal.timeout(DENORT_TIMEOUT),
  }).output();
  if (success) return true;
  const reason = new TextDecoder().decode(stderr);
  if (!NO_DENORT.test(reason)) throw new Error(`deno compile failed:\n${reason}`);
  console.error(
    "deno compile needs denort, and cannot fetch it from dl.deno.land (DENORT_BIN can name a file). " +
      "Making a self-extracting executable instead.",
  );
  return false;
}

async function pack(
  folder: string,
  { triple, deno, uname }: Target,
  output: string,
  commit: string | undefined,
): Promise<void> {
  if (uname === undefined) {
    throw new Error(
      `Cannot make a self-extracting executable for ${triple}: it has no POSIX shell. Build where ` +
        "dl.deno.land can be reached, or set DENORT_BIN",
    );
  }
  await withPackage(ROOT, deno, (from) =>
    makeSelfExtracting({
      folder,
      deno: join(from, "deno"),
      uname,
      version: [metadata.version, ...commit === undefined ? [] : [`(${commit})`]].join(" "),
      flags: FLAGS,
      output,
    }));
}

/** The commit of the checkout, with `+` when files differ from it. `undefined` without git. */
async function readCommit(): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["-C", ROOT, "describe", "--always", "--exclude=*", "--abbrev=12", "--dirty=+"],
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch {
    return undefined; // No git on this machine.
  }
}
