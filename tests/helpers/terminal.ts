/**
 * A real terminal in a test: a tmux session of its own, typed into and looked at like a screen. It
 * is gone at the end of the scope.
 */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LIMIT = 20_000;
const LOOK = 50;

/** Whether this machine has tmux. */
export function hasTmux(): boolean {
  try {
    execFileSync("tmux", ["-V"]);
    return true;
  } catch {
    return false;
  }
}

export class Terminal implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Runs a command in a terminal of 100 columns and 30 lines; it stays when the command ends. */
  static async run(
    command: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<Terminal> {
    const terminal = new Terminal(await mkdtemp(join(tmpdir(), "sotto-tmux-")));
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    // Ctrl-C is for the command alone. What it left with stands on the last line.
    const script = 'trap : INT; "$@"; echo "exit code $?"; exec sleep 600';
    terminal.#tmux(
      ...["-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30"],
      ...["env", "-i", ...variables, "sh", "-c", script, "sh", ...command],
    );
    return terminal;
  }

  /** Types text as it stands. */
  type(text: string): void {
    this.#tmux("send-keys", "-l", "--", text);
  }

  /** Presses keys, by tmux's names: `Enter`, `C-c`, `BSpace`. */
  press(...keys: string[]): void {
    this.#tmux("send-keys", ...keys);
  }

  /** Types a line. */
  enter(line: string): void {
    this.type(line);
    this.press("Enter");
  }

  /** What stands on the screen, and what has scrolled off it. */
  screen(): string {
    return this.#tmux("capture-pane", "-p", "-J", "-S", "-1000").trimEnd();
  }

  /** Waits until the screen fits; resolves with it. */
  async until(pattern: RegExp): Promise<string> {
    for (let waited = 0; waited < LIMIT; waited += LOOK) {
      const screen = this.screen();
      if (pattern.test(screen)) return screen;
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
    throw new Error(`Waited ${LIMIT} ms for ${pattern} on this screen:\n${this.screen()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tmux("kill-server");
    await rm(this.#folder, { recursive: true });
  }

  #tmux(...args: string[]): string {
    // A server of its own: nobody's settings, nobody's other sessions.
    const socket = join(this.#folder, "socket");
    return execFileSync("tmux", ["-S", socket, ...args], { encoding: "utf8" });
  }
}
