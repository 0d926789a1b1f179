import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Program } from "../helpers/program.ts";
import { hasTerminal, Terminal } from "../helpers/terminal.ts";

const START = fileURLToPath(new URL("../../scripts/start.ts", import.meta.url));
const COMMAND = [Deno.execPath(), "run", "-A", START, "--host", "127.0.0.1", "--port", "0"];

Deno.test("npm start without a terminal runs a server", async () => {
  const folder = await Deno.makeTempDir();
  {
    const [deno = "", ...args] = COMMAND;
    await using start = new Program(deno, args, { cwd: folder });
    await start.line(/^ready quic:\/\/127\.0\.0\.1:\d+ alpn=sotto\/1 pin=SHA256:/);
    start.kill("SIGTERM");
    assert.equal(await start.exit(), 0);
    assert.equal(start.lines.length, 1);
    assert.match(start.stderr, /stopped/);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test({
  name: "npm start in a terminal joins its server, and stops it at the end",
  ignore: !hasTerminal(),
  async fn() {
    const folder = await Deno.makeTempDir();
    const env = { HOME: folder, XDG_CONFIG_HOME: "", XDG_STATE_HOME: "" };
    {
      using terminal = new Terminal(COMMAND, { cwd: folder, env });
      await terminal.until(/L to log in/);
      terminal.type("r");
      terminal.press("Enter");
      await terminal.until(/Name on localhost/);
      terminal.type("ann");
      terminal.press("Enter");
      await terminal.until(/Password of ann/);
      terminal.type("not on the screen");
      terminal.press("Enter");
      await terminal.until(/Repeat the password/);
      terminal.type("not on the screen");
      terminal.press("Enter");
      await terminal.until(/signed in as ann/);
      terminal.press("C-c");
      const screen = await terminal.until(/left: 0/);
      assert.doesNotMatch(screen, /not on the screen/);
    }
    const log = await readFile(join(folder, ".sotto", "server.log"), "utf8");
    assert.match(log, /signed_in user=ann/);
    assert.match(log, /stopped\n$/);
    await Deno.remove(folder, { recursive: true });
  },
});
