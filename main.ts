/**
 * Sotto's entry: reads the arguments, loads the one command that they ask for, and ends the process
 * with its exit code. Nothing else ends the process.
 */
import process from "node:process";
import type { Command } from "./cli/commands.ts";
import { COMMIT } from "./cli/commit.ts";
import { EXIT, parseArguments } from "./cli/parse.ts";
import metadata from "./package.json" with { type: "json" };

const SOFTWARE = `sotto/${metadata.version}`;
const VERSION = `sotto ${metadata.version}${COMMIT === undefined ? "" : ` (${COMMIT})`}`;

/** Errors that are somebody's mistake and say what to do; of others the stack is wanted. */
const EXPLAINED = new Set(["CertificateError", "ConfigError", "PrivateFileError"]);

process.exit(await main(process.argv.slice(2)).catch(explain));

async function main(args: readonly string[]): Promise<number> {
  const parsed = parseArguments(args, { version: VERSION, columns: process.stdout.columns });
  if (parsed.type === "run") return await run(parsed.command);
  process.stdout.write(parsed.stdout);
  process.stderr.write(parsed.stderr);
  return parsed.exitCode;
}

/** A client's start loads no server, and a server's no client. */
async function run(command: Command): Promise<number> {
  switch (command.type) {
    case "server": {
      const { readConfig } = await import("./server/config.ts");
      const { runServer } = await import("./server/main.ts");
      const config = readConfig(command, process.env);
      return await runServer(config, { software: SOFTWARE, stdout: print });
    }
    case "client": {
      const { runClient } = await import("./client/main.ts");
      const { target, output: ui, ...options } = command;
      const pin = command.pin ?? target?.pin;
      return await runClient({ ...options, ...target, pin, ui, software: SOFTWARE });
    }
    case "send": {
      const { runSend } = await import("./client/send.ts");
      const { target, ...options } = command;
      const pin = command.pin ?? target.pin;
      return await runSend({ ...options, ...target, pin, software: SOFTWARE });
    }
    case "discover": {
      const { discover } = await import("./cli/discover.ts");
      return await discover(command, { print, complain });
    }
    case "demo": {
      const { runDemo } = await import("./demo/main.ts");
      return await runDemo(print);
    }
    case "certs": {
      const { defaultDataDir } = await import("./server/config.ts");
      const { describeCertificate } = await import("./cli/certs.ts");
      print(await describeCertificate(command.data ?? defaultDataDir(process.env)));
      return EXIT.done;
    }
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function complain(line: string): void {
  console.error(`sotto: ${line}`);
}

function explain(error: unknown): number {
  const explained = error instanceof Error && EXPLAINED.has(error.name);
  if (explained) complain(error.message);
  else console.error(error);
  return explained && error.name === "ConfigError" ? EXIT.usage : EXIT.failed;
}
