/**
 * Puts the client together: which engine, which interface, where known servers and tokens are. It
 * returns an exit code, and ends no process.
 */
import { homedir } from "node:os";
import { resolve } from "node:path";
import process from "node:process";
import type { Writable } from "node:stream";
import type { FoundServer } from "../protocol/discovery/catalogue.ts";
import { EXIT } from "../protocol/exit_codes.ts";
import { type AccessOptions, makeAccess } from "./program/access.ts";
import { Chat } from "./chat.ts";
import { chooseServer, type ChosenServer, NoServerError } from "./program/choose_server.ts";
import { interactInLines, interactInTui } from "./program/interact.ts";
import type { FileOptions } from "./files/files.ts";
import { DiskFiles } from "./platform/disk_files.ts";
import { type ClientPaths, clientPaths } from "./platform/paths.ts";
import { UploadsInFolder } from "./platform/uploads_in_folder.ts";
import { type Complain, complainTo } from "./ui/complain.ts";
import { Input, type InputStream } from "./ui/input.ts";
import { PasswordFileError } from "./ui/prompt.ts";
import { PromptRelay } from "./ui/prompt_relay.ts";

export interface ClientOptions extends AccessOptions {
  /** Without host and port, the servers of the local network are offered. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** Default: the environment's folder for downloads. */
  readonly downloads?: string | undefined;
  /** Files of at most so many bytes are fetched without a question. */
  readonly autoAccept?: number | undefined;
  /** Default: the interface on a terminal, else `plain`. */
  readonly ui?: "plain" | "json" | undefined;
  /** What is otherwise this process's. */
  readonly io?: Partial<ClientIo> | undefined;
}

/** `process.stdout`, or anything like it. */
export interface OutputStream extends Writable {
  readonly isTTY?: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What the client has to do with the world besides the network. */
export interface ClientIo {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: Writable;
  readonly env: Environment;
  readonly paths: ClientPaths;
  /** The servers of the local network. */
  readonly browse: () => Promise<readonly FoundServer[]>;
}

/** How long somebody who gave no address waits for a list. */
const BROWSE_SECONDS = 2;

/** Runs the client until it is over; resolves with the exit code. */
export async function runClient(options: ClientOptions): Promise<number> {
  const io: ClientIo = {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    paths: clientPaths(process.env, homedir()),
    browse: browseLocally,
    ...options.io,
  };
  const complain = complainTo(io.stderr);
  // Whoever read the output may have left; `write` sees that too.
  io.stdout.on("error", () => {});
  let interrupt = () => {};
  const input = new Input({ ...io, onInterrupt: () => interrupt() });
  try {
    if (options.host === undefined && !input.isTerminal) {
      complain("Say which server: without a terminal nothing is asked. Give USER@HOST.");
      return EXIT.usage;
    }
    if (options.user === undefined && !input.isTerminal) {
      complain("Say who you are: without a terminal nothing is asked. Give USER@HOST.");
      return EXIT.usage;
    }
    const server = await findServer(options, input, io);
    const { chat, relay } = await makeChat(options, server, io, input, complain);
    interrupt = () => void chat.leave();
    const surroundings = { chat, input, stdout: io.stdout };
    const ending = options.ui === undefined && isInteractive(io)
      ? await interactInTui({ ...surroundings, relay, env: io.env })
      : await interactInLines(surroundings, options.ui ?? "plain");
    if (ending.code !== "left") complain(ending.message);
    return EXIT[ending.code];
  } catch (failure) {
    if (failure instanceof NoServerError) {
      complain(failure.message);
      return EXIT.no_connection;
    }
    if (!(failure instanceof PasswordFileError)) throw failure;
    complain(failure.message);
    return EXIT.usage;
  } finally {
    input.close();
  }
}

/** The server that was named, or one that a person picks. */
async function findServer(
  { host, port }: ClientOptions,
  input: Input,
  { stderr, browse }: ClientIo,
): Promise<ChosenServer> {
  if (host !== undefined && port !== undefined) return { host, port, announced: undefined };
  stderr.write("Looking for servers on this network …\n");
  return await chooseServer({ input, browse });
}

async function makeChat(
  options: ClientOptions,
  server: ChosenServer,
  io: ClientIo,
  input: Input,
  complain: Complain,
): Promise<{ readonly chat: Chat; readonly relay: PromptRelay }> {
  const ready = () => chat.shown();
  const access = await makeAccess(options, { ...server, ...io, input, complain, ready });
  const relay = new PromptRelay(access.prompts);
  const { paths } = io;
  const files: FileOptions = {
    store: new DiskFiles({
      home: paths.home,
      downloads: resolve(options.downloads ?? paths.downloads),
    }),
    autoAccept: options.autoAccept,
    uploads: new UploadsInFolder(paths.uploads),
  };
  const chat: Chat = new Chat({ ...access, prompts: relay, files });
  return { chat, relay };
}

/** Whether there is a terminal at both ends that can do more than take lines. */
function isInteractive({ stdin, stdout, env }: ClientIo): boolean {
  return stdin.isTTY === true && stdout.isTTY === true && env["TERM"] !== "dumb";
}

/** Loaded when it is asked for: most clients are told an address. */
async function browseLocally(): Promise<readonly FoundServer[]> {
  const { browse } = await import("../protocol/discovery/browse.ts");
  return await browse({ seconds: BROWSE_SECONDS });
}
