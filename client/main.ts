/**
 * Puts the client together: which engine, which interface, where known servers and tokens are. It
 * returns an exit code, and ends no process.
 */
import { homedir } from "node:os";
import process from "node:process";
import type { Writable } from "node:stream";
import type { FoundServer } from "../discovery/catalogue.ts";
import { type AccessOptions, makeAccess } from "./access.ts";
import { Chat } from "./chat.ts";
import { chooseServer, type ChosenServer, NoServerError } from "./choose.ts";
import type { ChatEvent } from "./events.ts";
import { EXIT, USAGE } from "./exit.ts";
import type { Ending } from "./line.ts";
import { type ClientPaths, clientPaths } from "./paths.ts";
import { INITIAL } from "./state.ts";
import { type Complain, complainTo } from "./ui/complain.ts";
import { Input, type InputStream } from "./ui/input.ts";
import { jsonLine } from "./ui/json.ts";
import { PlainView } from "./ui/plain.ts";
import { PasswordFileError } from "./ui/prompt.ts";

export interface ClientOptions extends AccessOptions {
  /** Without host and port, the servers of the local network are offered. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly ui?: "plain" | "json" | undefined;
  /** What is otherwise this process's. */
  readonly io?: Partial<ClientIo> | undefined;
}

/** What the client has to do with the world besides the network. */
export interface ClientIo {
  readonly stdin: InputStream;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly paths: ClientPaths;
  /** The servers of the local network. */
  readonly browse: () => Promise<readonly FoundServer[]>;
}

/** How long somebody who gave no address waits for a list. */
const BROWSE_SECONDS = 2;

/** At the end of input: how long what was said may take to be acknowledged. */
const DRAIN = 30_000;

/** Runs the client until it is over; resolves with the exit code. */
export async function runClient(options: ClientOptions): Promise<number> {
  const io: ClientIo = {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
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
      return USAGE;
    }
    if (options.user === undefined && !input.isTerminal) {
      complain("Say who you are: without a terminal nothing is asked. Give USER@HOST.");
      return USAGE;
    }
    const chat = await makeChat(options, await findServer(options, input, io), io, input, complain);
    interrupt = () => void chat.leave();
    // The first signal leaves in good order; the next one finds nobody listening, and ends it.
    process.once("SIGINT", interrupt);
    process.once("SIGTERM", interrupt);
    try {
      const ending = await converse(chat, options, io, input);
      if (ending.code !== "left") complain(ending.message);
      return EXIT[ending.code];
    } finally {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
    }
  } catch (failure) {
    if (failure instanceof NoServerError) {
      complain(failure.message);
      return EXIT.no_connection;
    }
    if (!(failure instanceof PasswordFileError)) throw failure;
    complain(failure.message);
    return USAGE;
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
): Promise<Chat> {
  const ready = () => chat.shown();
  const chat: Chat = new Chat(
    await makeAccess(options, { ...server, ...io, input, complain, ready }),
  );
  return chat;
}

/** Loaded when it is asked for: most clients are told an address. */
async function browseLocally(): Promise<readonly FoundServer[]> {
  const { browse } = await import("../discovery/browse.ts");
  return await browse({ seconds: BROWSE_SECONDS });
}

/** Reads what is typed and shows what happens, until it is over. */
async function converse(
  chat: Chat,
  options: ClientOptions,
  { stdout }: ClientIo,
  input: Input,
): Promise<Ending> {
  const show = viewOf(options.ui, input.isTerminal);
  const output = (async () => {
    for await (const event of chat.events) {
      for (const line of show(event)) if (!await write(stdout, `${line}\n`)) return;
    }
  })();
  const typed = type(chat, input);
  // Nobody reads the output any more, or something failed here, which is thrown below.
  const leave = () => void chat.leave();
  output.then(leave, leave);
  typed.catch(leave);
  const ending = await chat.ended;
  await output;
  input.close();
  await typed;
  return ending;
}

/** What makes the lines for each event. */
function viewOf(ui: ClientOptions["ui"], echoed: boolean): (event: ChatEvent) => string[] {
  if (ui === "json") return (event) => [jsonLine(event)];
  const view = new PlainView(INITIAL, { now: () => Date.now(), echoed });
  return (event) => view.show(event);
}

/** Hands on line after line; at the end of input, leaves when what was said is stored. */
async function type(chat: Chat, input: Input): Promise<void> {
  await chat.signedIn;
  for (let line; (line = await input.line()) !== undefined;) {
    await chat.room();
    await chat.type(line);
  }
  await chat.drain(DRAIN);
  await chat.leave();
}

/** Resolves when the stream takes more; `false`: nobody reads it any more. */
function write(stream: Writable, text: string): Promise<boolean> {
  return new Promise((resolve) => stream.write(text, (failure) => resolve(!failure)));
}
