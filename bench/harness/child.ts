/** Starts and commands a process of the bench, whose own side is `commands.ts`. */
import type { Basics, Line } from "./commands.ts";

/** For an answer. Milliseconds. */
const PATIENCE = 180_000;
/** Milliseconds to stop in. */
const LAST_WORDS = 10_000;
const V8 = "--v8-flags=--expose-gc";

interface Call {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

type Answers<Commands> = {
  // deno-lint-ignore no-explicit-any -- each command has its own types
  [Name in keyof Commands]: (...args: any[]) => unknown;
};

/** `Ready`: what the process reports when it is ready. `Commands`: what it accepts. */
export class Child<Ready, Commands extends Answers<Commands> = Basics> implements AsyncDisposable {
  readonly pid: number;
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #calls = new Map<number, Call>();
  readonly #ready = Promise.withResolvers<unknown>();
  readonly #reading: Promise<void>;
  #lastId = 0;

  private constructor(script: URL, args: readonly string[], prefix: readonly string[]) {
    const [command = Deno.execPath(), ...words] = [...prefix, Deno.execPath()];
    this.#process = new Deno.Command(command, {
      args: [...words, "run", "-A", "--no-check", V8, script.pathname, ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.pid = this.#process.pid;
    this.#input = this.#process.stdin.getWriter();
    this.#reading = this.#read();
  }

  /**
   * Starts a script of the bench and waits until it reports that it is ready. `prefix` goes before
   * the command: it says where the process runs (`placement.ts`).
   */
  static async start<Ready, Commands extends Answers<Commands> = Basics>(
    script: URL,
    args: readonly string[] = [],
    prefix: readonly string[] = [],
  ): Promise<Child<Ready, Commands>> {
    const child = new Child<Ready, Commands>(script, args, prefix);
    await child.ready();
    return child;
  }

  /** What it reported when it was ready. */
  async ready(): Promise<Ready> {
    return await this.#ready.promise as Ready;
  }

  async call<Name extends keyof Commands & string>(
    command: Name,
    ...[args = {}]: Parameters<Commands[Name]>
  ): Promise<Awaited<ReturnType<Commands[Name]>>> {
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#calls.set(id, { resolve, reject });
    const late = setTimeout(() => reject(new Error(`No answer to ${command}`)), PATIENCE);
    try {
      const line: Line = { id, command, args };
      await this.#input.write(new TextEncoder().encode(JSON.stringify(line) + "\n"));
      return await promise as Awaited<ReturnType<Commands[Name]>>;
    } finally {
      clearTimeout(late);
      this.#calls.delete(id);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {}); // It may have gone by itself.
    const late = setTimeout(() => this.#process.kill("SIGKILL"), LAST_WORDS);
    await this.#process.status;
    clearTimeout(late);
    await this.#reading;
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(JSON.parse(line) as Line);
    }
    const gone = new Error("The process has ended");
    this.#ready.reject(gone);
    this.#ready.promise.catch(() => {});
    for (const call of this.#calls.values()) call.reject(gone);
  }

  #take({ id, ready, result, error }: Line): void {
    if (ready !== undefined) return this.#ready.resolve(ready);
    const call = this.#calls.get(id ?? 0);
    if (error === undefined) call?.resolve(result);
    else call?.reject(new Error(error));
  }
}
