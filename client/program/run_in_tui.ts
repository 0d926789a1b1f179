/**
 * Runs a client in the interface for terminals. Until the first sign-in it writes lines; then the
 * interface takes over the terminal.
 */
import { writeSync } from "node:fs";
import process from "node:process";
import type { Chat } from "../chat.ts";
import type { Ending } from "../ending.ts";
import type { Input } from "../ui/input.ts";
import { PlainView } from "../ui/plain.ts";
import type { UserPrompts } from "../ui/prompts.ts";
import type { State } from "../ui/state.ts";
import type { TerminalOutput } from "../ui/tui/screen.ts";
import type { startTui as StartTui } from "../ui/tui/start.ts";
import type { Tui } from "../ui/tui/tui.ts";
import { DEFAULT_COLUMNS, writeLines } from "./run_in_lines.ts";
import type { StandardError } from "./standard_error.ts";

interface RunInTuiOptions {
  readonly chat: Chat;
  readonly input: Input;
  readonly stdout: TerminalOutput;
  readonly stderr: StandardError;
  /** Move into the interface when it starts. */
  readonly prompts: UserPrompts;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const STDOUT = 1;

/**
 * The first Ctrl-C or signal leaves in good order, the second one at once. Either way the terminal
 * is restored.
 */
export async function runInTui(options: RunInTuiOptions): Promise<Ending> {
  const { chat, input } = options;
  const stopped = Promise.withResolvers<Ending>();
  let isLeaving = false;
  const leave = () => {
    if (isLeaving) stopped.resolve({ code: "unsent", message: "Left at once." });
    isLeaving = true;
    void chat.leave();
  };
  const display = new Display(options, leave, stopped.reject);
  const output = display.showEvents();
  output.then(() => chat.leave(), stopped.reject);
  const restore = () => display.restore();
  // Without a handler for an error, Deno emits only the second of these.
  process.on("exit", restore);
  process.on("uncaughtExceptionMonitor", restore);
  for (const signal of SIGNALS) process.on(signal, leave);
  try {
    return await Promise.race([
      chat.ended.then((ending) => output.then(() => ending)),
      stopped.promise,
    ]);
  } finally {
    display.close();
    input.close();
    for (const signal of SIGNALS) process.off(signal, leave);
    process.off("exit", restore);
    process.off("uncaughtExceptionMonitor", restore);
  }
}

/** Writes lines until the first sign-in, then starts the interface. */
class Display {
  readonly #options: RunInTuiOptions;
  readonly #leave: () => void;
  readonly #fail: (failure: unknown) => void;
  #tui: Tui | undefined;

  constructor(options: RunInTuiOptions, leave: () => void, fail: (failure: unknown) => void) {
    this.#options = options;
    this.#leave = leave;
    this.#fail = fail;
  }

  /** Resolves after the last event, or when the output is closed. */
  async showEvents(): Promise<void> {
    const { chat, stdout } = this.#options;
    // It loads while the client connects.
    const loading = import("../ui/tui/start.ts");
    loading.catch(() => {}); // Thrown where it is awaited.
    const columns = () => stdout.columns || DEFAULT_COLUMNS;
    const lines = new PlainView({ now: () => Date.now(), echoed: true, columns });
    for await (const event of chat.events) {
      if (this.#tui === undefined && event.event === "authenticated") {
        this.#start((await loading).startTui, lines.state);
      }
      const isOpen = this.#tui === undefined
        ? await writeLines(stdout, lines.show(event))
        : await this.#tui.show(event);
      if (!isOpen) return;
    }
  }

  /** Restores the terminal at once, when the process ends unexpectedly. */
  restore(): void {
    writeSync(STDOUT, this.#tui?.restoreSequence() ?? "");
  }

  close(): void {
    this.#tui?.close();
    this.#options.stderr.divert(undefined);
  }

  #start(startTui: typeof StartTui, state: State): void {
    const { chat, input, stdout, stderr, prompts, env } = this.#options;
    const tui = startTui({
      chat,
      input,
      output: stdout,
      state,
      env,
      leave: this.#leave,
      fail: this.#fail,
    });
    this.#tui = tui;
    prompts.moveTo(tui.questions);
    stderr.divert((line) => tui.questions.tell(line));
    tui.read().then(this.#leave, this.#fail);
  }
}
