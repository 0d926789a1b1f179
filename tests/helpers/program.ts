/**
 * A program of its own in a test: started, spoken to line by line, waited for with a limit, and
 * killed at the end of the scope if it is still there.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const LIMIT = 20_000;

export interface ProgramOptions {
  readonly cwd?: string;
  /** The whole environment. Default: this process's. */
  readonly env?: Readonly<Record<string, string>>;
}

export class Program implements AsyncDisposable {
  /** What it has printed so far. */
  readonly lines: string[] = [];
  #stderr = "";
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #exited: Promise<number | NodeJS.Signals>;
  #changed = Promise.withResolvers<void>();

  constructor(command: string, args: readonly string[], options: ProgramOptions = {}) {
    this.#child = spawn(command, args, { ...options, stdio: "pipe" });
    const notify = () => {
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    };
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.lines.push(line);
      notify();
    });
    this.#child.stderr.on("data", (chunk) => this.#stderr += chunk);
    this.#child.stdin.on("error", () => {}); // It may leave before it has read everything.
    this.#exited = once(this.#child, "close").then(([code, signal]) => code ?? signal);
    this.#exited.finally(notify);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Types a line. */
  type(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Ends its input. */
  end(): void {
    this.#child.stdin.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The first line, past or future, that fits. */
  async line(pattern: RegExp): Promise<string> {
    return await this.find(
      `a line like ${pattern}`,
      (line) => pattern.test(line) ? line : undefined,
    );
  }

  /** The first JSON line, past or future, that has these fields. */
  async event(fields: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    return await this.find(JSON.stringify(fields), (line) => {
      const event: Record<string, unknown> = JSON.parse(line);
      const fits = Object.entries(fields).every(([name, value]) => event[name] === value);
      return fits ? event : undefined;
    });
  }

  /** Its exit code, or the signal that ended it. */
  async exit(): Promise<number | NodeJS.Signals> {
    return await this.#within("to leave", this.#exited);
  }

  async find<T>(what: string, pick: (line: string) => T | undefined): Promise<T> {
    for (let next = 0;;) {
      const changed = this.#changed.promise;
      for (; next < this.lines.length; next++) {
        const found = pick(this.lines[next] ?? "");
        if (found !== undefined) return found;
      }
      if (this.#child.exitCode !== null && this.#child.stdout.readableEnded) {
        throw new Error(`It left before it printed ${what}\n${this.#transcript()}`);
      }
      await this.#within(`for ${what}`, changed);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  async #within<T>(what: string, promise: Promise<T>): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(new Error(`Waited ${LIMIT} ms ${what}\n${this.#transcript()}`));
    }, LIMIT);
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #transcript(): string {
    return ["stdout:", ...this.lines, "stderr:", this.#stderr].join("\n");
  }
}
