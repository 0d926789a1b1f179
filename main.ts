/**
 * Sotto's entry: reads the arguments, loads the one command that they ask for, and ends the process
 * with its exit code. Nothing else ends the process.
 */
import process from "node:process";
import { COMMIT } from "./cli/commit.ts";
import { EXIT, parseArguments } from "./cli/parse.ts";
import metadata from "./package.json" with { type: "json" };

const VERSION = `sotto ${metadata.version}${COMMIT === undefined ? "" : ` (${COMMIT})`}`;

process.exit(main(process.argv.slice(2)));

function main(args: readonly string[]): number {
  const parsed = parseArguments(args, { version: VERSION, columns: process.stdout.columns });
  if (parsed.type === "print") {
    process.stdout.write(parsed.stdout);
    process.stderr.write(parsed.stderr);
    return parsed.exitCode;
  }
  return EXIT.failed;
}
