/**
 * The executable on a machine that has nothing: an empty folder, an empty HOME, and a PATH with no
 * Deno and no Node. Run by `npm run test:executable`, since it builds the executable first.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFile, mkdir, open, readdir, readFile, stat, symlink } from "node:fs/promises";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Program } from "../helpers/program.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILT = join(ROOT, "dist", "sotto");
/** All that the launcher of a self-extracting executable may call. */
const TOOLS = ["gzip", "id", "ls", "mkdir", "mv", "rm", "sh", "tail", "tar", "uname"];

/** A machine that has nothing but `sotto`. */
class BareMachine implements AsyncDisposable {
  readonly folder: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;

  private constructor(folder: string) {
    this.folder = folder;
    this.home = join(folder, "home");
    this.env = { HOME: this.home, PATH: join(folder, "bin") };
  }

  static async make(): Promise<BareMachine> {
    const machine = new BareMachine(await Deno.makeTempDir());
    await mkdir(machine.home);
    await mkdir(join(machine.folder, "bin"));
    for (const tool of TOOLS) {
      const path = execFileSync("sh", ["-c", `command -v ${tool}`]).toString().trim();
      await symlink(path, join(machine.folder, "bin", tool));
    }
    await copyFile(BUILT, join(machine.folder, "sotto"));
    return machine;
  }

  sotto(...args: string[]): Program {
    return new Program(join(this.folder, "sotto"), args, { cwd: this.folder, env: this.env });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

function build(): void {
  execFileSync(Deno.execPath(), ["run", "-A", join(ROOT, "scripts", "compile.ts")]);
}

async function isSelfExtracting(): Promise<boolean> {
  await using file = await open(BUILT);
  const { buffer } = await file.read({ length: 9, buffer: new Uint8Array(9) });
  return new TextDecoder().decode(buffer) === "#!/bin/sh";
}

build();

Deno.test("sotto runs from one file: a server and two clients talk", async () => {
  await using machine = await BareMachine.make();
  await writeFile(join(machine.folder, "password"), "correct horse battery\n", { mode: 0o600 });
  const listen = ["--host", "127.0.0.1", "--port", "0", "--data", "data"];
  await using server = machine.sotto("server", ...listen);
  const ready = await server.line(/^ready quic:\/\/127\.0\.0\.1:\d+ alpn=sotto\/1 pin=SHA256:\S+$/);
  const [, port = "", pin = ""] = /:(\d+) .*pin=(\S+)/.exec(ready) ?? [];
  const join_ = (user: string) =>
    machine.sotto(
      ...["client", `${user}@127.0.0.1:${port}`, "--json", "--pin", pin],
      ...["--password-file", "password"],
    );

  await using ann = join_("ann");
  await ann.event({ event: "authenticated", user: "ann" });
  await using bob = join_("bob");
  await bob.event({ event: "authenticated", user: "bob" });

  ann.writeLine("hello from one file");
  await ann.event({ event: "ack", conversation: "room:general" });
  await bob.event({ event: "message", from: "ann", text: "hello from one file" });
  bob.writeLine("@ann and back");
  await ann.event({ event: "message", from: "bob", conversation: "dm:ann:bob", text: "and back" });

  ann.writeLine("@quit");
  bob.end();
  assert.equal(await ann.exit(), 0);
  assert.equal(await bob.exit(), 0);
  server.kill("SIGTERM");
  assert.equal(await server.exit(), 0);
});

Deno.test("sotto shows all that it can, files too, and compares its ways, with its own permissions", async () => {
  await using machine = await BareMachine.make();
  await using demo = machine.sotto("demo");
  assert.equal(await demo.exit(180_000), 0, demo.stderr + demo.lines.join("\n"));
  await demo.line(/^Done\. All/);
  await using compare = machine.sotto("bench", "compare", "--seconds", "1");
  assert.equal(await compare.exit(180_000), 0, compare.stderr + compare.lines.join("\n"));
  await compare.line(/a message beside the file of 4 .* ms .* ms$/);
  await compare.line(/^On a link that loses packets: skipped \(this program may not start/);
});

Deno.test("sotto started twice at once for the first time runs twice", async () => {
  await using machine = await BareMachine.make();
  await using first = machine.sotto("--version");
  await using second = machine.sotto("--version");
  const version = await first.line(/^sotto \d+\.\d+\.\d+/);
  assert.equal(await second.line(/^sotto/), version);
  assert.equal(await first.exit(), 0);
  assert.equal(await second.exit(), 0);
  assert.equal(first.stderr + second.stderr, "");
});

Deno.test("sotto passes arguments and exit codes", async () => {
  await using machine = await BareMachine.make();
  await using sotto = machine.sotto("client", "a b*c");
  assert.equal(await sotto.exit(), 2);
  assert.match(sotto.stderr, /"a b\*c" is not the address of a server/);
});

Deno.test({
  name: "sotto unpacks itself once, for its user only, and leaves nothing else behind",
  ignore: !await isSelfExtracting(),
  async fn() {
    await using machine = await BareMachine.make();
    await using first = machine.sotto("--version");
    await first.exit();
    const cache = join(machine.home, ".cache", "sotto");
    const [name = "", ...others] = await readdir(cache);
    assert.match(name, /^[0-9a-f]{32}$/);
    assert.deepEqual(others, []);
    assert.equal((await stat(cache)).mode & 0o777, 0o700);
    const unpacked = await stat(join(cache, name));
    assert.equal(unpacked.mode & 0o777, 0o700);

    await using again = machine.sotto("--version");
    await again.exit();
    assert.deepEqual(await readdir(cache), [name]);
    assert.equal((await stat(join(cache, name))).ino, unpacked.ino);

    await Deno.chmod(join(cache, name), 0o755);
    await using refused = machine.sotto("--version");
    assert.equal(await refused.exit(), 1);
    assert.match(refused.stderr, /open to others/);
  },
});

Deno.test({
  name: "sotto holds no development packages and no path of the machine that built it",
  ignore: !await isSelfExtracting(),
  async fn() {
    await using machine = await BareMachine.make();
    await using sotto = machine.sotto("--version");
    await sotto.exit();
    const cache = join(machine.home, ".cache", "sotto");
    const app = join(cache, (await readdir(cache))[0] ?? "", "app");
    const packages = await readdir(join(app, "node_modules"));
    assert.ok(packages.includes("valibot"));
    for (const name of ["fast-check", "deno", "@deno", "@types", ".bin"]) {
      assert.ok(!packages.includes(name), name);
    }
    for (const file of await readdir(app, { recursive: true, withFileTypes: true })) {
      if (!file.isFile() || file.parentPath.includes("node_modules")) continue;
      const text = await readFile(join(file.parentPath, file.name), "utf8");
      assert.ok(!text.includes(ROOT), file.name);
      assert.ok(!text.includes("sotto-stage-"), file.name);
    }
  },
});
