/**
 * A house for end-to-end tests: a server and clients as the programs that people run, each person
 * with folders of their own. Everything is gone at the end of the scope.
 */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Program } from "./program.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
/** How `sotto` is started from the sources. */
export const SOTTO: readonly [string, ...string[]] = [
  Deno.execPath(),
  ...["run", "-A", "--no-check", "--unstable-net", MAIN],
];

export interface RunningProgram {
  readonly program: Program;
  readonly port: number;
  readonly pin: string;
}

interface ServerArguments {
  readonly port?: number;
  /** The name of its folder. */
  readonly data?: string;
  readonly args?: readonly string[];
}

export class House implements AsyncDisposable {
  readonly folder: string;
  readonly #stack = new AsyncDisposableStack();

  private constructor(folder: string) {
    this.folder = folder;
    this.#stack.defer(() => Deno.remove(folder, { recursive: true }));
  }

  static async make(): Promise<House> {
    return new House(await Deno.makeTempDir({ prefix: "sotto-house-" }));
  }

  /** Starts a server, and waits until it is ready. `data` names its folder. */
  async server(
    { port = 0, data = "data", args = [] }: ServerArguments = {},
  ): Promise<RunningProgram> {
    const program = this.#start([
      ...["server", "--host", "127.0.0.1", "--port", String(port), "--no-announce"],
      ...["--data", join(this.folder, data)],
      ...args,
    ], this.env("server"));
    const ready = await program.line(/^ready /);
    const [, found, pin] = /:(\d+) alpn=sotto\/1 pin=(\S+)$/.exec(ready) ?? [];
    assert.ok(found !== undefined && pin !== undefined, ready);
    return { program, port: Number(found), pin };
  }

  /** The TCP port of a server's TLS, which its log tells. */
  async tlsPort({ program }: RunningProgram): Promise<number> {
    await program.error(/tls_port=\d+/);
    return Number(/tls_port=(\d+)/.exec(program.stderr)?.[1]);
  }

  /** The environment of a person, whose folders are theirs alone. */
  env(person: string): Record<string, string> {
    const home = join(this.folder, person);
    return {
      ...Deno.env.toObject(),
      NO_COLOR: "1",
      HOME: home,
      XDG_CONFIG_HOME: join(home, "config"),
      XDG_STATE_HOME: join(home, "state"),
      XDG_DOWNLOAD_DIR: join(home, "downloads"),
    };
  }

  /** The same, for a shell that is to find a program called `sotto`. */
  async withSotto(person: string): Promise<Record<string, string>> {
    const path = join(this.folder, "sotto");
    const words = SOTTO.map((word) => `'${word}'`).join(" ");
    await writeFile(path, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
    return { ...this.env(person), PATH: `${this.folder}:${Deno.env.get("PATH")}` };
  }

  /** Starts a client as a person. */
  client(person: string, port: number, ...args: string[]): Program {
    return this.#start(["client", `${person}@127.0.0.1:${port}`, ...args], this.env(person));
  }

  /** Starts any command as a person. */
  sotto(person: string, ...args: string[]): Program {
    return this.#start(args, this.env(person));
  }

  /** A file with a password, to be named on the command line. */
  async passwordFile(person: string, password = `password of ${person}`): Promise<string> {
    await mkdir(join(this.folder, person), { recursive: true });
    const file = join(this.folder, person, "password");
    await writeFile(file, `${password}\n`, { mode: 0o600 });
    return file;
  }

  /** Starts a client that speaks JSON, signs up or in with its own password, and is signed in. */
  async person(
    name: string,
    { port, pin }: RunningProgram,
    ...args: readonly string[]
  ): Promise<Program> {
    const file = await this.passwordFile(name);
    const program = this.client(
      name,
      port,
      ...["--json", "--pin", pin, "--password-file", file, ...args],
    );
    await program.event({ event: "authenticated", user: name });
    await program.event({ event: "users" });
    return program;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  #start(args: readonly string[], env: Record<string, string>): Program {
    const [command, ...rest] = SOTTO;
    return this.#stack.use(new Program(command, [...rest, ...args], { env }));
  }
}

/** The events that a JSON client has printed so far. */
export function eventsOf(program: Pick<Program, "lines">): Record<string, unknown>[] {
  return program.lines.map((line) => JSON.parse(line));
}
