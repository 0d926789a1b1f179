/**
 * A temporary folder for end-to-end tests, in which servers and clients run as programs, each user
 * with a home folder. The end of the scope kills the programs and removes the folder.
 */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Program } from "./program.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
/** The command that runs `sotto` from the sources. */
export const SOTTO: readonly [string, ...string[]] = [
  Deno.execPath(),
  ...["run", "-A", "--no-check", "--unstable-net", MAIN],
];

export interface ServerProgram {
  readonly program: Program;
  readonly port: number;
  readonly pin: string;
}

interface ServerArguments {
  readonly port?: number;
  /** The name of its data folder. */
  readonly data?: string;
  readonly args?: readonly string[];
}

export class Sandbox implements AsyncDisposable {
  readonly folder: string;
  readonly #stack = new AsyncDisposableStack();

  private constructor(folder: string) {
    this.folder = folder;
    this.#stack.defer(() => Deno.remove(folder, { recursive: true }));
  }

  static async make(): Promise<Sandbox> {
    return new Sandbox(await Deno.makeTempDir({ prefix: "sotto-sandbox-" }));
  }

  /** Starts a server, and waits until it is ready. `data` names its folder. */
  async server(
    { port = 0, data = "data", args = [] }: ServerArguments = {},
  ): Promise<ServerProgram> {
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

  /** The TCP port of a server's TLS, from its log. */
  async tlsPort({ program }: ServerProgram): Promise<number> {
    await program.untilStderr(/tls_port=\d+/);
    return Number(/tls_port=(\d+)/.exec(program.stderr)?.[1]);
  }

  /** The environment of a user, with that user's folders. */
  env(user: string): Record<string, string> {
    const home = join(this.folder, user);
    return {
      ...Deno.env.toObject(),
      NO_COLOR: "1",
      HOME: home,
      XDG_CONFIG_HOME: join(home, "config"),
      XDG_STATE_HOME: join(home, "state"),
      XDG_DOWNLOAD_DIR: join(home, "downloads"),
    };
  }

  /** The same, with a program called `sotto` in PATH. */
  async envWithSotto(user: string): Promise<Record<string, string>> {
    const path = join(this.folder, "sotto");
    const words = SOTTO.map((word) => `'${word}'`).join(" ");
    await writeFile(path, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
    return { ...this.env(user), PATH: `${this.folder}:${Deno.env.get("PATH")}` };
  }

  /** Starts a client as a user. */
  client(user: string, port: number, ...args: string[]): Program {
    return this.#start(["client", `${user}@127.0.0.1:${port}`, ...args], this.env(user));
  }

  /** Starts any command as a user. */
  run(user: string, ...args: string[]): Program {
    return this.runWith({}, user, ...args);
  }

  /** The same, with more variables in the environment. */
  runWith(env: Readonly<Record<string, string>>, user: string, ...args: string[]): Program {
    return this.#start(args, { ...this.env(user), ...env });
  }

  /** Writes a password to a file. Returns the path. */
  async passwordFile(user: string, password = `password of ${user}`): Promise<string> {
    await mkdir(join(this.folder, user), { recursive: true });
    const file = join(this.folder, user, "password");
    await writeFile(file, `${password}\n`, { mode: 0o600 });
    return file;
  }

  /** Starts a client with JSON output, and waits until it is signed in. */
  async signIn(
    name: string,
    { port, pin }: ServerProgram,
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
