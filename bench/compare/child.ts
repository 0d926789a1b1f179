/**
 * A program of this room in a process of its own. It says one thing, as a line of JSON, and ends
 * when its input does. Only a run from the sources may start one.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Milliseconds from the end of its input until it is made to leave. */
const FAREWELL = 8_000;

interface ChildOptions {
  /** What goes before the command: where it is to run. */
  readonly prefix: readonly string[];
  readonly script: URL;
  readonly args?: readonly string[];
}

export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #gone: Promise<unknown>;
  readonly #said: Promise<string>;
  #errors = "";

  constructor({ prefix, script, args = [] }: ChildOptions) {
    const deno = [process.execPath, "run", "-A", "--quiet", "--no-check", fileURLToPath(script)];
    const [command = "", ...rest] = [...prefix, ...deno, ...args];
    this.#process = spawn(command, rest, { stdio: ["pipe", "pipe", "pipe"] });
    this.#gone = once(this.#process, "close").catch(() => {});
    this.#process.stdin?.on("error", () => {}); // It may leave before it has read everything.
    this.#process.stderr?.on("data", (text) => this.#errors += text);
    this.#said = this.#firstLine();
    this.#said.catch(() => {}); // Thrown by `says`.
  }

  /** What it says. Throws when it ends without a word. */
  async says(): Promise<unknown> {
    return JSON.parse(await this.#said);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin?.end();
    const late = setTimeout(() => this.#process.kill("SIGKILL"), FAREWELL);
    await this.#gone;
    clearTimeout(late);
  }

  async #firstLine(): Promise<string> {
    const { stdout } = this.#process;
    if (stdout !== null) {
      for await (const line of createInterface({ input: stdout })) {
        return line;
      }
    }
    await this.#gone;
    throw new Error(`A program that measures ended without a word. ${this.#errors}`);
  }
}
