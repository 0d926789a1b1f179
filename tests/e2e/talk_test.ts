/**
 * People talk: the programs as they are run, over real QUIC, with folders of their own.
 */
import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { eventsOf, House } from "../helpers/house.ts";
import type { Program } from "../helpers/program.ts";

function texts(program: Program): unknown[] {
  return eventsOf(program).filter(({ event }) => event === "message").map(({ text }) => text);
}

Deno.test("sotto client: two people talk, and the absent one gets what was missed", async () => {
  await using house = await House.make();
  const server = await house.server();
  const ann = await house.person("ann", server);
  const bob = await house.person("bob", server);
  await ann.event({ event: "presence", user: "bob", status: "normal" });

  ann.type("hello all");
  await bob.event({ event: "message", from: "ann", conversation: "room:general" });
  bob.type("@ann hello you");
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
  ann.type("@bob for later");
  await ann.event({ event: "ack", conversation: "dm:ann:bob" });
  const again = await house.person("bob", server);
  await again.event({ event: "unread" });
  await again.event({ event: "message", text: "for later" });
  again.type("@quit");
  assert.equal(await again.exit(), 0);
  assert.deepEqual(texts(again), ["for later"]);
});

Deno.test("sotto client: a secret opens with the right key only", async () => {
  await using house = await House.make();
  const server = await house.server();
  const ann = await house.person("ann", server);
  const bob = await house.person("bob", server);
  ann.type("@secret bob Tr0ub4dor the pl4n");
  const { number } = await bob.event({ event: "sealed", from: "ann" });
  bob.type("/open");
  await bob.event({ event: "error", code: "no_passphrase" });
  bob.type(`/open ${number} wr0ng`);
  await bob.event({ event: "error", code: "wrong_passphrase" });
  bob.type(`/open ${number} Tr0ub4dor`);
  await bob.event({ event: "opened", from: "ann", text: "the pl4n" });
  for (const program of [ann, bob, server.program]) {
    assert.doesNotMatch(program.lines.join("\n") + program.stderr, /Tr0ub4dor|wr0ng/);
  }
  await server.program[Symbol.asyncDispose]();
  const folder = join(house.folder, "data");
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = await readFile(join(entry.parentPath, entry.name), "latin1");
    assert.doesNotMatch(text, /Tr0ub4dor|pl4n/, entry.name);
  }
});

Deno.test("sotto client: a restart of the server repeats and loses no line", async () => {
  await using house = await House.make();
  const server = await house.server();
  const ann = await house.person("ann", server);
  const bob = await house.person("bob", server);
  const lines = Array.from({ length: 60 }, (_, index) => `line ${index + 1}`);
  for (const line of lines.slice(0, 30)) ann.type(line);
  await bob.event({ event: "message", text: "line 5" });
  server.program.kill("SIGTERM");
  await ann.event({ event: "notice", code: "reconnecting" });
  for (const line of lines.slice(30)) ann.type(line);
  assert.equal(await server.program.exit(), 0);
  await house.server({ port: server.port });
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

Deno.test("sotto client: end of input sends everything first", async () => {
  await using house = await House.make();
  const server = await house.server();
  const bob = await house.person("bob", server);
  const file = await house.passwordFile("ann");
  const args = ["--json", "--pin", server.pin, "--password-file", file];
  const ann = house.client("ann", server.port, ...args);
  // Far more than may wait to be sent at once.
  const lines = Array.from({ length: 600 }, (_, index) => `line ${index + 1}`);
  for (const line of lines) ann.type(line);
  ann.end();
  assert.equal(await ann.exit(), 0);
  assert.equal(eventsOf(ann).filter(({ event }) => event === "ack").length, lines.length);
  await bob.event({ event: "message", text: "line 600" });
  assert.deepEqual(texts(bob), lines);
});

Deno.test("sotto client: the password may come with the lines", async () => {
  await using house = await House.make();
  const { port, pin } = await house.server();
  const ann = house.client("ann", port, "--plain", "--pin", pin, "--password-file", "-");
  ann.type("pass word");
  ann.type("hello");
  ann.end();
  assert.equal(await ann.exit(), 0);
  assert.match(ann.lines.join("\n"), /^\d\d:\d\d ann: hello$/m);
  assert.doesNotMatch(ann.lines.join("\n") + ann.stderr, /pass word/);
});

Deno.test("sotto client: a server is met once, and must keep its key", async () => {
  await using house = await House.make();
  const first = await house.server({ data: "one" });
  const { port } = first;
  const file = await house.passwordFile("ann");
  const json = ["--json", "--password-file", file];

  const stranger = house.client("ann", port, ...json);
  assert.equal(await stranger.exit(), 2);
  assert.match(stranger.stderr, /--accept-new/);
  assert.ok(stranger.stderr.includes(first.pin));

  const met = house.client("ann", port, ...json, "--accept-new");
  await met.event({ event: "authenticated", created: true });
  met.type("logout");
  assert.equal(await met.exit(), 0);
  const known = join(house.folder, "ann", "config", "sotto", "known_hosts");
  assert.ok((await readFile(known, "utf8")).endsWith(`127.0.0.1:${port} ${first.pin}\n`));
  assert.equal((await stat(known)).mode & 0o777, 0o600);

  first.program.kill("SIGKILL");
  await first.program.exit();
  const second = await house.server({ data: "two", port });
  const changed = house.client("ann", port, ...json, "--accept-new");
  assert.equal(await changed.exit(), 5);
  for (const part of [first.pin, second.pin, known, "line 2"]) {
    assert.ok(changed.stderr.includes(part), `${part} is not in ${changed.stderr}`);
  }
  const pinned = house.client("ann", port, ...json, "--pin", first.pin);
  assert.equal(await pinned.exit(), 5);
  assert.deepEqual(eventsOf(pinned).map(({ event, code }) => [event, code]), [
    ["closed", "key_changed"],
  ]);
});

Deno.test("sotto client: says why it cannot get in", async () => {
  await using house = await House.make();
  const server = await house.server();
  const ann = await house.person("ann", server);
  ann.type("logout");
  assert.equal(await ann.exit(), 0);
  const wrong = await house.passwordFile("ann", "wrong");
  const args = ["--json", "--pin", server.pin];
  const refused = house.client("ann", server.port, ...args, "--password-file", wrong);
  assert.equal(await refused.exit(), 4);
  await refused.event({ event: "error", code: "bad_credentials" });
  const none = house.client("ann", server.port, ...args);
  assert.equal(await none.exit(), 4);
  assert.match(none.stderr, /Not signed in/);
  const absent = house.client("ann", server.port, ...args, "--password-file", "/nowhere");
  assert.equal(await absent.exit(), 2);

  server.program.kill("SIGKILL");
  await server.program.exit();
  const alone = house.client("ann", server.port, ...args, "--password-file", wrong);
  assert.equal(await alone.exit(), 3);
  assert.match(alone.stderr, /sotto: .*127\.0\.0\.1/);
});

Deno.test("sotto client: a token stands in for the password, until it is signed out", async () => {
  await using house = await House.make();
  const server = await house.server();
  const ann = await house.person("ann", server);
  ann.type("quit");
  assert.equal(await ann.exit(), 0);
  const folder = join(house.folder, "ann", "state", "sotto", "tokens");
  const [name = ""] = await readdir(folder);
  assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  const args = ["--json", "--pin", server.pin];
  const again = house.client("ann", server.port, ...args);
  await again.event({ event: "authenticated", user: "ann" });
  again.type("logout");
  assert.equal(await again.exit(), 0);
  assert.deepEqual(await readdir(folder), []);
  const refused = house.client("ann", server.port, ...args);
  assert.equal(await refused.exit(), 4);
});

Deno.test("sotto client: leaves in good order at the first SIGINT", async () => {
  await using house = await House.make();
  const server = await house.server();
  const ann = await house.person("ann", server);
  const bob = await house.person("bob", server);
  bob.type("last words");
  bob.kill("SIGINT");
  assert.equal(await bob.exit(), 0);
  await ann.event({ event: "presence", user: "bob", status: "offline" });
  await bob.event({ event: "closed", code: "left" });
});

Deno.test("sotto client: does not wait any longer at the second SIGINT", async () => {
  await using house = await House.make();
  const server = await house.server();
  const ann = await house.person("ann", server);
  server.program.kill("SIGSTOP");
  ann.type("nobody hears this");
  await ann.event({ event: "sending" });
  ann.kill("SIGINT");
  await ann.event({ event: "notice", code: "leaving" });
  ann.kill("SIGINT");
  assert.equal(await ann.exit(), "SIGINT");
});

Deno.test("sotto client: tells every stage and both connection IDs when asked to", async () => {
  await using house = await House.make();
  const server = await house.server();
  const file = await house.passwordFile("ann");
  const args = ["--json", "--pin", server.pin, "--password-file", file, "--log-level", "debug"];
  const ann = house.client("ann", server.port, ...args);
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
