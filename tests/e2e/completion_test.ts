/** Completion as people have it: in the shells themselves, with the Tab key. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { House } from "../helpers/house.ts";
import { hasTerminal, Terminal } from "../helpers/terminal.ts";

/** How each shell is started bare, and told to complete. */
const SHELLS = {
  bash: { start: ["bash", "--norc", "-i"], load: 'eval "$(sotto completion bash)"' },
  zsh: {
    start: ["zsh", "-f", "-i"],
    load: 'autoload -U compinit; compinit -D; eval "$(sotto completion zsh)"',
  },
  fish: { start: ["fish", "--no-config", "-i"], load: "sotto completion fish | source" },
} as const;

for (const [shell, { start, load }] of Object.entries(SHELLS)) {
  const ignore = !hasTerminal() || spawnSync(shell, ["--version"]).error !== undefined;
  if (ignore) console.warn(`Skipped: completion in ${shell} needs tmux and ${shell}.`);
  Deno.test({
    name: `sotto completion ${shell} completes commands, options and their values at Tab`,
    ignore,
    async fn() {
      await using house = await House.make();
      const env = { ...await house.withSotto("ann"), PS1: "$ ", TERM: "screen" };
      // Not through tmux, which has a PATH of its own.
      const command = ["env", `PATH=${env["PATH"]}`, ...start];
      using terminal = new Terminal(command, { cwd: house.folder, env });
      terminal.enter(`${load}; echo rea''dy`);
      await terminal.until(/^ready$/m);
      const completes = async (typed: string, pattern: RegExp) => {
        terminal.type(typed);
        terminal.press("Tab");
        const screen = await terminal.until(pattern);
        assert.match(screen, pattern);
        terminal.press("C-c");
      };
      await completes("sotto cl", /sotto client/);
      await completes("sotto server --eng", /sotto server --engine/);
      await completes("sotto client --transport q", /sotto client --transport quic/);
    },
  });
}
