/**
 * Puts the client together and runs it: which server, which engine, which interface, where files
 * are. It returns an exit code and does not end the process.
 */
import { resolve } from "node:path";
import type { FoundServer } from "../protocol/discovery/catalogue.ts";
import type { ExitCode } from "../protocol/exit_codes.ts";
import { Chat } from "./chat.ts";
import type { FileOptions } from "./files/files.ts";
import { DiskFiles } from "./platform/disk_files.ts";
import type { ClientPaths } from "./platform/paths.ts";
import { UploadsInFolder } from "./platform/uploads_in_folder.ts";
import { pickServer } from "./program/pick_server.ts";
import { runInLines } from "./program/run_in_lines.ts";
import { runInTui } from "./program/run_in_tui.ts";
import { type Program, ProgramError, type ProgramIo, runProgram } from "./program/run_program.ts";
import {
  type ConnectOptions,
  makeSessionOptions,
  requireUser,
  type Server,
} from "./program/session_options.ts";

export interface ClientOptions extends ConnectOptions {
  /** Default: the user picks a server of the local network. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** Default: the environment's folder for downloads. */
  readonly downloads?: string | undefined;
  /** Files of at most so many bytes are downloaded without asking. */
  readonly autoAccept?: number | undefined;
  /** Default: the interface on a terminal, otherwise `plain`. */
  readonly ui?: "plain" | "json" | undefined;
  /** Default: the process's own. */
  readonly io?: Partial<ProgramIo> | undefined;
  /** Default: looks for servers on the local network. */
  readonly browse?: () => Promise<readonly FoundServer[]>;
}

const BROWSE_SECONDS = 2;

/** Runs the client until it ends. */
export function runClient(options: ClientOptions): Promise<ExitCode> {
  return runProgram(options.io ?? {}, async (program) => {
    const { io: { stdout, env, paths }, input, stderr } = program;
    const server = await findServer(options, program);
    requireUser(options, program);
    const session = await makeSessionOptions(options, server, program);
    const { prompts } = session;
    const chat = new Chat({ ...session, files: fileOptions(options, paths) });
    // A question comes after the events before it.
    prompts.ready = () => chat.shown();
    input.interrupted.addEventListener("abort", () => void chat.leave());
    return options.ui === undefined && isInteractive(program)
      ? await runInTui({ chat, input, stdout, stderr, prompts, env })
      : await runInLines({ chat, input, stdout, format: options.ui ?? "plain" });
  });
}

/** The server with the given address, or one that the user picks. */
async function findServer(
  { host, port, browse = browseLocally }: ClientOptions,
  { input }: Program,
): Promise<Server> {
  if (host !== undefined && port !== undefined) return { host, port };
  if (input.isTerminal) return await pickServer({ asker: input, browse });
  throw new ProgramError(
    "usage",
    "No server is given, and without a terminal Sotto cannot ask for one. Give USER@HOST.",
  );
}

function fileOptions({ downloads, autoAccept }: ClientOptions, paths: ClientPaths): FileOptions {
  return {
    store: new DiskFiles({ home: paths.home, downloads: resolve(downloads ?? paths.downloads) }),
    autoAccept,
    uploads: new UploadsInFolder(paths.uploads),
  };
}

/** Whether input and output are a terminal that can do more than lines. */
function isInteractive({ io: { stdin, stdout, env } }: Program): boolean {
  return stdin.isTTY === true && stdout.isTTY === true && env["TERM"] !== "dumb";
}

/** Loads the discovery only when it is used: most clients get an address. */
async function browseLocally(): Promise<readonly FoundServer[]> {
  const { browse } = await import("../protocol/discovery/browse.ts");
  return await browse({ seconds: BROWSE_SECONDS });
}
