/** The bots of docs/bots.md, run as they stand there. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Sandbox } from "../helpers/sandbox.ts";
import { Program } from "../helpers/program.ts";

const ROOT = new URL("../../", import.meta.url);
const pathOf = (path: string) => fileURLToPath(new URL(path, ROOT));

const ignore = !hasJq();
if (ignore) console.warn("Skipped: the bot in shell needs jq (apt-get install jq).");

Deno.test("docs/bots.md shows the bots in examples/bots", async () => {
  const page = await readFile(new URL("docs/bots.md", ROOT), "utf8");
  for (
    const [path, language] of [["examples/bots/dice.ts", "ts"], ["examples/bots/disk.sh", "sh"]]
  ) {
    const shown = `[\`${path}\`](../${path}):\n\n\`\`\`${language}\n`;
    const [, rest = ""] = page.split(shown);
    assert.equal(rest.split("```\n")[0], await readFile(new URL(`${path}`, ROOT), "utf8"), path);
  }
});

Deno.test("dice.ts rolls dice in rooms and in private messages", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const ann = await sandbox.signIn("ann", server);
  const password = await sandbox.passwordFile("dice");
  const args = [`dice@127.0.0.1:${server.port}`, server.pin, password, "tech"];
  await using bot = new Program(
    Deno.execPath(),
    ["run", "-A", "--no-check", "--unstable-net", pathOf("examples/bots/dice.ts"), ...args],
    { env: sandbox.env("dice") },
  );
  await ann.event({ event: "presence", user: "dice", status: "normal" });
  ann.writeLine("!roll 3d6");
  const { text } = await ann.event({ event: "message", from: "dice" });
  const [, rolls = "", sum] = /^ann: (\d \+ \d \+ \d) = (\d+)$/.exec(`${text}`) ?? [];
  assert.equal(rolls.split(" + ").reduce((all, roll) => all + Number(roll), 0), Number(sum));
  ann.writeLine("/join tech");
  await ann.event({ event: "room", conversation: "room:tech" });
  ann.writeLine("!roll 1d2; rm -rf /");
  await ann.event({
    event: "message",
    conversation: "room:tech",
    text: "ann: write !roll, or !roll 2d6.",
  });
  ann.writeLine("@dice !roll");
  await ann.event({ event: "message", conversation: "dm:ann:dice" });
  bot.kill("SIGTERM");
  await ann.event({ event: "presence", user: "dice", status: "offline" });
  assert.equal(await bot.exit(), 0, bot.stderr);
});

Deno.test({
  name: "The bot in shell answers what it was asked, also while it was away",
  ignore,
  async fn() {
    await using sandbox = await Sandbox.make();
    const server = await sandbox.server();
    const ann = await sandbox.signIn("ann", server);
    const password = await sandbox.passwordFile("disk");
    const args = [`disk@127.0.0.1:${server.port}`, "--accept-new", "--password-file", password];
    const env = await sandbox.envWithSotto("disk");
    // A group of its own, which a signal to `timeout` reaches as Ctrl-C would.
    const start = () =>
      new Program("timeout", ["60", "sh", pathOf("examples/bots/disk.sh"), ...args], { env });
    {
      await using bot = start();
      await ann.event({ event: "presence", user: "disk", status: "normal" });
      ann.writeLine("how full is the !disk?");
      ann.writeLine("!disk");
      const { text } = await ann.event({ event: "message", conversation: "dm:ann:disk", seq: 1 });
      assert.match(`${text}`, /^The disk of \S+ is \d+% full\.$/);
      bot.kill("SIGTERM");
      await ann.event({ event: "presence", user: "disk", status: "offline" });
      await bot.exit();
    }
    ann.writeLine("@disk !disk");
    await ann.event({ event: "ack", conversation: "dm:ann:disk" });
    await using again = start();
    await ann.event({ event: "message", conversation: "dm:ann:disk", seq: 3 });
    again.kill("SIGTERM");
    await again.exit();
  },
});

function hasJq(): boolean {
  try {
    execFileSync("jq", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
