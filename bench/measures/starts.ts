/**
 * The time from the start of a client to its prompt, in a terminal, for a user who has signed in
 * before: with the interface, and with `--plain`. Each start is a new process.
 *
 * The terminal is that of `script` (util-linux). Without it nothing is measured.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { delay } from "../harness/servers.ts";
import type { Settings } from "../harness/settings.ts";

export interface Starts {
  readonly ui: "interface" | "plain";
  /** Of each start, in milliseconds. */
  readonly times: readonly number[];
}

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
/** As in the executable: types are not checked at the start. */
const SOTTO = [Deno.execPath(), "run", "-A", "--no-check", "--unstable-net", MAIN];

/** Seconds until the next start, so that the last client has ended. */
const PAUSE = 0.5;
/** Milliseconds that a start may take before it is ended, and counts as failed. */
const LIMIT = 30_000;

/** Starts each kind of client this many times. Returns nothing where there is no `script`. */
export async function measureStarts({ starts }: Settings): Promise<readonly Starts[]> {
  if (!await hasScript()) {
    console.error("starts: skipped, there is no script (util-linux)");
    return [];
  }
  await using folder = await makeFolder();
  const env = { ...Deno.env.toObject(), ...folder.env, TERM: "xterm-256color" };
  const server = new Deno.Command(Deno.execPath(), {
    args: [
      ...SOTTO.slice(1),
      ...["server", "--host", "127.0.0.1", "--port", "0", "--tls-port", "off", "--no-announce"],
      ...["--data", join(folder.path, "data")],
    ],
    env,
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    const ready = await readUntil(server.stdout, /^ready quic:\/\/\S+:(\d+) .*pin=(\S+)$/m);
    const [, port = "", pin = ""] = ready;
    const client = [...SOTTO, "client", "--pin", pin, `ann@127.0.0.1:${port}`];
    const plain = [...client, "--plain"];
    const password = ["--password-file", folder.password];
    await timeToPrompt([...plain, ...password], /online: /, env); // From now on there is a token.
    const all: Starts[] = [];
    for (
      const [ui, args, mark] of [
        ["interface", client, /#general/],
        ["plain", plain, /online: /],
      ] as const
    ) {
      console.error(`starts: ${ui}`);
      const times: number[] = [];
      for (let start = 0; start < starts; start++) times.push(await timeToPrompt(args, mark, env));
      all.push({ ui, times });
    }
    return all;
  } finally {
    server.kill("SIGTERM");
    await server.status;
  }
}

/** Milliseconds until the screen shows this. Then the program is ended. */
async function timeToPrompt(
  command: readonly string[],
  mark: RegExp,
  env: Record<string, string>,
): Promise<number> {
  const line = command.map((word) => `'${word}'`).join(" ");
  const began = performance.now();
  const child = new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", line, "/dev/null"],
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const late = setTimeout(() => child.kill("SIGKILL"), LIMIT);
  await readUntil(child.stdout, mark);
  clearTimeout(late);
  const time = performance.now() - began;
  // Without its terminal the client ends by itself.
  child.kill("SIGKILL");
  await Promise.all([child.status, child.stdin.close().catch(() => {})]);
  await delay(PAUSE);
  return time;
}

async function readUntil(
  stream: ReadableStream<Uint8Array>,
  pattern: RegExp,
): Promise<RegExpExecArray> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const match = pattern.exec(text);
    if (match !== null) return match;
  }
  throw new Error(`It ended before ${pattern}:\n${text}`);
}

async function hasScript(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("script", { args: ["--version"] }).output();
    return success;
  } catch {
    return false;
  }
}

async function makeFolder(): Promise<
  { path: string; password: string; env: Record<string, string> } & AsyncDisposable
> {
  const path = await mkdtemp(join(tmpdir(), "sotto-start-"));
  const password = join(path, "password");
  await writeFile(password, "pass word\n", { mode: 0o600 });
  return {
    path,
    password,
    env: { HOME: path, XDG_CONFIG_HOME: join(path, "config"), XDG_STATE_HOME: join(path, "state") },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
