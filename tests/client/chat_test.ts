import assert from "node:assert/strict";
import { Chat } from "../../client/chat.ts";
import { fixedCredentials } from "../../client/session/prompts.ts";
import { pinned } from "../../client/session/trust.ts";
import { engine } from "../../protocol/transport/quiche/engine.ts";
import { startTestChat, TestChat } from "../helpers/client.ts";
import { startTestServer, type TestServer } from "../helpers/server.ts";
import { tempFolder } from "../helpers/temp_folder.ts";
import { UdpRelay } from "../helpers/udp_relay.ts";

/** Where a server is, as clients need it. */
function at({ address, pin }: TestServer): { port: number; pin: string } {
  return { port: address.port, pin };
}

function numbered(count: number, prefix = "line"): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix} ${index + 1}`);
}

Deno.test("Chat talks publicly and privately", async () => {
  await using server = await startTestServer();
  await using ann = await startTestChat({ user: "ann", ...at(server) });
  await using bob = await startTestChat({ user: "bob", ...at(server) });
  await ann.event("presence", { user: "bob", status: "normal" });
  await ann.chat.type("hello all");
  await bob.event("message", { from: "ann", conversation: "room:general", text: "hello all" });
  const { id } = await ann.event("sending");
  await ann.event("ack", { id, conversation: "room:general", seq: 1 });
  await bob.chat.type("@ann hello you");
  await ann.event("message", { from: "bob", conversation: "dm:ann:bob", text: "hello you" });
  assert.equal(ann.all("message").length, 1, "what one says oneself comes as an ack only");
  await bob.chat.leave();
  await ann.event("presence", { user: "bob", status: "offline" });
});

Deno.test("Chat knows how long a round trip takes as soon as it is connected", async () => {
  await using server = await startTestServer();
  await using ann = await startTestChat({ user: "ann", ...at(server) });
  const order = ann.events.map(({ event }) => event);
  assert.deepEqual(order.slice(0, 3), ["connected", "round_trip", "authenticated"]);
  const [first] = ann.all("round_trip");
  assert.ok(first !== undefined && first.milliseconds >= 0);
});

Deno.test("Chat gives the absent what they missed, once", async () => {
  await using server = await startTestServer();
  await using ann = await startTestChat({ user: "ann", ...at(server) });
  {
    await using _bob = await startTestChat({ user: "bob", ...at(server) });
  }
  await ann.event("presence", { user: "bob", status: "offline" });
  await ann.chat.type("@bob for later");
  await ann.chat.type("to all");
  await ann.find("both acks", () => ann.all("ack")[1]);
  {
    await using bob = await startTestChat({ user: "bob", ...at(server) });
    await bob.event("message", { text: "for later", from: "ann" });
    await bob.event("message", { text: "to all" });
    assert.deepEqual(
      new Set((await bob.event("unread")).conversations),
      new Set([
        { conversation: "dm:ann:bob", unread: 1 },
        { conversation: "room:general", unread: 1 },
      ]),
    );
    const order = bob.events.map(({ event }) => event);
    assert.ok(order.indexOf("unread") < order.indexOf("message"));
    await bob.chat.drain(5000);
  }
  await using bob = await startTestChat({ user: "bob", ...at(server) });
  await bob.chat.drain(5000);
  assert.deepEqual(bob.texts, []);
});

Deno.test("Chat comes back after a restart of the server, losing and repeating nothing", async () => {
  await using folder = await tempFolder();
  const data = folder.path;
  const first = await startTestServer({ data, engine: "quiche" });
  const { port, pin } = at(first);
  await using ann = await startTestChat({ user: "ann", port, pin });
  await using bob = await startTestChat({ user: "bob", port, pin });
  const lines = numbered(60);
  for (const line of lines.slice(0, 30)) await ann.chat.type(line);
  await bob.event("message", { text: "line 10" });
  await first.stop();
  await ann.find("a second attempt", () => {
    const told = ann.all("notice").filter(({ code }) => code === "reconnecting");
    return told[1] && told.every(({ text }) => /[.] Trying again in [\d.]+ s\.$/.test(text));
  });
  for (const line of lines.slice(30)) await ann.chat.type(line);
  await using _second = await startTestServer({ data, port, engine: "quiche" });
  await ann.find("all acks", () => ann.all("ack")[lines.length - 1]);
  await bob.event("message", { text: "line 60" });
  assert.deepEqual(bob.texts, lines);
  assert.deepEqual(ann.texts, [], "one's own lines are acks, also from history");
  const ids = ann.all("ack").map(({ id }) => id);
  assert.deepEqual(ids, ann.all("sending").map(({ id }) => id));
  assert.deepEqual(ann.all("connected").map(({ resumed }) => resumed), [false, true]);
});

Deno.test("Chat keeps its session when its address changes", async () => {
  await using server = await startTestServer();
  await using relay = new UdpRelay({ hostname: "127.0.0.1", port: server.address.port });
  await using ann = await startTestChat({ user: "ann", pin: server.pin, port: relay.port });
  await using bob = await startTestChat({ user: "bob", ...at(server) });
  for (const [index, line] of numbered(20).entries()) {
    if (index === 10) relay.rebind();
    await ann.chat.type(line);
    await bob.chat.type(`to ${line}`);
  }
  await bob.event("message", { text: "line 20" });
  await ann.event("message", { text: "to line 20" });
  assert.deepEqual(bob.texts, numbered(20));
  assert.deepEqual(ann.texts, numbered(20, "to line"));
  assert.equal(ann.all("authenticated").length, 1);
});

Deno.test("Chat catches up when the server had to leave frames out", async () => {
  const limits = { outbox: 8 * 1024 };
  await using server = await startTestServer({ limits });
  await using ann = await startTestChat({ user: "ann", ...at(server) });
  const log: string[] = [];
  const bobs = { user: "bob", ...at(server), log: (event: string) => log.push(event) };
  await using bob = await startTestChat(bobs);
  const lines = numbered(120, "x".repeat(500));
  for (const line of lines) {
    await ann.chat.room();
    await ann.chat.type(line);
    await bob.chat.type(`answer to ${line.slice(500)}`);
  }
  await bob.event("message", { text: lines.at(-1) ?? "" });
  await ann.event("message", { text: "answer to  120" });
  await Promise.all([ann.chat.drain(15_000), bob.chat.drain(15_000)]);
  assert.deepEqual(bob.texts, lines);
  assert.equal(ann.texts.length, 120);
  assert.equal(ann.all("ack").length, 120);
  assert.equal(bob.all("ack").length, 120);
  assert.ok(log.includes("resync"));
});

Deno.test("Chat seals, tells a wrong key from the right one, and shows no key anywhere", async () => {
  await using server = await startTestServer();
  const log: string[] = [];
  const debug = (event: string, fields: object) => log.push(event + JSON.stringify(fields));
  await using ann = await startTestChat({ user: "ann", ...at(server), log: debug });
  await using bob = await startTestChat({ user: "bob", ...at(server), log: debug });
  await ann.chat.type("@secret bob Tr0ub4dor the pl4n");
  const { number, id } = await bob.event("sealed", { from: "ann", conversation: "dm:ann:bob" });
  await bob.chat.type("/open 1 wr0ng");
  await bob.event("error", { code: "wrong_passphrase" });
  await bob.chat.type(`/open ${number} Tr0ub4dor`);
  await bob.event("opened", { id, from: "ann", text: "the pl4n" });
  await bob.chat.type(`/open ${id} Tr0ub4dor`);
  assert.equal(bob.all("opened").length, 2);
  const told = JSON.stringify([ann.events, bob.events, log, server.log]);
  assert.doesNotMatch(told, /Tr0ub4dor|wr0ng/);
  assert.doesNotMatch(JSON.stringify([ann.events, log, server.log]), /pl4n/);
});

Deno.test("Chat asks for the key and the text of a secret message", async () => {
  await using server = await startTestServer();
  const prompts = {
    ...fixedCredentials({ user: "ann", password: "pass word" }),
    passphrase: () => Promise.resolve("asked"),
    secretText: () => Promise.resolve("the plan"),
  };
  await using ann = await startTestChat({ user: "ann", ...at(server), prompts });
  await using bob = await startTestChat({ user: "bob", ...at(server) });
  await ann.chat.type("@secret bob");
  await bob.event("sealed");
  await bob.chat.type("/open");
  await bob.event("error", { code: "no_passphrase" });
  await bob.chat.type("/open 1 asked");
  await bob.event("opened", { text: "the plan" });
  await bob.chat.type("/open 2 asked");
  await bob.event("error", { code: "unknown_message" });
});

Deno.test("Chat shows on one device what was said on another", async () => {
  await using server = await startTestServer();
  await using desk = await startTestChat({ user: "ann", ...at(server) });
  await using phone = await startTestChat({ user: "ann", ...at(server) });
  await desk.chat.type("from the desk");
  await phone.event("message", { from: "ann", text: "from the desk" });
  await phone.chat.type("from the phone");
  await desk.event("message", { from: "ann", text: "from the phone" });
  assert.equal(desk.all("message").length, 1);
});

Deno.test("Chat says what cannot be sent, and sends the rest", async () => {
  await using server = await startTestServer();
  await using ann = await startTestChat({ user: "ann", ...at(server) });
  await ann.chat.type("@ann to myself");
  await ann.event("error", { code: "to_self" });
  await ann.chat.type("@nobody hello");
  const refused = await ann.event("error", { code: "unknown_user" });
  assert.equal(refused.id, ann.all("sending")[0]?.id);
  await ann.chat.type("x".repeat(16 * 1024 + 1));
  await ann.event("error", { code: "message_too_large" });
  await ann.chat.type("/nonsense");
  await ann.event("error", { code: "unknown_command" });
  await ann.chat.type("ä".repeat(8 * 1024));
  await ann.event("ack", { seq: 1 });
  assert.equal(ann.all("sending").length, 2);
});

Deno.test("Chat answers @names and /help", async () => {
  await using server = await startTestServer();
  await using ann = await startTestChat({ user: "ann", ...at(server) });
  await using bob = await startTestChat({ user: "bob", ...at(server) });
  await bob.chat.type("@names");
  const { users } = await bob.find("the second list", () => bob.all("users")[1]);
  assert.deepEqual(users.map(({ name, number }) => [name, number]), [["ann", 1], ["bob", 2]]);
  await ann.chat.type("/help");
  assert.match((await ann.event("notice", { code: "help" })).text, /@secret USER/);
});

Deno.test("Chat says that there is no server", async () => {
  const server = await startTestServer();
  await server[Symbol.asyncDispose]();
  await using ann = new TestChat({ user: "ann", ...at(server) });
  assert.equal((await ann.chat.ended).code, "no_connection");
  await ann.event("closed", { code: "no_connection" });
  assert.equal(ann.events.length, 1);
});

Deno.test("Chat says when too much waits to be sent, and sends what it took", async () => {
  await using folder = await tempFolder();
  const data = folder.path;
  const first = await startTestServer({ data, engine: "quiche" });
  const { port, pin } = at(first);
  await using ann = await startTestChat({ user: "ann", port, pin });
  await first.stop();
  await ann.event("notice", { code: "reconnecting" });
  for (const line of numbered(260)) await ann.chat.type(line);
  assert.equal(ann.all("error").filter(({ code }) => code === "queue_full").length, 4);
  await using _second = await startTestServer({ data, port, engine: "quiche" });
  await ann.find("all acks", () => ann.all("ack")[255]);
  assert.deepEqual(
    ann.all("ack").map(({ seq }) => seq),
    numbered(256).map((_, index) => index + 1),
  );
});

Deno.test("Chat says how much it could not send when it leaves", async () => {
  const server = await startTestServer();
  await using ann = await startTestChat({ user: "ann", ...at(server) });
  await server[Symbol.asyncDispose]();
  await ann.event("notice", { code: "reconnecting" });
  await ann.chat.type("too late");
  const ending = await ann.chat.leave();
  assert.deepEqual([ending.code, ending.message], ["unsent", "Left; 1 message could not be sent."]);
});

Deno.test("Chat loses nothing of what comes faster than its events are read", async () => {
  await using server = await startTestServer();
  await using ann = await startTestChat({ user: "ann", ...at(server) });
  const slow = new Chat({
    engine,
    host: "127.0.0.1",
    port: server.address.port,
    trust: pinned(server.pin),
    user: "bob",
    prompts: fixedCredentials({ user: "bob", password: "pass word" }),
  });
  await ann.event("presence", { user: "bob", status: "normal" });
  const lines = numbered(1500);
  for (const line of lines) {
    await ann.chat.room();
    await ann.chat.type(line);
  }
  await ann.find("all acks", () => ann.all("ack")[lines.length - 1]);
  const texts: string[] = [];
  for await (const event of slow.events) {
    if (event.event !== "message") continue;
    if (texts.push(event.text) === lines.length) void slow.leave();
  }
  assert.deepEqual(texts, lines);
});

Deno.test("Chat can be left by a reader of its events who has more of them to read", async () => {
  await using server = await startTestServer();
  await using ann = await startTestChat({ user: "ann", ...at(server) });
  const bot = new Chat({
    engine,
    host: "127.0.0.1",
    port: server.address.port,
    trust: pinned(server.pin),
    user: "bot",
    prompts: fixedCredentials({ user: "bot", password: "pass word" }),
  });
  await ann.event("presence", { user: "bot", status: "normal" });
  for (const line of numbered(1200)) {
    await ann.chat.room();
    await ann.chat.type(line);
  }
  await ann.find("all acks", () => ann.all("ack")[1199]);
  for await (const event of bot.events) {
    if (event.event !== "message") continue;
    assert.equal((await bot.leave()).code, "left");
    break;
  }
});
