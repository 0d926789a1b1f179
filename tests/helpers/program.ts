/**
 * A program of its own in a test: started, spoken to line by line, waited for with a limit, and
 * killed at the end of the scope if it is still there. What clients print with `--json` is held to
 * the schema of events. (Not on `node:child_process`: on Deno that
 * takes a program that was sent a signal for one that died of it.)
 */
import assert from "node:assert/strict";
import { faultsOfLine } from "./event_schema.ts";

const LIMIT = 20_000;

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
  /** It has gone, and all that it printed has been read. */
  readonly #over: Promise<Deno.CommandStatus>;
  #isOver = false;
  readonly #printsEvents: boolean;
  /** Events that are not as the schema has them. */
  readonly #faults: string[] = [];
  #news = Promise.withResolvers<void>();

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
    this.#stdin.closed.catch(() => {}); // It may leave before it has read everything.
    const output = this.#readLines(this.#child.stdout);
    const errors = this.#readErrors(this.#child.stderr);
    this.#over = Promise.all([this.#child.status, output, errors]).then(([status]) => status);
    this.#over.then(() => {
      this.#isOver = true;
      this.#tell();
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Types a line. */
  type(line: string): void {
    this.#stdin.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
  }

  /** Ends its input. */
  end(): void {
    this.#stdin.close().catch(() => {});
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** The first line, past or future, that fits. */
  async line(pattern: RegExp): Promise<string> {
    return await this.#find(
      `a line like ${pattern}`,
      (line) => pattern.test(line) ? line : undefined,
    );
  }

  /** The first JSON line, past or future, that has these fields. */
  async event(fields: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    return await this.#find(JSON.stringify(fields), (line) => {
      const event: Record<string, unknown> = JSON.parse(line);
      const fits = Object.entries(fields).every(([name, value]) => event[name] === value);
      return fits ? event : undefined;
    });
  }

  /** Waits until what it has complained of fits. */
  async error(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#stderr)) {
      if (this.#isOver) throw new Error(`It left without ${pattern}\n${this.#transcript()}`);
      await this.#within(`for ${pattern}`, this.#news.promise);
    }
  }

  /** Waits until it has printed more. */
  async more(): Promise<void> {
    await this.#within("for more", this.#news.promise);
  }

  /** Its exit code, or the signal that ended it. */
  async exit(limit = LIMIT): Promise<number | Deno.Signal> {
    const { code, signal } = await this.#within("for it to leave", this.#over, limit);
    return signal ?? code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has gone already.
    }
    await this.#over;
    await this.#stdin.abort().catch(() => {});
    assert.deepEqual(this.#faults, []);
  }

  async #find<T>(what: string, pick: (line: string) => T | undefined): Promise<T> {
    for (let next = 0;;) {
      const { promise: news } = this.#news;
      for (; next < this.lines.length; next++) {
        const found = pick(this.lines[next] ?? "");
        if (found !== undefined) return found;
      }
      if (this.#isOver) throw new Error(`It left without ${what}\n${this.#transcript()}`);
      await this.#within(`for ${what}`, news);
    }
  }

  async #readLines(stream: ReadableStream<Uint8Array>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.lines.push(...lines);
      if (this.#printsEvents) this.#faults.push(...lines.flatMap(faultsOfLine));
      this.#tell();
    }
    if (rest !== "") this.lines.push(rest);
  }

  async #readErrors(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#stderr += text;
      this.#tell();
    }
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  async #within<T>(what: string, promise: Promise<T>, limit = LIMIT): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(new Error(`Waited ${limit} ms ${what}\n${this.#transcript()}`));
    }, limit);
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
