/**
 * `deno run -A scripts/screenshots.ts`: makes the pictures in `docs/screenshots/` from a real session,
 * with a server and three clients in tmux.
 */
import { mkdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Sandbox, type ServerProgram, SOTTO } from "../tests/helpers/sandbox.ts";
import { Terminal } from "../tests/helpers/terminal.ts";
import { svgOf } from "./ansi_svg.ts";

const PICTURES = fileURLToPath(new URL("../docs/screenshots/", import.meta.url));
const MIB = 1024 * 1024;

await using sandbox = await Sandbox.make();
const server = await sandbox.server();
using ann = await startClient("ann", server, 80, 24);
using bob = await startClient("bob", server, 80, 24);
using cleo = await startClient("cleo", server, 40, 24);
await ann.until(/bob, cleo/);

await say(bob, "the new pump is in, pressure holds at 2.4 bar", ann);
await say(cleo, "日本 says thank you 🎉", ann);
await say(bob, "ann: can you look at the log before noon?", ann);
await say(ann, "on it", bob);
ann.enter("@bob only for you: the budget is fine");
await bob.until(/ann -> you: only for you/);
bob.enter("@secret ann k3y-of-us the door code is 4711");
await ann.until(/\[sealed from bob, \/open 1\]/);
ann.enter("/open 1 k3y-of-us");
await ann.until(/the door code is 4711/);
ann.paste("def hold(bar):\n    return bar > 2.2");
ann.press("Enter");
await bob.until(/return bar/);
cleo.enter("/join tech");
await cleo.until(/#tech · /);
ann.enter("/join tech");
await ann.until(/now goes to #tech/);
ann.enter("/join general");
await ann.until(/now goes to #general/);
cleo.enter("anybody here for the night shift?");
await ann.until(/#tech cleo: anybody/);
await say(bob, "here comes the whole log", ann);
await send(sandbox.folder, "log-2026.tar", 400 * MIB, bob);
await ann.until(/log-2026\.tar, 400\.0 MiB/);
ann.enter("/accept");
await ann.until(/↓ log-2026\.tar █/);
ann.type("thanks, I see it");
await ann.until(/> thanks, I see it/);

await mkdir(PICTURES, { recursive: true });
await take(ann, 80, "interface.svg", "sotto client ann@chat.example");
await take(cleo, 40, "narrow.svg", "sotto client cleo@chat.example");

/** Starts a client with colours, and waits for its interface. */
async function startClient(
  name: string,
  { port, pin }: ServerProgram,
  columns: number,
  rows: number,
): Promise<Terminal> {
  const file = await sandbox.passwordFile(name);
  const env = { ...sandbox.env(name), NO_COLOR: "", TERM: "tmux-256color" };
  const terminal = new Terminal(
    [
      ...[...SOTTO, "client", "--pin", pin, "--password-file", file],
      ...["--downloads", join(sandbox.folder, name, "downloads"), `${name}@127.0.0.1:${port}`],
    ],
    { cwd: sandbox.folder, env, columns, rows },
  );
  await terminal.until(/#general · [^\n]*\n>/);
  return terminal;
}

async function say(from: Terminal, text: string, to: Terminal): Promise<void> {
  from.enter(text);
  await to.until(new RegExp(text.slice(0, 20).replaceAll(/[^\p{L}\p{N} ]/gu, ".")));
}

async function send(folder: string, name: string, size: number, from: Terminal): Promise<void> {
  const path = join(folder, name);
  await writeFile(path, "");
  await truncate(path, size);
  from.enter(`/send #general ${path}`);
}

async function take(terminal: Terminal, columns: number, file: string, title: string) {
  const rows = terminal.styled.split("\n");
  while (rows.at(-1) === "") rows.pop();
  await writeFile(join(PICTURES, file), svgOf({ rows, columns, title }));
  console.error(`Made docs/screenshots/${file}`);
}
