import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { closeCodeOf } from "../../protocol/errors.ts";
import { dmOf, GENERAL } from "../../protocol/names.ts";
import { TransportError } from "../../protocol/transport/transport.ts";
import { readConfig } from "../../server/config.ts";
import { SILENT } from "../../server/log.ts";
import { startServer } from "../../server/main.ts";
import { StoreError } from "../../server/store/error.ts";
import { ulidOf } from "../helpers/messages.ts";
import { TestPeer, texts } from "../helpers/peer.ts";
import { Program } from "../helpers/program.ts";
import { startTestServer } from "../helpers/server.ts";
import { tempFolder } from "../helpers/temp_folder.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** The log's events of one kind. */
function eventsOf(log: readonly string[], event: string): Record<string, unknown>[] {
  return log.map((line) => JSON.parse(line)).filter((entry) => entry.event === event);
}

for (const engine of ["builtin", "quiche"]) {
  Deno.test(`startServer() carries messages over ${engine}: signed in, stored, acknowledged, fanned out`, async () => {
    await using server = await startTestServer({ engine });
    await using ann = await TestPeer.signIn(server, "ann");
    await using bob = await TestPeer.signIn(server, "bob");
    const re = await ann.say(GENERAL, ulidOf(1), "hello, everyone");
    const { at, ...ack } = await ann.next("ack");
    assert.deepEqual(ack, { type: "ack", re, ulid: ulidOf(1), conversation: GENERAL, seq: 1 });
    assert.ok(Math.abs(Date.now() - at) < 60_000);
    assert.deepEqual(texts([await bob.next("message")]), [[1, "ann", "hello, everyone"]]);
    await bob.say(dmOf("ann", "bob"), ulidOf(2), "just you");
    assert.deepEqual(texts([await ann.next("message")]), [[1, "bob", "just you"]]);
    const history = await bob.history(GENERAL);
    assert.deepEqual(texts(history), [[1, "ann", "hello, everyone"]]);
    assert.equal(history.at(-1)?.type, "end");
  });

  Deno.test(`startServer() logs handshakes over ${engine} at debug, stage by stage`, async () => {
    await using server = await startTestServer({ engine });
    await using ann = await TestPeer.signIn(server, "ann");
    await ann.connection[Symbol.asyncDispose]();
    const stages = eventsOf(server.log, "handshake");
    const established = stages.find(({ stage }) => stage === "established");
    assert.ok(stages.some(({ stage }) => stage === "initial"));
    assert.match(String(established?.["peer"]), /^127\.0\.0\.1:\d+$/);
    assert.equal(established?.["alpn"], "sotto/1");
    assert.equal(typeof established?.["milliseconds"], "number");
    assert.equal("source_id" in (established ?? {}), engine === "quiche");
    assert.equal("destination_id" in (established ?? {}), engine === "quiche");
  });
}

Deno.test("startServer() logs no messages, passwords or tokens", async () => {
  await using server = await startTestServer();
  await using ann = await TestPeer.connect(server);
  await ann.hello();
  const { token } = await ann.login("ann", "a password of ann's");
  await ann.say(GENERAL, ulidOf(1), "words of ann's");
  await ann.next("ack");
  await ann.say(dmOf("ann", "nobody"), ulidOf(2), "more words of ann's");
  await ann.next("error");
  const log = server.log.join("\n");
  assert.match(log, /"signed_in"/);
  for (const secret of ["a password of ann's", "words of ann's", token]) {
    assert.ok(!log.includes(secret), secret);
  }
});

Deno.test("RunningServer.stop() acknowledges what is under way, says bye, and closes", async () => {
  await using data = await tempFolder();
  const server = await startTestServer({ data: data.path });
  await using ann = await TestPeer.signIn(server, "ann");
  await using quiet = await TestPeer.connect(server);
  await using bob = await TestPeer.signIn(server, "bob");
  for (let number = 1; number <= 50; number++) await ann.say(GENERAL, ulidOf(number), `${number}`);
  await ann.next("ack");
  const stopping = server.stop();
  const bye = await ann.next("bye");
  assert.equal(bye.code, "draining");
  const acks = ann.received.filter(({ type }) => type === "ack").length;
  assert.equal((await ann.closed()).code, closeCodeOf("draining"));
  assert.equal((await bob.closed()).code, closeCodeOf("draining"));
  assert.equal((await quiet.closed()).code, closeCodeOf("draining"));
  await stopping;

  // What was acknowledged is what is there, and nobody was told of more than that.
  await using again = await startTestServer({ data: server.data });
  await using reader = await TestPeer.signIn(again, "bob");
  const stored = texts(await reader.history(GENERAL)).length;
  assert.equal(texts(bob.received).length, acks);
  assert.ok(stored >= acks && acks > 0, `${stored} stored, ${acks} acknowledged`);
});

Deno.test("RunningServer.stop() does not wait for a peer that does not listen", async () => {
  const server = await startTestServer();
  await using ann = await TestPeer.signIn(server, "ann");
  ann.pause();
  await server.stop();
  assert.deepEqual(eventsOf(server.log, "stopped").length, 1);
  await Deno.remove(server.data, { recursive: true });
});

Deno.test("startServer() goes on where another left off: accounts, tokens, messages, its key", async () => {
  await using folder = await tempFolder();
  const first = await startTestServer({ data: folder.path });
  await using ann = await TestPeer.connect(first);
  await ann.hello();
  const { token } = await ann.login("ann");
  await ann.say(GENERAL, ulidOf(1), "before");
  await ann.next("ack");
  await first.stop();

  await using second = await startTestServer({ data: folder.path, registration: "closed" });
  assert.equal(second.pin, first.pin);
  await using again = await TestPeer.connect(second);
  await again.hello();
  await again.write({ type: "resume", id: again.nextId(), token });
  assert.equal((await again.next("authenticated")).user, "ann");
  await again.say(GENERAL, ulidOf(1), "before");
  await again.say(GENERAL, ulidOf(2), "after");
  assert.deepEqual([(await again.next("ack")).seq, (await again.next("ack")).seq], [1, 2]);
  await using eve = await TestPeer.connect(second);
  await eve.hello();
  await eve.write({ type: "login", id: eve.nextId(), user: "eve", password: "secret" });
  assert.equal((await eve.next("error")).code, "bad_credentials");
});

Deno.test("startServer() goes on from a copy of the folder of one that has stopped", async () => {
  await using folder = await tempFolder();
  const [data, copy] = ["data", "copy"].map((name) => join(folder.path, name));
  assert.ok(data !== undefined && copy !== undefined);
  let pin: string;
  {
    await using server = await startTestServer({ data });
    ({ pin } = server);
    await using ann = await TestPeer.signIn(server, "ann");
    await ann.say(GENERAL, ulidOf(1), "before the backup");
    await ann.next("ack");
  }
  await cp(data, copy, { recursive: true });
  await using server = await startTestServer({ data: copy });
  assert.equal(server.pin, pin);
  await using ann = await TestPeer.signIn(server, "ann");
  assert.deepEqual(texts(await ann.history(GENERAL)), [[1, "ann", "before the backup"]]);
});

Deno.test("startServer() refuses a folder that another server is using", async () => {
  await using server = await startTestServer();
  await assert.rejects(
    startTestServer({ data: server.data }),
    (error) => error instanceof StoreError && error.code === "in_use",
  );
  await using ann = await TestPeer.signIn(server, "ann");
  await ann.say(GENERAL, ulidOf(1), "still here");
  await ann.next("ack");
});

Deno.test("startServer() releases the folder, and says what to do, when its port is in use", async () => {
  await using folder = await tempFolder();
  await using other = await startTestServer();
  const config = readConfig({ ...other.address, host: "127.0.0.1", data: folder.path });
  await assert.rejects(
    startServer(config, { log: SILENT }),
    {
      name: "ListenError",
      message: /^Cannot use UDP port \d+ of 127\.0\.0\.1: another program is using it\. Stop that/,
    },
  );
  await using _server = await startTestServer({ data: folder.path });
});

Deno.test("startServer() bounds the connections that it takes", async () => {
  await using server = await startTestServer({ limits: { maxConnections: 2 } });
  await using _ann = await TestPeer.signIn(server, "ann");
  await using _bob = await TestPeer.signIn(server, "bob");
  await assert.rejects(TestPeer.connect(server), TransportError);
});

Deno.test("runServer() says on one line when it is ready, drains on SIGTERM, and logs to stderr", async () => {
  await using folder = await tempFolder();
  const args = ["server", "--host", "127.0.0.1", "--port", "0", "--data", join(folder.path, "new")];
  await using program = new Program(Deno.execPath(), [
    ...["run", "-A", "--no-check", "--unstable-net", MAIN],
    ...args,
    ...["--log-format", "json"],
  ]);
  const ready = await program.line(/^ready/);
  assert.match(ready, /^ready quic:\/\/127\.0\.0\.1:\d+ alpn=sotto\/1 pin=SHA256:[\w-]{43}$/);
  program.kill("SIGTERM");
  await program.exit();
  assert.deepEqual(program.lines, [ready]);
  const log = program.stderr.trim().split("\n");
  assert.deepEqual(log.map((line) => JSON.parse(line).event), ["listening", "draining", "stopped"]);
});
