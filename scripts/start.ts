/**
 * `npm start`: runs a server with its data in `.sotto/`. In a terminal it also runs a client that
 * connects to it, logs to `.sotto/server.log`, and stops the server when the client ends. Arguments
 * go to the server.
 */
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { FLAGS } from "./flags.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DATA = resolve(".sotto");
const LOG = join(DATA, "server.log");
const READY = /^ready quic:\/\/\S+:(\d+) .*\bpin=(\S+)$/m;
/** Milliseconds after which the server is killed. Its own limit is 5 s. */
const STOP_LIMIT = 8_000;

const SERVER = ["server", "--data", DATA, ...process.argv.slice(2)];
process.exitCode = process.stdin.isTTY && process.stdout.isTTY
  ? await runBoth()
  : await runServer();

async function runServer(): Promise<number> {
  const server = sotto(SERVER).spawn();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => server.kill(signal));
  }
  return (await server.status).code;
}

async function runBoth(): Promise<number> {
  await mkdir(DATA, { recursive: true, mode: 0o700 });
  // In its own process group: Ctrl-C is for the client.
  const server = sotto(SERVER, {
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
  const log = await Deno.open(LOG, { append: true, create: true, mode: 0o600 });
  void server.stderr.pipeTo(log.writable);
  try {
    const ready = await readReadyLine(server.stdout);
    if (ready === undefined) {
      console.error(`The server did not start. ${LOG} says why.`);
      return 1;
    }
    Deno.addSignalListener("SIGINT", () => {}); // The client handles it.
    const client = sotto(["client", `localhost:${ready.port}`, "--pin", ready.pin]).spawn();
    return (await client.status).code;
  } finally {
    await stop(server);
  }
}

/** Runs the sources with the permissions of the executable. */
function sotto(args: readonly string[], options: Deno.CommandOptions = {}): Deno.Command {
  const command = ["run", ...FLAGS, join(ROOT, "main.ts"), ...args];
  const inherited = { stdin: "inherit", stdout: "inherit", stderr: "inherit" } as const;
  return new Deno.Command(Deno.execPath(), { ...inherited, ...options, args: command });
}

async function readReadyLine(
  stdout: ReadableStream<Uint8Array>,
): Promise<{ port: string; pin: string } | undefined> {
  let text = "";
  for await (const chunk of stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const [, port, pin] = READY.exec(text) ?? [];
    if (port !== undefined && pin !== undefined) return { port, pin };
  }
  return undefined;
}

async function stop(server: Deno.ChildProcess): Promise<void> {
  const timer = setTimeout(() => server.kill("SIGKILL"), STOP_LIMIT);
  try {
    server.kill("SIGTERM");
  } catch {
    // It has ended already.
  }
  await server.status;
  clearTimeout(timer);
}
