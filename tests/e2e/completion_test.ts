/** Completion as people have it: in the shells themselves, with the Tab key. */
import { spawnSync } from "node:child_process";
import { Sandbox } from "../helpers/sandbox.ts";
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
      await using sandbox = await Sandbox.make();
      const env: Record<string, string> = {
        ...await sandbox.envWithSotto("ann"),
        TERM: "screen",
        HISTFILE: "",
      };
      // Not through tmux, which has a PATH of its own.
      const command = ["env", `PATH=${env["PATH"]}`, ...start];
      using terminal = new Terminal(command, { cwd: sandbox.folder, env });
      /** Has the shell say something, so that it is known to listen again. */
      const answered = async (line: string, word: string) => {
        terminal.enter(`${line}; echo ${word}''!`);
        await terminal.until(new RegExp(`^${word}!$`, "m"));
      };
      await answered(load, "loaded");
      const completes = async (typed: string, pattern: RegExp) => {
        await answered("clear", "cleared");
        terminal.type(typed);
        terminal.press("Tab");
        await terminal.until(pattern);
        terminal.press("C-u"); // Not Ctrl-C, after which keys may be lost.
      };
      await completes("sotto cl", /sotto client/);
      await completes("sotto server --eng", /sotto server --engine/);
      await completes("sotto client --transport q", /sotto client --transport quic/);
      terminal.enter("exit");
      await terminal.until(/^left: /m);
    },
  });
}
