/** Joining is one line: invitations, from the server's machine and from an admin's client. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { eventsOf, Sandbox, SOTTO } from "../helpers/sandbox.ts";
import { hasTerminal, Terminal } from "../helpers/terminal.ts";

const ignore = !hasTerminal();

/** A sandbox with a server that lets in by invitation only. */
async function invitingHouse() {
  const sandbox = await Sandbox.make();
  const server = await sandbox.server({ args: ["--registration", "invite"] });
  /** Carries out a command on the server's machine, while the server runs. */
  const atServer = async (...args: string[]) => {
    await using program = sandbox.run("host", ...args, "--data", join(sandbox.folder, "data"));
    assert.equal(await program.exit(), 0, program.stderr);
    assert.equal(program.stderr, "");
    return program.lines;
  };
  const where = ["--host", "127.0.0.1", "--port", `${server.port}`];
  const invite = async (...args: string[]) => {
    const [line = "", ...rest] = await atServer("invite", ...where, ...args);
    assert.deepEqual(rest, []);
    return line;
  };
  return {
    sandbox,
    server,
    atServer,
    invite,
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  };
}

/** The exit code of somebody who comes with a line and a password, and leaves at once. */
async function comeWith(sandbox: Sandbox, person: string, line: string) {
  const file = await sandbox.passwordFile(person);
  const target = line.replace("sotto://", `sotto://${person}@`);
  await using program = sandbox.run(person, "client", target, "--json", "--password-file", file);
  program.end();
  const code = await program.exit();
  return { code, codes: eventsOf(program).map(({ code }) => code), stderr: program.stderr };
}

Deno.test("sotto invite: an invite line admits as many users as it says, and can be revoked", async () => {
  await using scene = await invitingHouse();
  const { sandbox, server, atServer, invite } = scene;
  const line = await invite("--uses", "2", "--expires", "12h");
  const code = /&code=([\w-]{16})$/.exec(line)?.[1] ?? "";
  assert.equal(line, `sotto://127.0.0.1:${server.port}/?pin=${server.pin}&code=${code}`);
  assert.equal((await comeWith(sandbox, "ann", line)).code, 0);
  const [listed = ""] = await atServer("invite", "--list");
  assert.match(listed, /^1: 1 of 2 used, until \d{4}-.*Z, by the operator$/);
  assert.equal((await comeWith(sandbox, "bob", line)).code, 0);
  assert.deepEqual(await atServer("invite", "--list"), []);
  const late = await comeWith(sandbox, "carl", line);
  assert.equal(late.code, 4);
  assert.ok(late.codes.includes("bad_code"));

  const second = await invite();
  assert.match((await atServer("invite", "--list"))[0] ?? "", /^2: 0 of 1 used/);
  assert.deepEqual(await atServer("invite", "--withdraw", "2"), []);
  assert.equal((await comeWith(sandbox, "carl", second)).code, 4);
  await using none = sandbox.run(
    "carl",
    "client",
    `carl@127.0.0.1:${server.port}`,
    "--json",
    "--accept-new",
    "--password-file",
    await sandbox.passwordFile("carl"),
  );
  assert.equal(await none.exit(), 4);
  await none.event({ event: "error", code: "bad_credentials" });
  // Who is in needs neither a code nor to be told the server's pin again.
  await using again = sandbox.client("ann", server.port, "--json");
  again.end();
  assert.equal(await again.exit(), 0, again.stderr);
  for (const secret of [code, second.slice(-16)]) {
    assert.ok(!server.program.stderr.includes(secret), "a code is in the log");
  }
});

Deno.test("sotto invite: admits one of two users who register at once with one use", async () => {
  await using scene = await invitingHouse();
  const line = await scene.invite();
  const both = await Promise.all(
    ["ann", "bob"].map((person) => comeWith(scene.sandbox, person, line)),
  );
  assert.deepEqual(both.map(({ code }) => code).sort(), [0, 4]);
});

Deno.test("sotto admin: lets an admin invite from a client, and no other user", async () => {
  await using scene = await invitingHouse();
  const { sandbox, atServer, invite } = scene;
  const ann = await joined(sandbox, "ann", await invite());
  ann.writeLine("/invite");
  await ann.event({ event: "error", code: "not_allowed" });
  assert.deepEqual(await atServer("admin", "--add", "ann"), ["ann"]);
  ann.writeLine("/invite 2 1d");
  const { line, uses } = await ann.event({ event: "invite" });
  assert.equal(uses, 2);
  assert.equal((await comeWith(sandbox, "bob", `${line}`)).code, 0);
  const [listed = ""] = await atServer("invite", "--list");
  assert.match(listed, /^2: 1 of 2 used, .* by ann$/);
  assert.deepEqual(await atServer("admin", "--remove", "ann"), []);
  ann.writeLine("/invite");
  await ann.event({ event: "error", code: "not_allowed" });
  await using nobody = sandbox.run(
    "host",
    "admin",
    "--add",
    "nobody",
    "--data",
    join(sandbox.folder, "data"),
  );
  assert.equal(await nobody.exit(), 1);
  assert.match(nobody.stderr, /^sotto: There is no account nobody here/);
});

Deno.test("sotto client in a terminal: asks only for a name and a password with an invite line", {
  ignore,
}, async () => {
  await using scene = await invitingHouse();
  const { sandbox, invite } = scene;
  const line = await invite();
  const options = { cwd: sandbox.folder, env: sandbox.env("ann"), columns: 100, rows: 40 };
  using terminal = new Terminal([...SOTTO, "client", "--plain", line], options);
  await terminal.until(/^Name on .*:/m);
  terminal.enter("ann");
  await terminal.until(/Password of ann on .*:/);
  terminal.enter("my password");
  await terminal.until(/Repeat the password:/);
  terminal.enter("my password");
  const screen = await terminal.until(/\* online: ann/);
  assert.doesNotMatch(screen, /Unknown server|yes\/no|R to register/);
  terminal.enter("/quit");
  await terminal.until(/left: 0/);
});

Deno.test("sotto invite in a terminal draws the line as a QR code", { ignore }, async () => {
  await using sandbox = await Sandbox.make();
  const options = { cwd: sandbox.folder, env: sandbox.env("host"), columns: 120, rows: 40 };
  const data = join(sandbox.folder, "new");
  using terminal = new Terminal([...SOTTO, "invite", "--data", data, "--host", "chat"], options);
  const screen = await terminal.until(/left: 0/);
  assert.match(screen, /^sotto:\/\/chat:4433\/\?pin=SHA256:\S+&code=\S+$/m);
  assert.match(screen, /^█{35,}$/m);
});

/** Somebody who has come with a line, and stays. */
async function joined(sandbox: Sandbox, person: string, line: string) {
  const file = await sandbox.passwordFile(person);
  const target = line.replace("sotto://", `sotto://${person}@`);
  const program = sandbox.run(person, "client", target, "--json", "--password-file", file);
  await program.event({ event: "authenticated", user: person, created: true });
  return program;
}
