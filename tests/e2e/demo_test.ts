import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { runDemo } from "../../examples/demo/main.ts";
import { type Engine, TransportError } from "../../protocol/transport/transport.ts";
import { Program } from "../helpers/program.ts";

/** What `npm run demo` runs. */
const SOTTO = fileURLToPath(new URL("../../scripts/sotto.ts", import.meta.url));
const README = new URL("../../README.md", import.meta.url);

/** The transcripts in README.md: a part of the demo, then all of it. */
async function shownTranscripts(): Promise<string[][]> {
  const readme = await readFile(README, "utf8");
  const blocks = [...readme.matchAll(/^```text\n([^]*?)^```$/gm)];
  return blocks.map(([, block = ""]) => block.trimEnd().split("\n"));
}

/** Replaces what differs from run to run. */
function withoutChanges(line: string): string {
  return line.replace(/:\d{4,5}\b/, ":PORT").replace(/SHA256:[\w-]{43}/, "SHA256:PIN");
}

Deno.test("sotto demo prints what README.md shows, with the permissions of the executable", async () => {
  const temporary = await Deno.makeTempDir();
  await using demo = new Program(Deno.execPath(), ["run", "-A", SOTTO, "demo"], {
    env: { ...Deno.env.toObject(), TMPDIR: temporary },
  });
  assert.equal(await demo.exit(180_000), 0, demo.stderr + demo.lines.join("\n"));
  assert.equal(demo.stderr, "");
  assert.match(demo.lines.at(-1) ?? "", /^Done\. All \d+ checks passed\.$/);
  assert.deepEqual(await readdir(temporary), []);
  await Deno.remove(temporary);

  const [part = [], whole] = await shownTranscripts();
  // After a change of the demo, copy the output of `npm run demo` to README.md.
  assert.deepEqual(whole?.map(withoutChanges), demo.lines.map(withoutChanges));
  let next = 0;
  for (const line of part.filter((line) => line !== "")) {
    next = demo.lines.indexOf(line, next) + 1;
    assert.ok(
      next > 0,
      `The demo does not print this line of README.md, or not in this order: ${line}`,
    );
  }
});

Deno.test("runDemo fails when an expected event does not come, and says which", async () => {
  const unreachable: Engine = {
    name: "quiche",
    listen: () => Promise.reject(new TransportError("unsupported", "never asked")),
    dial: () => Promise.reject(new TransportError("unreachable", "The network is down.")),
  };
  const lines: string[] = [];
  assert.equal(await runDemo((line) => lines.push(line), unreachable), 1);
  assert.match(lines.at(-1) ?? "", /The demo failed\. ann waited for authenticated/);
  assert.match(lines.at(-1) ?? "", /The network is down/);
});
