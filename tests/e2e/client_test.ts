/** `sotto client` as a program, against a real server, over QUIC. */
import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { eventsOf, Sandbox } from "../helpers/sandbox.ts";
import type { Program } from "../helpers/program.ts";

function texts(program: Program): unknown[] {
  return eventsOf(program).filter(({ event }) => event === "message").map(({ text }) => text);
}

Deno.test("sotto client: two users exchange messages, and one who was offline gets what was missed", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const ann = await sandbox.signIn("ann", server);
  const bob = await sandbox.signIn("bob", server);
  await ann.event({ event: "presence", user: "bob", status: "normal" });

  ann.writeLine("hello all");
  await bob.event({ event: "message", from: "ann", conversation: "room:general" });
  bob.writeLine("@ann hello you");
  const line = await ann.event({ event: "message", from: "bob" });
  assert.deepEqual(
    { ...line, id: "", at: "" },
    {
      event: "message",
      conversation: "dm:ann:bob",
      seq: 1,
      id: "",
      from: "bob",
      text: "hello you",
      at: "",
    },
  );
  const ack = await bob.event({ event: "ack" });
  assert.equal(ack["id"], line["id"]);

  bob.end();
  assert.equal(await bob.exit(), 0);
  await ann.event({ event: "presence", user: "bob", status: "offline" });
  ann.writeLine("@bob for later");
  await ann.event({ event: "ack", conversation: "dm:ann:bob" });
  const again = await sandbox.signIn("bob", server);
  await again.event({ event: "unread" });
  await again.event({ event: "message", text: "for later" });
  again.writeLine("@quit");
  assert.equal(await again.exit(), 0);
  assert.deepEqual(texts(again), ["for later"]);
});

Deno.test("sotto client: opens a secret message with the right key only", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const ann = await sandbox.signIn("ann", server);
  const bob = await sandbox.signIn("bob", server);
  ann.writeLine("@secret bob Tr0ub4dor the pl4n");
  const { number } = await bob.event({ event: "sealed", from: "ann" });
  bob.writeLine("/open");
  await bob.event({ event: "error", code: "no_passphrase" });
  bob.writeLine(`/open ${number} wr0ng`);
  await bob.event({ event: "error", code: "wrong_passphrase" });
  bob.writeLine(`/open ${number} Tr0ub4dor`);
  await bob.event({ event: "opened", from: "ann", text: "the pl4n" });
  for (const program of [ann, bob, server.program]) {
    assert.doesNotMatch(program.lines.join("\n") + program.stderr, /Tr0ub4dor|wr0ng/);
  }
  await server.program[Symbol.asyncDispose]();
  const folder = join(sandbox.folder, "data");
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = await readFile(join(entry.parentPath, entry.name), "latin1");
    assert.doesNotMatch(text, /Tr0ub4dor|pl4n/, entry.name);
  }
});

Deno.test("sotto client: repeats and loses no line when the server restarts", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const ann = await sandbox.signIn("ann", server);
  const bob = await sandbox.signIn("bob", server);
  const lines = Array.from({ length: 60 }, (_, index) => `line ${index + 1}`);
  for (const line of lines.slice(0, 30)) ann.writeLine(line);
  await bob.event({ event: "message", text: "line 5" });
  server.program.kill("SIGTERM");
  await ann.event({ event: "notice", code: "reconnecting" });
  for (const line of lines.slice(30)) ann.writeLine(line);
  assert.equal(await server.program.exit(), 0);
  await sandbox.server({ port: server.port });
  await bob.event({ event: "message", text: "line 60" });
  assert.deepEqual(texts(bob), lines);
  ann.end();
  assert.equal(await ann.exit(), 0);
  const events = eventsOf(ann);
  const sent = events.filter(({ event }) => event === "sending").map(({ id }) => id);
  const stored = events.filter(({ event }) => event === "ack").map(({ id }) => id);
  assert.deepEqual(stored, sent);
  assert.ok(events.some(({ event, resumed }) => event === "connected" && resumed === true));
});

Deno.test("sotto client: sends everything before it exits at the end of input", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const bob = await sandbox.signIn("bob", server);
  const file = await sandbox.passwordFile("ann");
  const args = ["--json", "--pin", server.pin, "--password-file", file];
  const ann = sandbox.client("ann", server.port, ...args);
  // Far more than the send queue holds.
  const lines = Array.from({ length: 600 }, (_, index) => `line ${index + 1}`);
  for (const line of lines) ann.writeLine(line);
  ann.end();
  assert.equal(await ann.exit(), 0);
  assert.equal(eventsOf(ann).filter(({ event }) => event === "ack").length, lines.length);
  await bob.event({ event: "message", text: "line 600" });
  assert.deepEqual(texts(bob), lines);
});

Deno.test("sotto client: reads the password from the first line with --password-file -", async () => {
  await using sandbox = await Sandbox.make();
  const { port, pin } = await sandbox.server();
  const ann = sandbox.client("ann", port, "--plain", "--pin", pin, "--password-file", "-");
  ann.writeLine("pass word");
  ann.writeLine("hello");
  ann.end();
  assert.equal(await ann.exit(), 0);
  assert.match(ann.lines.join("\n"), /^\d\d:\d\d ann: hello$/m);
  assert.doesNotMatch(ann.lines.join("\n") + ann.stderr, /pass word/);
});

Deno.test("sotto client: accepts an unknown server once, which must then keep its key", async () => {
  await using sandbox = await Sandbox.make();
  const first = await sandbox.server({ data: "one" });
  const { port } = first;
  const file = await sandbox.passwordFile("ann");
  const json = ["--json", "--password-file", file];

  const unknown = sandbox.client("ann", port, ...json);
  assert.equal(await unknown.exit(), 2);
  assert.match(unknown.stderr, /--accept-new/);
  assert.ok(unknown.stderr.includes(first.pin));

  const met = sandbox.client("ann", port, ...json, "--accept-new");
  await met.event({ event: "authenticated", created: true });
  met.writeLine("logout");
  assert.equal(await met.exit(), 0);
  const known = join(sandbox.folder, "ann", "config", "sotto", "known_hosts");
  assert.ok((await readFile(known, "utf8")).endsWith(`127.0.0.1:${port} ${first.pin}\n`));
  assert.equal((await stat(known)).mode & 0o777, 0o600);

  first.program.kill("SIGKILL");
  await first.program.exit();
  const second = await sandbox.server({ data: "two", port });
  const changed = sandbox.client("ann", port, ...json, "--accept-new");
  assert.equal(await changed.exit(), 5);
  for (const part of [first.pin, second.pin, known, "line 2"]) {
    assert.ok(changed.stderr.includes(part), `${part} is not in ${changed.stderr}`);
  }
  const pinned = sandbox.client("ann", port, ...json, "--pin", first.pin);
  assert.equal(await pinned.exit(), 5);
  assert.deepEqual(eventsOf(pinned).map(({ event, code }) => [event, code]), [
    ["closed", "key_changed"],
  ]);
});

Deno.test("sotto client: says why it cannot sign in", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const ann = await sandbox.signIn("ann", server);
  ann.writeLine("logout");
  assert.equal(await ann.exit(), 0);
  const wrong = await sandbox.passwordFile("ann", "wrong");
  const args = ["--json", "--pin", server.pin];
  const refused = sandbox.client("ann", server.port, ...args, "--password-file", wrong);
  assert.equal(await refused.exit(), 4);
  await refused.event({ event: "error", code: "bad_credentials" });
  const none = sandbox.client("ann", server.port, ...args);
  assert.equal(await none.exit(), 4);
  assert.match(none.stderr, /Not signed in/);
  const absent = sandbox.client("ann", server.port, ...args, "--password-file", "/nowhere");
  assert.equal(await absent.exit(), 2);

  server.program.kill("SIGKILL");
  await server.program.exit();
  const alone = sandbox.client("ann", server.port, ...args, "--password-file", wrong);
  assert.equal(await alone.exit(), 3);
  assert.match(alone.stderr, /sotto: .*127\.0\.0\.1/);
});

Deno.test("sotto client: signs in with its token until the user signs out", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const ann = await sandbox.signIn("ann", server);
  ann.writeLine("quit");
  assert.equal(await ann.exit(), 0);
  const folder = join(sandbox.folder, "ann", "state", "sotto", "tokens");
  const [name = ""] = await readdir(folder);
  assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  const args = ["--json", "--pin", server.pin];
  const again = sandbox.client("ann", server.port, ...args);
  await again.event({ event: "authenticated", user: "ann" });
  again.writeLine("logout");
  assert.equal(await again.exit(), 0);
  assert.deepEqual(await readdir(folder), []);
  const refused = sandbox.client("ann", server.port, ...args);
  assert.equal(await refused.exit(), 4);
});

Deno.test("sotto client: sends everything and exits at the first SIGINT", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const ann = await sandbox.signIn("ann", server);
  const bob = await sandbox.signIn("bob", server);
  bob.writeLine("last words");
  bob.kill("SIGINT");
  assert.equal(await bob.exit(), 0);
  await ann.event({ event: "presence", user: "bob", status: "offline" });
  await bob.event({ event: "closed", code: "left" });
});

Deno.test("sotto client: exits at once at the second SIGINT", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const ann = await sandbox.signIn("ann", server);
  server.program.kill("SIGSTOP");
  ann.writeLine("never stored");
  await ann.event({ event: "sending" });
  ann.kill("SIGINT");
  await ann.event({ event: "notice", code: "leaving" });
  ann.kill("SIGINT");
  assert.equal(await ann.exit(), "SIGINT");
});

Deno.test("sotto client: logs every handshake stage and both connection IDs at level debug", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const file = await sandbox.passwordFile("ann");
  const args = ["--json", "--pin", server.pin, "--password-file", file, "--log-level", "debug"];
  const ann = sandbox.client("ann", server.port, ...args);
  await ann.event({ event: "users" });
  ann.end();
  await ann.exit();
  assert.match(ann.stderr, /debug handshake stage="initial"/);
  assert.match(
    ann.stderr,
    /stage="established".*alpn="sotto\/1".*source_id="[0-9a-f]+" destination_id="[0-9a-f]+"/,
  );
  assert.doesNotMatch(ann.stderr, /password of ann/);
});
