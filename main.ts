/**
 * The entry: reads the arguments, loads and runs one command, and ends the process with its exit
 * code. Nothing else ends the process.
 */
import { homedir } from "node:os";
import process from "node:process";
import type { Command } from "./cli/commands.ts";
import { withSettings } from "./cli/settings.ts";
import { readSettingsFile } from "./cli/settings_file.ts";
import { EXIT } from "./protocol/exit_codes.ts";
import { DEFAULT_PORT } from "./protocol/host_port.ts";
import { describeSystemError, errorCode } from "./protocol/system_error.ts";
import metadata from "./package.json" with { type: "json" };

const SOFTWARE = `sotto/${metadata.version}`;

/** Errors whose message tells the user what to do. */
const EXPLAINED = new Set([
  "CertificateError",
  "ConfigError",
  "InviteError",
  "PrivateFileError",
  "SettingsError",
  "StoreError",
]);
/** Those of them that are wrong usage. */
const WRONG_USAGE = new Set(["ConfigError", "SettingsError"]);

process.exit(await main(process.argv.slice(2)).catch(reportFailure));

async function main(args: readonly string[]): Promise<number> {
  const { env } = process;
  const home = env["HOME"] || homedir();
  const file = () => readSettingsFile(env, home);
  const version = args.some((word) => word === "--version" || word === "-V")
    ? await (await import("./cli/version.ts")).versionLine(metadata.version)
    : metadata.version;
  const options = { version, columns: process.stdout.columns };
  const parsed = await withSettings(args, options, { file, env, home });
  if (parsed.type === "run") return await run(parsed.command);
  process.stdout.write(parsed.stdout);
  process.stderr.write(parsed.stderr);
  return parsed.exitCode;
}

/** Loads only what the command needs. */
async function run(command: Command): Promise<number> {
  switch (command.type) {
    case "server": {
      const { readConfig } = await import("./server/config.ts");
      const { runServer } = await import("./server/main.ts");
      const { tlsPort = "same", announce = true } = command;
      const config = readConfig({ ...command, tlsPort, announce }, process.env);
      return await runServer(config, { software: SOFTWARE, stdout: print });
    }
    case "client": {
      const { runClient } = await import("./client/main.ts");
      const { address, output: ui, ...options } = command;
      const pin = command.pin ?? address?.pin;
      const port = address && (address.port ?? DEFAULT_PORT);
      return await runClient({ ...options, ...address, port, pin, ui, software: SOFTWARE });
    }
    case "send": {
      const { runSend } = await import("./client/program/send.ts");
      const { address, ...options } = command;
      const pin = command.pin ?? address.pin;
      const { port = DEFAULT_PORT } = address;
      return await runSend({ ...options, ...address, port, pin, software: SOFTWARE });
    }
    case "discover": {
      const { discover } = await import("./cli/discover.ts");
      return await discover(command, { print, reportError });
    }
    case "demo": {
      const { runDemo } = await import("./examples/demo/main.ts");
      return await runDemo(print);
    }
    case "compare": {
      const { runCompare } = await import("./bench/compare/main.ts");
      return await runCompare(command, { print });
    }
    case "invite": {
      const { defaultDataDir } = await import("./server/config.ts");
      const { invite } = await import("./server/admin_commands.ts");
      const { data = defaultDataDir(process.env), list = false, qr = process.stdout.isTTY } =
        command;
      for (const line of await invite({ ...command, data, list, qr })) print(line);
      return EXIT.done;
    }
    case "admin": {
      const { defaultDataDir } = await import("./server/config.ts");
      const { admin } = await import("./server/admin_commands.ts");
      const { data = defaultDataDir(process.env) } = command;
      for (const name of await admin({ ...command, data })) print(name);
      return EXIT.done;
    }
    case "man": {
      const { manPage } = await import("./cli/man.ts");
      process.stdout.write(manPage(command.page, `Sotto ${metadata.version}`));
      return EXIT.done;
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

function reportError(message: string): void {
  process.stderr.write(`sotto: ${message}\n`);
}

/** Returns the exit code. */
function reportFailure(error: unknown): number {
  if (error instanceof Error && EXPLAINED.has(error.name)) {
    reportError(error.message);
    return WRONG_USAGE.has(error.name) ? EXIT.usage : EXIT.failed;
  }
  if (errorCode(error) !== undefined) {
    const path = error instanceof Error && "path" in error ? ` (${error.path})` : "";
    reportError(
      `The system refused something that Sotto needs: ${describeSystemError(error)}${path}.`,
    );
  } else if (error instanceof Error && error.name === "NotCapable") {
    reportError("Deno runs Sotto without the permissions that it needs. Start it with: npm start");
  } else {
    const stack = error instanceof Error ? error.stack ?? error.message : String(error);
    reportError(`This is a bug in Sotto. Please report it with these lines:\n${stack}`);
  }
  return EXIT.failed;
}
