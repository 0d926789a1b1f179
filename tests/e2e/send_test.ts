/** `sotto send` as scripts use it: real programs, real pipes, exit codes. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventsOf, Sandbox } from "../helpers/sandbox.ts";
import { Program } from "../helpers/program.ts";

const TEXT_LIMIT = 16 * 1024;

Deno.test("sotto send: sends the end of a pipe as one message, and prints nothing", async () => {
  await using sandbox = await Sandbox.make();
  const { port, pin, program } = await sandbox.server();
  const ann = await sandbox.signIn("ann", { port, pin, program });
  ann.writeLine("/create builds");
  await ann.event({ event: "changed", change: "created" });
  const password = await sandbox.passwordFile("ops");
  const target = `ops@127.0.0.1:${port}`;
  const first = ["--accept-new", "--password-file", password];
  await using once = sandbox.run("ops", "send", target, "@ann", "hello", "ann", ...first);
  assert.equal(await once.exit(), 0, once.stderr);
  await ann.event({ event: "message", conversation: "dm:ann:ops", text: "hello ann" });

  // The server is known now, and there is a token: no options are needed.
  const env = await sandbox.envWithSotto("ops");
  const line = `seq 9 2>&1 | tail -5 | sotto send ${target} room:builds`;
  await using piped = new Program("sh", ["-c", line], { env });
  assert.equal(await piped.exit(), 0, piped.stderr);
  await ann.event({
    event: "message",
    conversation: "room:builds",
    from: "ops",
    text: "5\n6\n7\n8\n9",
  });
  for (const quiet of [once, piped]) assert.deepEqual([quiet.lines, quiet.stderr], [[], ""]);
});

Deno.test("sotto send: prints JSON for each message, and for each recipient that it did not reach", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const ann = await sandbox.signIn("ann", server);
  const file = await sandbox.passwordFile("ops");
  const args = [`ops@127.0.0.1:${server.port}`, "--pin", server.pin, "--password-file", file];
  await using some = sandbox.run("ops", "send", ...args, "--json", "@ann,nobody", "--", "-v\u001b");
  assert.equal(await some.exit(), 1);
  const events = eventsOf(some).toSorted((one, other) =>
    `${one["event"]}` < `${other["event"]}` ? -1 : 1
  );
  const [ack, error, ...rest] = events;
  const { id } = await ann.event({ event: "message", text: "-v\u001b" });
  assert.deepEqual(
    { ...ack, at: "" },
    { event: "ack", id, conversation: "dm:ann:ops", seq: 1, at: "" },
  );
  assert.deepEqual([error?.["event"], error?.["code"], rest], ["error", "unknown_user", []]);
  assert.match(some.stderr, /^sotto: Not sent to dm:nobody:ops: .*\nsotto: Not every/);
  await using nowhere = sandbox.run("ops", "send", ...args, "room:nowhere", "hello");
  assert.equal(await nowhere.exit(), 1);
  assert.match(nowhere.stderr, /Not sent to room:nowhere: No such conversation/);
});

Deno.test("sotto send: marks nothing as read", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const bob = await sandbox.signIn("bob", server);
  const ann = await sandbox.signIn("ann", server);
  ann.writeLine("quit");
  assert.equal(await ann.exit(), 0);
  bob.writeLine("@ann for your eyes");
  await bob.event({ event: "ack", conversation: "dm:ann:bob" });
  const args = [`ann@127.0.0.1:${server.port}`, "--pin", server.pin];
  await using cron = sandbox.run("ann", "send", ...args, "@bob", "the backup is done");
  assert.equal(await cron.exit(), 0, cron.stderr);
  await bob.event({ event: "message", text: "the backup is done" });
  const again = await sandbox.signIn("ann", server);
  const unread = await again.event({ event: "unread" });
  assert.deepEqual(unread["conversations"], [{ conversation: "dm:ann:bob", unread: 1 }]);
  await again.event({ event: "message", text: "for your eyes" });
});

Deno.test("sotto send: exits with a code that says why nothing was sent", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const ann = await sandbox.signIn("ann", server);
  const target = `ops@127.0.0.1:${server.port}`;
  const file = await sandbox.passwordFile("ops");
  const wrong = join(sandbox.folder, "wrong");
  await writeFile(wrong, "wrong\n", { mode: 0o600 });
  const known = ["--pin", server.pin];
  const as = (password: string) => [...known, "--password-file", password];
  const code = async (args: readonly string[], input = "", reason = /^sotto: /) => {
    await using program = sandbox.run("ops", "send", ...args);
    if (input !== "") program.writeLine(input);
    program.end();
    const exit = await program.exit();
    assert.match(program.stderr, reason);
    assert.deepEqual(program.lines, []);
    return exit;
  };
  const to = "room:general";
  const long = "x".repeat(TEXT_LIMIT + 1);
  const endless = "x".repeat(4 * TEXT_LIMIT);
  const other = "SHA256:" + "A".repeat(43);
  const codes = await Promise.all([
    code([target, to, ...as(file)], " \n\n", /the message is empty/),
    code([target, to, ...as(file)], long, /16385 bytes, and the limit is 16384/),
    code([target, to, ...as(file)], endless, /more than 32768 bytes/),
    code([`127.0.0.1:${server.port}`, to, "hi"], "", /No user is given/),
    code([target, to, "hi", "--password-file", file], "", /--accept-new/),
    code([target, to, "hi", ...as("/nowhere")], "", /password file/),
    code([target, to, "hi", "--pin", other], "", /has CHANGED/),
  ]);
  assert.deepEqual(codes, [2, 2, 2, 2, 2, 2, 5]);
  assert.equal(await code([target, to, "hi", ...known], "", /--password-file/), 4);
  await using made = sandbox.run("ops", "send", target, to, "only this", ...as(file));
  assert.equal(await made.exit(), 0, made.stderr);
  await using eve = sandbox.run("eve", "send", target, to, "hi", ...as(wrong));
  assert.equal(await eve.exit(), 4);
  assert.match(eve.stderr, /The name or the password is wrong/);
  await ann.event({ event: "message", text: "only this" });
  assert.deepEqual(
    eventsOf(ann).filter(({ event }) => event === "message").map(({ text }) => text),
    ["only this"],
  );
  server.program.kill("SIGKILL");
  await server.program.exit();
  assert.equal(await code([target, to, "hi", ...known], "", /\.$/m), 3);
});

Deno.test("sotto send: reads the password before the text with --password-file -", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const ann = await sandbox.signIn("ann", server);
  const args = [`ops@127.0.0.1:${server.port}`, "--pin", server.pin, "--password-file", "-"];
  await using ops = sandbox.run("ops", "send", ...args, "#general");
  for (const line of ["pass word", "first", "second"]) ops.writeLine(line);
  ops.end();
  assert.equal(await ops.exit(), 0, ops.stderr);
  await ann.event({ event: "message", text: "first\nsecond" });
  const log = await readFile(join(sandbox.folder, "data", "sotto.db"), "latin1");
  assert.doesNotMatch(log + ops.stderr, /pass word/);
});

Deno.test("sotto send: logs keys with --log-level trace only, and warns", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const file = await sandbox.passwordFile("ops");
  const keys = join(sandbox.folder, "keys");
  const args = [`ops@127.0.0.1:${server.port}`, "--pin", server.pin, "--password-file", file];
  const send = async (...more: string[]) => {
    const env = { SSLKEYLOGFILE: keys };
    await using ops = sandbox.runWith(
      env,
      "ops",
      "send",
      ...args,
      "room:general",
      "hello",
      ...more,
    );
    assert.equal(await ops.exit(), 0, ops.stderr);
    return { stderr: ops.stderr, keys: await readFile(keys, "utf8").catch(() => "") };
  };
  assert.equal((await send("--log-level", "debug", "--transport", "quic")).keys, "");
  const traced = await send("--log-level", "trace", "--transport", "quic");
  assert.match(traced.stderr, /Anyone who has this file can read/);
  assert.match(traced.keys, /^CLIENT_TRAFFIC_SECRET_0 [0-9a-f]{64} [0-9a-f]{64,96}$/m);
});

Deno.test("sotto send: exits at the first SIGINT, and says that the outcome is unknown", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const ann = await sandbox.signIn("ann", server);
  const file = await sandbox.passwordFile("ops");
  const args = [`ops@127.0.0.1:${server.port}`, "--pin", server.pin, "--password-file", file];
  await using first = sandbox.run("ops", "send", ...args, "@ann", "hello");
  assert.equal(await first.exit(), 0, first.stderr);
  server.program.kill("SIGSTOP");
  await using ops = sandbox.run("ops", "send", ...args, "@ann", "hello", "--log-level", "debug");
  await ops.untilStderr(/handshake stage="initial"/);
  ops.kill("SIGINT");
  assert.equal(await ops.exit(), 1);
  assert.match(ops.stderr, /did not say before this ended that the message is stored/);
  server.program.kill("SIGCONT");
  ann.end();
});
