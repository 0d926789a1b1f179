/**
 * `npm start`: a server that keeps its things in `.sotto/`, and, in a terminal, a client that joins
 * it. The server's log goes to `.sotto/server.log` then, and the server stops when the client
 * leaves. Without a terminal it is just the server. Arguments go to the server.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { PERMISSIONS } from "./permissions.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DATA = join(ROOT, ".sotto");
const LOG = join(DATA, "server.log");
const READY = /^ready quic:\/\/(?<host>.+):(?<port>\d+) .*\bpin=(?<pin>\S+)$/;
/** A server that takes longer to stop is made to. Its own limit is 5 s. */
const STOP_LIMIT = 8_000;

const SERVER = ["server", "--data", DATA, ...process.argv.slice(2)];
process.exitCode = process.stdin.isTTY && process.stdout.isTTY ? await joined() : await alone();

async function alone(): Promise<number> {
  const server = sotto(SERVER, "inherit");
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => server.kill(signal));
  }
  return await exitOf(server);
}

async function joined(): Promise<number> {
  await mkdir(DATA, { recursive: true, mode: 0o700 });
  const log = await open(LOG, "a", 0o600);
  // In a process group of its own: Ctrl-C is for the client.
  const server = sotto(SERVER, ["ignore", "pipe", log.fd], { detached: true });
  try {
    const ready = await readReadyLine(server);
    if (ready === undefined) {
      console.error(`The server did not start. Its log is in ${LOG}`);
      return 1;
    }
    process.on("SIGINT", () => {}); // The client knows what to do with it; wait for it.
    const client = sotto(["client", `localhost:${ready.port}`, "--pin", ready.pin], "inherit");
    return await exitOf(client);
  } finally {
    await stop(server);
    await log.close();
  }
}

function sotto(
  args: readonly string[],
  stdio: Parameters<typeof spawn>[2]["stdio"],
  options: { detached?: boolean } = {},
): ChildProcess {
  const command = ["run", ...PERMISSIONS, join(ROOT, "main.ts"), ...args];
  return spawn("deno", command, { ...options, stdio });
}

async function readReadyLine(
  server: ChildProcess,
): Promise<{ port: string; pin: string } | undefined> {
  if (server.stdout === null) return undefined;
  for await (const line of createInterface({ input: server.stdout })) {
    const { port, pin } = READY.exec(line)?.groups ?? {};
    if (port !== undefined && pin !== undefined) return { port, pin };
  }
  return undefined;
}

async function exitOf(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null) return child.exitCode;
  const [code] = await once(child, "exit");
  return typeof code === "number" ? code : 1;
}

async function stop(server: ChildProcess): Promise<void> {
  const timer = setTimeout(() => server.kill("SIGKILL"), STOP_LIMIT);
  server.kill("SIGTERM");
  await exitOf(server);
  clearTimeout(timer);
}
