/**
 * `deno run -A bench/start.ts`: how long it takes from the start of the client to the line that is
 * typed, on a terminal, for somebody who has been there before; in the interface and in lines.
 *
 * The terminal is that of `script` (util-linux), so that this runs on Linux.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "../compare/stats.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
/** As the executable is made: nothing is checked at the start. */
const SOTTO = [Deno.execPath(), "run", "-A", "--no-check", "--unstable-net", MAIN];

/** So that one client has left before the next one starts, milliseconds. */
const PAUSE = 500;

const { values } = parseArgs({ options: { runs: { type: "string", default: "15" } } });
const runs = Number(values.runs);

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
  const password = ["--password-file", folder.password];
  await timeToPrompt([...client, ...password, "--plain"], /here: /); // From now on there is a token.
  for (
    const [name, args, mark] of [
      ["interface", client, /#general/],
      ["plain", [...client, "--plain"], /here: /],
    ] as const
  ) {
    const times: number[] = [];
    for (let run = 0; run < runs; run++) times.push(await timeToPrompt(args, mark));
    times.sort((one, other) => one - other);
    const [fastest, slowest] = [times[0] ?? 0, times.at(-1) ?? 0];
    const figures = [median(times), fastest, slowest].map((ms) => `${Math.round(ms)} ms`);
    console.log(`${name}: median ${figures[0]}, from ${figures[1]} to ${figures[2]}, ${runs} runs`);
  }
} finally {
  server.kill("SIGTERM");
  await server.status;
}

/** Milliseconds until the screen has what is waited for. The program is ended then. */
async function timeToPrompt(command: readonly string[], mark: RegExp): Promise<number> {
  const line = command.map((word) => `'${word}'`).join(" ");
  const began = performance.now();
  const child = new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", line, "/dev/null"],
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  await readUntil(child.stdout, mark);
  const time = performance.now() - began;
  // Without its terminal the client leaves by itself.
  child.kill("SIGKILL");
  await Promise.all([child.status, child.stdin.close().catch(() => {})]);
  await new Promise((resolve) => setTimeout(resolve, PAUSE));
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
