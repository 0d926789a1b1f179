/** Holds what the documents promise to what the program has. */
import assert from "node:assert/strict";
import { access, readdir, readFile } from "node:fs/promises";
import { parseArguments } from "../cli/parse.ts";
import { commandForms } from "../client/commands/commands.ts";
import metadata from "../package.json" with { type: "json" };

const read = (path: string) => readFile(new URL(`../${path}`, import.meta.url), "utf8");
const help = (...args: string[]) => {
  const parsed = parseArguments(args, { version: "sotto 0" });
  return parsed.type === "print" ? parsed.stdout : "";
};

Deno.test("docs/cli.md names every command and every option", async () => {
  const document = await read("docs/cli.md");
  const commands = [...help("help").matchAll(/^ {2}([a-z]+) /gm)].map(([, name = ""]) => name);
  assert.deepEqual(commands.toSorted(), [
    "admin",
    "bench",
    "certs",
    "client",
    "completion",
    "demo",
    "discover",
    "help",
    "invite",
    "man",
    "send",
    "server",
  ]);
  for (const command of commands) {
    assert.ok(document.includes(`sotto ${command}`), command);
    if (command === "help" || command === "completion") continue;
    for (const [option] of help("help", command).matchAll(/--[a-z][a-z-]*/g)) {
      assert.ok(document.includes(`\`${option}`), `${command} ${option}`);
    }
  }
});

Deno.test("docs/cli.md has every command that a person types, in all of its forms", async () => {
  const document = (await read("docs/cli.md")).replaceAll("\\|", "|");
  const rows = [...document.matchAll(/^\| (`[^`]+`(?:, `[^`]+`)*)\s+\|/gm)].map(([, row = ""]) =>
    row
  );
  for (const { words, usages } of commandForms()) {
    for (const [usage] of usages) {
      assert.ok(rows.some((row) => row.includes(`\`${usage}\``)), usage);
    }
    for (const word of words) {
      const named = [word, word.replace("/", "@")].some((it) =>
        new RegExp(`\`${it}(?![\\w-])`).test(document)
      );
      assert.ok(named, word);
    }
  }
});

Deno.test("docs/cli.md describes the events that client/events.ts has, field by field", async () => {
  const source = await read("client/events.ts");
  const document = await read("docs/cli.md");
  const interfaces = source.matchAll(/interface \w+Event extends Base \{\n([\s\S]*?)\n\}/g);
  const declared = [...interfaces].map(([, body = ""]) => {
    const event = /readonly event: "(\w+)"/.exec(body)?.[1];
    const fields = [...body.matchAll(/^ {2}readonly (\w+\??):/gm)].map(([, field = ""]) => field);
    return { event, fields: fields.filter((field) => field !== "event").toSorted() };
  });
  const rows = [...document.matchAll(/^\| `(\w+)`\s+\| (`.*?`\??)\s+\|/gm)]
    .filter(([, event]) => declared.some((row) => row.event === event))
    .map(([, event, fields = ""]) => ({
      event,
      fields: fields.split(", ")
        .filter((field) => field.startsWith("`"))
        .map((field) => field.replace(/`(\w+)[^`]*(`|$)/, "$1"))
        .toSorted(),
    }));
  const byName = (one: { event?: string | undefined }, other: { event?: string | undefined }) =>
    String(one.event).localeCompare(String(other.event));
  assert.deepEqual(rows.toSorted(byName), declared.toSorted(byName));
});

Deno.test("README.md and docs/cli.md show only commands that the program takes", async () => {
  const shown = `${await read("README.md")}\n${await read("docs/cli.md")}`;
  const lines = [...shown.matchAll(/^(?:\$| {2}) +(sotto (?:[a-z]+|--\w+).*)$/gm)];
  assert.ok(lines.length > 0);
  for (const [, line = ""] of lines) {
    const words = line.split(/ [|#>&]/)[0]?.trim().replaceAll(/['"]/g, "").split(/ +/).slice(1);
    const parsed = parseArguments(words ?? [], { version: "sotto 0" });
    assert.ok(parsed.type === "run" || parsed.exitCode === 0, line);
  }
});

Deno.test("README.md names only npm scripts that exist", async () => {
  const scripts: Readonly<Record<string, string>> = metadata.scripts;
  const named = [...(await read("README.md")).matchAll(/npm (?:run )?([a-z:]+)/g)];
  assert.ok(named.length > 0);
  for (const [text, name = ""] of named) {
    if (!["ci", "install"].includes(name)) assert.ok(Object.hasOwn(scripts, name), text);
  }
});

Deno.test("README.md gives CI its commands in sh blocks, and .ci/run runs those", async () => {
  const readme = await read("README.md");
  const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, body = ""]) => body);
  const commands = blocks.join("").split("\n").filter((line) => line !== "");
  for (const script of ["npm ci && npm run demo", "npm ci && npm test", "npm run compile"]) {
    assert.ok(commands.includes(script), script);
  }
  assert.match(await read(".ci/run"), /\/\^```sh\$\//);
});

Deno.test("Links between documents point at files and headings that exist", async () => {
  const root = new URL("../", import.meta.url);
  const files = (await readdir(root, { recursive: true }))
    .filter((path) => path.endsWith(".md") && !/(^|\/)(node_modules|dist)\//.test(path));
  const broken: string[] = [];
  for (const file of files) {
    for (const [, target = ""] of (await read(file)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const url = new URL(target, new URL(file, root));
      const exists = await access(url.pathname).then(() => true, () => false);
      if (!exists || !await hasHeading(url)) broken.push(`${file}: ${target}`);
    }
  }
  assert.deepEqual(broken, []);
});

/** Whether the heading that a link names is there, by GitHub's rule for anchors. */
async function hasHeading(url: URL): Promise<boolean> {
  if (url.hash === "") return true;
  const headings = (await readFile(url.pathname, "utf8")).matchAll(/^#+ (.*)$/gm);
  const anchors = [...headings].map(([, heading = ""]) =>
    heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );
  return anchors.includes(decodeURIComponent(url.hash.slice(1)));
}
