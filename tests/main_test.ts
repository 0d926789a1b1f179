import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import metadata from "../package.json" with { type: "json" };
import { PERMISSIONS } from "../scripts/permissions.ts";
import { Program } from "./helpers/program.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

function sotto(...args: string[]): Program {
  return sottoIn({ XDG_CONFIG_HOME: "/nowhere" }, ...args);
}

/** With further variables in its environment. */
function sottoIn(variables: Record<string, string>, ...args: string[]): Program {
  const env = { ...Deno.env.toObject(), ...variables };
  return new Program(Deno.execPath(), ["run", ...PERMISSIONS, MAIN, ...args], { env });
}

Deno.test("sotto --version tells the version", async () => {
  await using program = sotto("--version");
  assert.equal(await program.exit(), 0);
  const [line = "", ...rest] = program.lines;
  // A checkout tells its commit; a copy without .git has none to tell.
  assert.match(line, /^sotto \d+\.\d+\.\d+( \([0-9a-f]{12}\))?$/);
  assert.ok(line.startsWith(`sotto ${metadata.version}`));
  assert.deepEqual(rest, []);
});

Deno.test("sotto tells wrong usage on standard error, with exit code 2", async () => {
  await using program = sotto("server", "--cert", "only.pem");
  assert.equal(await program.exit(), 2);
  assert.deepEqual(program.lines, []);
  assert.match(program.stderr, /^sotto: --cert is given without --key: give both, or neither\n$/);
});

Deno.test("sotto client without an address and without a terminal asks nothing", async () => {
  await using program = sotto("client");
  assert.equal(await program.exit(), 2);
  assert.match(
    program.stderr,
    /^sotto: No server is given, and without a terminal Sotto cannot ask for one\. Give USER@HOST\.\n$/,
  );
});

Deno.test("sotto takes settings from config.toml and the environment, and names what is wrong", async () => {
  const home = await Deno.makeTempDir();
  const config = join(home, "sotto", "config.toml");
  await Deno.mkdir(join(home, "sotto"));
  await Deno.writeTextFile(config, '[server]\ndata = "data"\n', { mode: 0o600 });
  const env = { XDG_CONFIG_HOME: home };
  {
    await using certs = sottoIn(env, "certs");
    assert.equal(await certs.exit(), 0, certs.stderr);
    await certs.line(new RegExp(`^key +${join(home, "sotto", "data", "key.pem")}$`));
  }
  {
    await using refused = sottoIn({ ...env, SOTTO_PASSWORD: "hunter2" }, "client", "ann@localhost");
    assert.equal(await refused.exit(), 2);
    assert.match(refused.stderr, /^sotto: SOTTO_PASSWORD is set\. It is not used, .*\n$/);
  }
  await Deno.writeTextFile(config, "[server]\ndatta = 1\n");
  await using wrong = sottoIn(env, "certs");
  assert.equal(await wrong.exit(), 2);
  assert.match(wrong.stderr, /^sotto: .*config\.toml, line 2: .*Did you mean data\?.*\n$/);
  await Deno.remove(home, { recursive: true });
});

Deno.test("sotto certs makes a certificate once, and the server has the same pin", async () => {
  const folder = await Deno.makeTempDir();
  const data = join(folder, "data");
  const pins: string[] = [];
  for (let time = 0; time < 2; time++) {
    await using certs = sotto("certs", "--data", data);
    assert.equal(await certs.exit(), 0, certs.stderr);
    pins.push((await certs.line(/^pin/)).replace(/^pin +/, ""));
    await certs.line(/^certificate .*cert\.pem$/);
    await certs.line(/^key .*key\.pem$/);
  }
  {
    const quiet = ["--host", "127.0.0.1", "--port", "0", "--no-announce"];
    await using server = sotto("server", "--data", data, ...quiet);
    const ready = await server.line(/^ready /);
    assert.deepEqual(pins, [pins[0], /pin=(\S+)$/.exec(ready)?.[1]]);
    server.kill("SIGINT");
    assert.equal(await server.exit(), 0);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("sotto says what is wrong with a folder, without a stack", async () => {
  const folder = await Deno.makeTempDir();
  const file = join(folder, "file");
  await Deno.writeTextFile(file, "");
  await using certs = sotto("certs", "--data", join(file, "data"));
  assert.equal(await certs.exit(), 1);
  assert.match(certs.stderr, /^sotto: Cannot write .*\n$/);
  await Deno.remove(folder, { recursive: true });
});
