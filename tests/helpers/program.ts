/**
 * A program that a test starts: it writes lines to it, waits for its output, and kills it at the end
 * of the scope. Each event that a client prints with `--json` is checked against the schema.
 *
 * It does not use `node:child_process`: Deno's reports a program that got a signal as killed by it.
 */
import assert from "node:assert/strict";
import { Changes } from "./changes.ts";
import { faultsOfLine } from "./event_schema.ts";
import { within } from "./within.ts";

interface ProgramOptions {
  readonly cwd?: string;
  /** The whole environment. Default: this process's. */
  readonly env?: Readonly<Record<string, string>>;
}

export class Program implements AsyncDisposable {
  /** What it has printed so far. */
  readonly lines: string[] = [];
  #stderr = "";
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  /** Settles when it has exited and all of its output was read. */
  readonly #over: Promise<Deno.CommandStatus>;
  #isOver = false;
  readonly #printsEvents: boolean;
  /** Events that do not fit the schema. */
  readonly #faults: string[] = [];
  readonly #changes = new Changes();

  constructor(command: string, args: readonly string[], options: ProgramOptions = {}) {
    const { cwd, env } = options;
    this.#printsEvents = args.includes("--json") &&
      args.some((word) => word === "client" || word === "send");
    this.#child = new Deno.Command(command, {
      args: [...args],
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env: { ...env }, clearEnv: true }),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#stdin.closed.catch(() => {}); // It may exit before it has read everything.
    const output = this.#readLines(this.#child.stdout);
    const errors = this.#readErrors(this.#child.stderr);
    this.#over = Promise.all([this.#child.status, output, errors]).then(([status]) => status);
    this.#over.then(() => {
      this.#isOver = true;
      this.#changes.notify();
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Writes a line to its input. */
  writeLine(line: string): void {
    this.#stdin.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
  }

  /** Ends its input. */
  end(): void {
    this.#stdin.close().catch(() => {});
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** The first line, past or future, that matches. */
  line(pattern: RegExp): Promise<string> {
    return this.#findLine(
      `a line like ${pattern}`,
      (line) => pattern.test(line) ? line : undefined,
    );
  }

  /** The first JSON line, past or future, that has these fields. */
  event(fields: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    return this.#findLine(JSON.stringify(fields), (line) => {
      const event: Record<string, unknown> = JSON.parse(line);
      const fits = Object.entries(fields).every(([name, value]) => event[name] === value);
      return fits ? event : undefined;
    });
  }

  /** Waits until its stderr matches. */
  async untilStderr(pattern: RegExp): Promise<void> {
    await this.until(`stderr to match ${pattern}`, () => pattern.test(this.#stderr));
  }

  /** Waits until a condition on its output holds. */
  async until(what: string, holds: () => boolean): Promise<void> {
    await this.#find(what, () => holds() || undefined);
  }

  /** Its exit code, or the signal that ended it. */
  async exit(limit?: number): Promise<number | Deno.Signal> {
    const { code, signal } = await within(
      this.#over,
      () => `its exit\n${this.#transcript()}`,
      limit,
    );
    return signal ?? code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has exited already.
    }
    await this.#over;
    await this.#stdin.abort().catch(() => {});
    assert.deepEqual(this.#faults, []);
  }

  #findLine<T>(what: string, pick: (line: string) => T | undefined): Promise<T> {
    let next = 0;
    return this.#find(what, () => {
      for (; next < this.lines.length; next++) {
        const found = pick(this.lines[next] ?? "");
        if (found !== undefined) return found;
      }
      return undefined;
    });
  }

  /** What `pick` returns, now or after more output. Throws when the program has exited. */
  #find<T>(what: string, pick: () => T | undefined): Promise<T> {
    const search = () => {
      const found = pick();
      if (found !== undefined || !this.#isOver) return found;
      throw new Error(`It exited without ${what}\n${this.#transcript()}`);
    };
    return this.#changes.find(search, () => `${what}\n${this.#transcript()}`);
  }

  async #readLines(stream: ReadableStream<Uint8Array>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.lines.push(...lines);
      if (this.#printsEvents) this.#faults.push(...lines.flatMap(faultsOfLine));
      this.#changes.notify();
    }
    if (rest !== "") this.lines.push(rest);
  }

  async #readErrors(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#stderr += text;
      this.#changes.notify();
    }
  }

  #transcript(): string {
    return ["stdout:", ...this.lines, "stderr:", this.#stderr].join("\n");
  }
}
