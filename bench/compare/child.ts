/**
 * A part of the comparison in a process of its own (`program.ts`). Only a run from the sources may
 * start one.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Milliseconds from the end of its input until it is killed. */
const STOP_TIMEOUT = 8_000;
const PROGRAM = fileURLToPath(new URL("./program.ts", import.meta.url));

interface ChildOptions {
  /** Goes before the command: it says where the command runs. */
  readonly prefix: readonly string[];
  readonly role: "server" | "measure" | "relay";
  readonly settings: unknown;
}

export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #firstLine: Promise<string>;
  #errors = "";

  constructor({ prefix, role, settings }: ChildOptions) {
    const deno = [process.execPath, "run", "-A", "--quiet", "--no-check", PROGRAM];
    const [command = "", ...rest] = [...prefix, ...deno, role, JSON.stringify(settings)];
    this.#process = spawn(command, rest, { stdio: ["pipe", "pipe", "pipe"] });
    this.#closed = once(this.#process, "close").catch(() => {});
    this.#process.stdin?.on("error", () => {}); // It may end before it has read everything.
    this.#process.stderr?.on("data", (text) => this.#errors += text);
    this.#firstLine = this.#readLine();
    this.#firstLine.catch(() => {}); // `output` throws it.
  }

  /** What it printed. Throws when it ended without output. */
  async output(): Promise<unknown> {
    return JSON.parse(await this.#firstLine);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin?.end();
    const late = setTimeout(() => this.#process.kill("SIGKILL"), STOP_TIMEOUT);
    await this.#closed;
    clearTimeout(late);
  }

  async #readLine(): Promise<string> {
    const { stdout } = this.#process;
    if (stdout !== null) {
      for await (const line of createInterface({ input: stdout })) {
        return line;
      }
    }
    await this.#closed;
    throw new Error(`A process of the comparison ended without output. ${this.#errors}`);
  }
}
