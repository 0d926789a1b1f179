/**
 * A program in a real terminal (tmux), for tests of what only happens there: typed at key by key,
 * read off the screen.
 */
import { execFileSync } from "node:child_process";
import { poll } from "./within.ts";

/** Milliseconds between two looks at the screen, each of which starts a program. */
const INTERVAL = 50;

/** Whether this machine has tmux; tests that need a terminal are skipped without it. */
export function hasTerminal(): boolean {
  try {
    execFileSync("tmux", ["-V"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

interface TerminalOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
}

export class Terminal implements Disposable {
  static #count = 0;
  /** A tmux server of its own, so that nobody else's is touched. */
  readonly #socket = `sotto-${Deno.pid}-${Terminal.#count++}`;

  /** Starts a program. The screen stays when it has left, with `left: CODE` as its last line. */
  constructor(command: readonly string[], options: TerminalOptions) {
    const { cwd, env, columns = 80, rows = 24 } = options;
    const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const variables = Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
    this.#tmux(
      ...["-f", "/dev/null", "new-session", "-d", "-c", cwd, "-x", `${columns}`, "-y", `${rows}`],
      ...[...variables, `${quoted}; echo "left: $?"; cat`],
    );
  }

  /** Types text as it is. */
  type(text: string): void {
    this.#tmux("send-keys", "-l", "--", text);
  }

  /** Presses a key that tmux has a name for: `Enter`, `C-c`, `Up`. */
  press(key: string): void {
    this.#tmux("send-keys", key);
  }

  /** Types a line. */
  enter(line: string): void {
    this.type(line);
    this.press("Enter");
  }

  /** Pastes text as a terminal does: at once, and marked as pasted where that was asked for. */
  paste(text: string): void {
    this.#tmux("set-buffer", text);
    this.#tmux("paste-buffer", "-p", "-r");
  }

  /** Gives the window another size. */
  resize(columns: number, rows: number): void {
    this.#tmux("resize-window", "-x", `${columns}`, "-y", `${rows}`);
  }

  /** What tmux knows of the window, in its own language: `#{cursor_flag}`, `#{pane_title}`. */
  query(format: string): string {
    return this.#tmux("display-message", "-p", format).trim();
  }

  /** What stands on the screen, without empty lines. */
  get screen(): string {
    return this.#tmux("capture-pane", "-p").replaceAll(/^\s*\n/gm, "");
  }

  /** The same with its colours and weights, and with empty lines. */
  get styled(): string {
    return this.#tmux("capture-pane", "-p", "-e", "-N");
  }

  /** Waits until the screen fits, and returns it. */
  until(pattern: RegExp): Promise<string> {
    let screen = "";
    const look = () => {
      screen = this.screen;
      return pattern.test(screen) ? screen : undefined;
    };
    return poll(look, () => `${pattern} on the screen:\n${screen}`, INTERVAL);
  }

  [Symbol.dispose](): void {
    this.#tmux("kill-server");
  }

  #tmux(...args: string[]): string {
    return execFileSync("tmux", ["-L", this.#socket, ...args]).toString();
  }
}
