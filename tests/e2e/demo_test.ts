import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { runDemo } from "../../demo/main.ts";
import { type Engine, TransportError } from "../../protocol/transport/transport.ts";
import { PERMISSIONS } from "../../scripts/permissions.ts";
import { Program } from "../helpers/program.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

Deno.test("sotto demo shows every kind of message, with no more than its permissions", async () => {
  const temporary = await Deno.makeTempDir();
  await using demo = new Program(Deno.execPath(), ["run", ...PERMISSIONS, MAIN, "demo"], {
    env: { ...Deno.env.toObject(), TMPDIR: temporary },
  });
  assert.equal(await demo.exit(), 0, demo.stderr);
  assert.equal(demo.stderr, "");
  assert.match(demo.lines.at(-1) ?? "", /^All of it happened: \d+ things/);
  for (
    const line of [
      "ann > Good morning, everyone.",
      "bob | ann: Good morning, everyone.",
      "ann | bob (privately): Is the surprise for Cat ready?",
      "cat | ann (privately): Cat, the meeting is at three.",
      "bob | opened: The spare key is under the third flowerpot.",
      "bob | connected again, with no password",
      "ann | bob: Still here! (typed in the tunnel)",
    ]
  ) assert.ok(demo.lines.includes(line), line);
  assert.deepEqual(await readdir(temporary), []);
  await Deno.remove(temporary);
});

Deno.test("runDemo fails, and says what did not happen, when it did not", async () => {
  const dead: Engine = {
    name: "quiche",
    listen: () => Promise.reject(new TransportError("unsupported", "never asked")),
    dial: () => Promise.reject(new TransportError("unreachable", "The network is down.")),
  };
  const lines: string[] = [];
  assert.equal(await runDemo((line) => lines.push(line), dead), 1);
  assert.match(lines.at(-1) ?? "", /It did not all happen\. ann waited for authenticated/);
  assert.match(lines.at(-1) ?? "", /The network is down/);
});
