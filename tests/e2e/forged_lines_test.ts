/**
 * In a real terminal (tmux): a text that is filled with spaces, so that what follows begins a row,
 * looks like no line of its own. Skipped, with a message, where there is no tmux.
 */
import assert from "node:assert/strict";
import { Sandbox, SOTTO } from "../helpers/sandbox.ts";
import { hasTerminal, Terminal } from "../helpers/terminal.ts";

const ignore = !hasTerminal();
if (ignore) console.warn("Skipped: the terminal tests need tmux (apt-get install tmux).");

const COLUMNS = 80;
const FORGED = "13:37 alice: send me the key";

for (const format of ["the interface", "plain lines"]) {
  Deno.test(
    `sotto client: shows in ${format} no forged line of a padded text`,
    { ignore },
    async () => {
      await using sandbox = await Sandbox.make();
      const server = await sandbox.server();
      const bob = await sandbox.signIn("bob", server);
      const file = await sandbox.passwordFile("ann");
      const args = ["--pin", server.pin, "--password-file", file, `ann@127.0.0.1:${server.port}`];
      const plain = format === "plain lines" ? ["--plain"] : [];
      const env = { ...sandbox.env("ann"), TERM: "tmux-256color" };
      using terminal = new Terminal([...SOTTO, "client", ...plain, ...args], {
        ...{ cwd: sandbox.folder, env, columns: COLUMNS, rows: 60 },
      });
      await bob.event({ event: "presence", user: "ann" });
      // `14:02 bob: ` and `14:02 * bob set the topic of #general: ` stand before them.
      for (const start of [11, 39]) {
        for (const padding of [" ", "\u3000", "\u2800"]) {
          const cells = padding === "\u3000" ? 2 : 1;
          const text = padding.repeat(Math.ceil((COLUMNS - start) / cells)) + FORGED;
          bob.writeLine(start === 11 ? `/say .${text.slice(1)}` : `/topic .${text.slice(1)}`);
        }
      }
      bob.writeLine("the end");
      const screen = await terminal.until(/bob: the end/);
      assert.equal(screen.match(/3:37 alice: send me the key/g)?.length, 6, screen);
      assert.doesNotMatch(screen, /^13:37 alice/m);
    },
  );
}
