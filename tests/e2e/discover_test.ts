/**
 * `sotto server` found by `sotto discover` and `sotto client` on another machine: real multicast
 * between two network namespaces. Skipped, with a message, where those cannot be made.
 */
import assert from "node:assert/strict";
import { hostname } from "node:os";
import { join } from "node:path";
import { Sandbox, SOTTO } from "../helpers/sandbox.ts";
import { type Machine, Namespaces, whyNoNamespaces } from "../helpers/namespaces.ts";
import { Program } from "../helpers/program.ts";
import { hasTerminal, Terminal } from "../helpers/terminal.ts";

const obstacle = whyNoNamespaces();
if (obstacle !== undefined) console.warn(`Skipped: ${obstacle}.`);
const ignore = obstacle !== undefined;

const NAME = hostname().split(".", 1)[0] ?? "";
const ROUNDS = 10;

function on({ prefix }: Machine, ...args: string[]): Program {
  const [command, ...rest] = prefix;
  return new Program(command, [...rest, ...SOTTO, ...args]);
}

async function serve(machine: Machine, data: string, ...args: string[]) {
  const program = on(machine, "server", "--port", "0", "--data", data, ...args);
  const ready = await program.line(/^ready /);
  const [, port, pin] = /:(\d+) alpn=sotto\/1 pin=(\S+)$/.exec(ready) ?? [];
  return { program, port: Number(port), pin, [Symbol.asyncDispose]: () => dispose(program) };
}

function dispose(program: Program): Promise<void> {
  return program[Symbol.asyncDispose]();
}

/** Looks until what is found is right. */
async function discoverUntil(
  machine: Machine,
  isRight: (servers: readonly Record<string, unknown>[]) => boolean,
): Promise<Record<string, unknown>[]> {
  let servers: Record<string, unknown>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await using program = on(machine, "discover", "--json", "--seconds", "1");
    assert.equal(await program.exit(), program.lines.length > 0 ? 0 : 3, program.stderr);
    servers = program.lines.map((line) => JSON.parse(line));
    if (isRight(servers)) return servers;
  }
  assert.fail(`Found ${JSON.stringify(servers)}`);
}

Deno.test({
  name: "sotto discover finds a server on another machine, and no longer when it has stopped",
  ignore,
  async fn() {
    await using sandbox = await Sandbox.make();
    using machines = new Namespaces();
    const { left, right } = machines;
    {
      await using server = await serve(left, join(sandbox.folder, "data"));
      const [found] = await discoverUntil(right, ({ length }) => length === 1);
      assert.deepEqual(found, {
        name: NAME,
        host: left.ipv4,
        port: server.port,
        addresses: [left.ipv4, left.ipv6],
        pin: server.pin,
        tls_port: server.port,
        alpn: "sotto/1",
        people: 0,
        rooms: ["general", "random", "tech"],
        more_rooms: 0,
      });

      const file = await sandbox.passwordFile("ann");
      const target = `ann@${left.ipv4}:${server.port}`;
      const trust = ["--pin", server.pin ?? "", "--password-file", file];
      const [command, ...rest] = right.prefix;
      await using ann = new Program(
        command,
        [...rest, ...SOTTO, "client", target, "--json", ...trust],
        { env: sandbox.env("ann") },
      );
      await ann.event({ event: "authenticated", user: "ann" });
      await discoverUntil(right, ([found]) => found?.["people"] === 1);

      server.program.kill("SIGTERM");
      assert.equal(await server.program.exit(), 0, server.program.stderr);
      assert.doesNotMatch(server.program.stderr, /not_announced/);
    }
    await discoverUntil(right, ({ length }) => length === 0);
  },
});

Deno.test({
  name: "sotto discover tells two servers of one name apart, by IPv6 alone as well",
  ignore,
  async fn() {
    await using sandbox = await Sandbox.make();
    using machines = new Namespaces();
    const { left, right } = machines;
    await using one = await serve(left, join(sandbox.folder, "one"));
    await using two = await serve(right, join(sandbox.folder, "two"), "--host", right.ipv6);
    await using silent = await serve(right, join(sandbox.folder, "silent"), "--no-announce");
    const found = await discoverUntil(right, ({ length }) => length === 2);
    assert.equal(new Set(found.map(({ name }) => name)).size, 2);
    const names = found.map(({ name }) => String(name).replace(/ \(.{6}\)$/, ""));
    assert.deepEqual(names, [NAME, NAME]);
    const byPin = new Map(found.map((server) => [server["pin"], server]));
    assert.equal(byPin.get(one.pin)?.["host"], left.ipv4);
    assert.deepEqual(byPin.get(two.pin)?.["addresses"], [right.ipv6]);
    assert.equal(byPin.has(silent.pin), false);
  },
});

Deno.test({
  name: "sotto server goes on where the port of multicast DNS is taken, and says so once",
  ignore,
  async fn() {
    await using sandbox = await Sandbox.make();
    using machines = new Namespaces();
    const { left } = machines;
    const [command, ...rest] = left.prefix;
    const script =
      'const taken = Deno.listenDatagram({ transport: "udp", hostname: "::", port: 5353 });' +
      'console.log("taken"); await taken.receive();';
    await using holder = new Program(command, [
      ...rest,
      ...[Deno.execPath(), "eval", "--unstable-net", script],
    ]);
    await holder.line(/taken/);
    await using server = await serve(left, join(sandbox.folder, "data"));
    const { program } = server;
    for (let look = 0; look < 100 && !program.stderr.includes("not_announced"); look++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.match(program.stderr, /not_announced reason="?another program uses UDP port 5353/);
    program.kill("SIGTERM");
    assert.equal(await program.exit(), 0);
    assert.equal(program.stderr.match(/not_announced/g)?.length, 1);

    await using discover = on(left, "discover");
    assert.equal(await discover.exit(), 1);
    assert.match(
      discover.stderr,
      /^sotto: Cannot look for servers: another program uses UDP port 5353 .*\n$/,
    );
  },
});

Deno.test({
  name: "sotto client without an address offers the server on the network, and still asks",
  ignore: ignore || !hasTerminal(),
  async fn() {
    await using sandbox = await Sandbox.make();
    using machines = new Namespaces();
    const { left, right } = machines;
    await using server = await serve(left, join(sandbox.folder, "data"));
    await discoverUntil(right, ({ length }) => length === 1);
    using ann = new Terminal([...right.prefix, ...SOTTO, "client"], {
      cwd: sandbox.folder,
      env: sandbox.env("ann"),
      columns: 100,
      rows: 40,
    });
    await ann.until(new RegExp(`1  ${NAME}: nobody online; rooms: general, random, tech`));
    await ann.until(/Press Enter to connect to it:/);
    ann.press("Enter");
    await ann.until(/Unknown server [^]*\(yes\/no\)\?/);
    assert.ok(ann.screen.includes(server.pin ?? "no pin"));
    assert.match(
      ann.screen,
      /The local network announces the same key, but anyone on it could announce/,
    );
    ann.enter("yes");
    await ann.until(/Type R to register a new name, or L to log in:/);
    ann.enter("R");
    await ann.until(/Name on 192\.0\.2\.1:\d+:/);
    ann.enter("ann");
    await ann.until(/Password of ann/);
    ann.enter("a password");
    await ann.until(/Repeat the password:/);
    ann.enter("a password");
    await ann.until(/\* online: ann \(1\)/);
    ann.press("C-c");
    await ann.until(/left: 0/);
  },
});
