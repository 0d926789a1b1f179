/** What the client does when the server drops frames (`resync`), refuses, or does not answer. */
import assert from "node:assert/strict";
import type { Message, ServerFrames } from "../../protocol/frame.ts";
import { LIMITS, TIMES } from "../../protocol/limits.ts";
import { GENERAL } from "../../protocol/names.ts";
import { settle } from "../helpers/fake_clock.ts";
import { ulidOf } from "../helpers/messages.ts";
import { ScriptedChat } from "../helpers/scripted_chat.ts";
import { type ScriptedSession, stateOf } from "../helpers/scripted_server.ts";

/** Milliseconds before a request that the server refused for now is made again. */
const RETRY = 1_000;

function message(seq: number, conversation = GENERAL): Message {
  const content = { kind: "text", body: `${conversation} ${seq}` };
  return { type: "message", conversation, seq, ulid: ulidOf(seq), from: "bob", at: seq, content };
}

/** Acknowledges the next message as the one with this number. */
async function acknowledge(session: ScriptedSession, seq: number): Promise<ServerFrames["ack"]> {
  const { id: re, ulid, conversation } = await session.expect("send");
  const ack = { type: "ack", re, ulid, conversation, seq, at: seq } as const;
  await session.send(ack);
  return ack;
}

Deno.test("Chat sends again what was in flight at a resync, and takes each ack once", async () => {
  await using script = new ScriptedChat();
  const { client } = script;
  const session = await script.signIn();
  await client.chat.type("one");
  await client.chat.type("two");
  const first = await session.expect("send");
  const second = await session.expect("send");
  await session.send({ type: "resync" });
  const { id: re } = await session.expect("sync");
  await session.expect("who");
  // The answer to an earlier request still comes.
  await session.send({ ...first, type: "ack", re: first.id, seq: 1, at: 1 });
  await client.event("ack", { id: first.ulid, seq: 1 });
  await settle();
  assert.deepEqual(session.stream.look(), [], "nothing is sent before the list has come");
  const conversations = [stateOf(GENERAL, 1, 1)];
  await session.send({ type: "conversations", re, conversations, more: false });
  assert.equal((await acknowledge(session, 2)).ulid, second.ulid);
  await client.find("both acks", () => client.all("ack")[1]);
  await settle();
  assert.deepEqual(client.all("ack").map(({ id, seq }) => [id, seq]), [[first.ulid, 1], [
    second.ulid,
    2,
  ]]);
});

Deno.test("Chat says of a request at a resync that its answer is unknown", async () => {
  await using script = new ScriptedChat();
  const { client } = script;
  const session = await script.signIn();
  const typed = client.chat.type("/join tech");
  const { id: re } = await session.expect("join");
  await session.send({ type: "resync" });
  await session.send({ type: "conversation", re, ...stateOf("room:tech") });
  await typed;
  await client.event("error", { code: "no_answer" });
  // The list tells what became of it.
  const { id } = await session.expect("sync");
  await session.expect("who");
  const conversations = [stateOf(), stateOf("room:tech")];
  await session.send({ type: "conversations", re: id, conversations, more: false });
  await client.chat.type("/say still in general");
  assert.equal((await acknowledge(session, 1)).conversation, GENERAL);
});

Deno.test("Chat asks for the list until it has it, when the server refuses after a resync", async () => {
  await using script = new ScriptedChat();
  const { client } = script;
  const session = await script.signIn();
  await session.send({ type: "resync" });
  for (const code of ["busy", "rate_limited"]) {
    const { id: re } = await session.expect("sync");
    session.stream.look();
    await session.send({ type: "error", re, code, message: "Not now." });
    await settle();
    await script.clock.pass(RETRY);
  }
  const { id: re } = await session.expect("sync");
  await session.send({
    type: "conversations",
    re,
    conversations: [stateOf(GENERAL, 1, 0)],
    more: false,
  });
  const page = await session.transfer();
  const { id } = await page.expect("history");
  await page.send(message(1), { type: "end", re: id, more: false });
  await client.event("message", { seq: 1 });
  await script.clock.pass(2 * RETRY);
  assert.deepEqual(session.stream.look(), ["mark"], "the list is asked for no more");
});

Deno.test("Chat takes a list anew after a resync in its middle", async () => {
  await using script = new ScriptedChat();
  const { client } = script;
  const session = await script.signIn();
  const user = (number: number, name: string) => ({ number, name, status: "normal" as const });
  await session.send({ type: "users", users: [user(1, "ann"), user(2, "old")], more: true });
  await session.send({
    type: "conversations",
    conversations: [stateOf("room:old")],
    more: true,
  });
  await session.send({ type: "resync" });
  const { id: sync } = await session.expect("sync");
  const { id: who } = await session.expect("who");
  const conversations = [stateOf("room:tech")];
  await session.send(
    { type: "conversations", re: sync, conversations, more: false },
    { type: "users", re: who, users: [user(1, "ann")], more: false },
  );
  const { users } = await client.find("the second list", () => client.all("users")[1]);
  assert.deepEqual(users.map(({ name }) => name), ["ann"]);
  assert.deepEqual(client.all("room").map(({ conversation }) => conversation), ["room:tech"]);
});

Deno.test("Chat counts what was missed once, when the first list broke off in its middle", async () => {
  await using script = new ScriptedChat();
  const { client } = script;
  const first = await script.session();
  await first.welcome();
  await first.authenticate("login", "ann");
  const conversations = [stateOf(GENERAL, 2, 0)];
  await first.send({ type: "conversations", conversations, more: true });
  await client.event("authenticated");
  await settle();
  script.engine.cut();
  await client.event("notice", { code: "reconnecting" });
  await script.clock.pass(RETRY);
  await (await script.session()).signIn("resume", "ann", ...conversations);
  const { conversations: unread } = await client.event("unread");
  assert.deepEqual(unread, [{ conversation: GENERAL, unread: 2 }]);
});

Deno.test("Chat goes on catching up at once on a new session, however often it broke", async () => {
  const rooms = ["room:a", "room:b", "room:c"].map((room) => stateOf(room, 1, 0));
  await using script = new ScriptedChat();
  const { client } = script;
  for (let round = 0; round < 4; round++) {
    const session = await script.session();
    await session.signIn(round === 0 ? "login" : "resume", "ann", ...rooms);
    for (let page = 0; page < rooms.length; page++) {
      await (await session.transfer()).expect("history");
    }
    script.engine.cut();
    const { in: wait = 0 } = await client.find(
      "the break",
      () => client.all("notice").filter(({ code }) => code === "reconnecting")[round],
    );
    await script.clock.pass(wait * 1000 + 100); // The report is rounded.
  }
  const session = await script.session();
  await session.signIn("resume", "ann", ...rooms);
  for (const _ of rooms) {
    const page = await session.transfer();
    const { id: re, conversation } = await page.expect("history");
    await page.send(message(1, conversation), { type: "end", re, more: false });
  }
  await client.find("all messages", () => client.texts[2]);
  assert.deepEqual(client.texts.toSorted(), ["room:a 1", "room:b 1", "room:c 1"]);
});

Deno.test("Chat gives a server up that never answers a message, and sends it on the next session", async () => {
  await using script = new ScriptedChat();
  const { client } = script;
  const session = await script.signIn();
  await client.chat.type("anyone?");
  const { ulid } = await session.expect("send");
  // Signs of life are no answer.
  for (let passed = 0; passed < TIMES.answer; passed += 1_000) {
    await session.send({ type: "notice", code: "alive", text: "Still here." });
    await settle();
    await script.clock.pass(1_000);
  }
  const { text } = await client.event("notice", { code: "reconnecting" });
  assert.match(text, /Trying again/);
  await script.clock.pass(RETRY);
  const next = await script.session();
  await next.signIn("resume", "ann", stateOf());
  assert.equal((await acknowledge(next, 1)).ulid, ulid);
  await client.event("ack", { id: ulid });
});

Deno.test("Chat has no more requests in flight than the server takes", async () => {
  await using script = new ScriptedChat();
  const { client } = script;
  const session = await script.signIn();
  for (let line = 0; line < LIMITS.requests; line++) {
    await client.chat.room();
    await client.chat.type(`line ${line}`);
  }
  await settle();
  let inFlight = 0;
  for (let seq = 1; seq <= LIMITS.requests; seq++) {
    inFlight = Math.max(inFlight, session.stream.waiting);
    await acknowledge(session, seq);
    await settle(1);
  }
  assert.ok(inFlight > 1 && inFlight < LIMITS.requests / 2, `${inFlight}`);
  await client.find("all acks", () => client.all("ack")[LIMITS.requests - 1]);
  assert.deepEqual(
    client.all("ack").map(({ id }) => id),
    client.all("sending").map(({ id }) => id),
  );
});
