/** What a client does with its messages, against a server that the test plays. */
import assert from "node:assert/strict";
import type { Message, ServerFrame } from "../../../protocol/frame.ts";
import { GENERAL } from "../../../protocol/names.ts";
import { settle } from "../../helpers/fake_clock.ts";
import { messageOf } from "../../helpers/messages.ts";
import { ScriptedChat } from "../../helpers/scripted_chat.ts";
import { stateOf } from "../../helpers/scripted_server.ts";

const AT = 1_800_000_000_000;

function ackOf(send: { id: number; ulid: string }, seq: number): ServerFrame {
  return { type: "ack", re: send.id, ulid: send.ulid, conversation: GENERAL, seq, at: AT };
}

/** Message 1, 2, 3… of general, by bob. */
function message(seq: number): Message {
  return { type: "message", seq, ...messageOf(seq, { from: "bob" }) };
}

Deno.test("MessageExchange sends messages in order, and reports each acknowledgement once", async () => {
  await using script = new ScriptedChat();
  const session = await script.signIn();
  const { client } = script;
  for (const text of ["one", "two"]) await client.chat.type(text);
  for (const [index, text] of ["one", "two"].entries()) {
    const send = await session.expect("send");
    assert.deepEqual([send.conversation, send.content.body], [GENERAL, text]);
    await session.send(ackOf(send, index + 1), ackOf(send, index + 1));
    await client.event("ack", { id: send.ulid, seq: index + 1 });
  }
  await settle();
  assert.equal(client.all("ack").length, 2);
});

Deno.test("MessageExchange sends a message again a second after the server was busy", async () => {
  await using script = new ScriptedChat();
  const session = await script.signIn();
  const { client, clock } = script;
  await client.chat.type("one");
  const first = await session.expect("send");
  await session.send({ type: "error", re: first.id, code: "busy", message: "Busy." });
  await settle();
  await client.chat.type("two");
  await clock.pass(1000);
  const again = await session.expect("send");
  assert.equal(again.ulid, first.ulid);
  assert.equal((await session.expect("send")).content.body, "two", "it waited meanwhile");
  await session.send(ackOf(again, 1));
  await client.event("ack", { id: first.ulid });
  assert.deepEqual(client.all("error"), []);
});

Deno.test("MessageExchange reports a message that the server refuses, and goes on", async () => {
  await using script = new ScriptedChat();
  const session = await script.signIn();
  const { client } = script;
  await client.chat.type("one");
  await client.chat.type("two");
  const first = await session.expect("send");
  const code = "message_too_large";
  await session.send({ type: "error", re: first.id, code, message: "Too large." });
  assert.equal((await client.event("error", { code })).id, first.ulid);
  const second = await session.expect("send");
  await session.send(ackOf(second, 1));
  await client.event("ack", { id: second.ulid });
  assert.equal(client.all("ack").length, 1);
});

Deno.test("MessageExchange sends what was not acknowledged again after a break, with the same ID", async () => {
  await using script = new ScriptedChat();
  const session = await script.signIn();
  const { client } = script;
  await client.chat.type("one");
  const first = await session.expect("send");
  const second = await script.reconnect();
  await second.signIn("resume", "ann", stateOf());
  const again = await second.expect("send");
  assert.equal(again.ulid, first.ulid);
  // The first attempt was stored, and the server says so.
  await second.send(ackOf(again, 1));
  await client.event("ack", { id: first.ulid });
  assert.equal(client.all("sending").length, 1);
});

Deno.test("MessageExchange takes its own message in the history for its acknowledgement", async () => {
  await using script = new ScriptedChat();
  const session = await script.signIn();
  const { client } = script;
  await client.chat.type("one");
  const { ulid } = await session.expect("send");
  const second = await script.reconnect();
  await second.signIn("resume", "ann", { ...stateOf(GENERAL, 1, 0), unread: 0 });
  await second.expect("send");
  const page = await second.transfer();
  const { id, after } = await page.expect("history");
  assert.equal(after, 0);
  const own = { type: "message", seq: 1, ...messageOf(1, { ulid, from: "ann" }) } as const;
  await page.send(own, { type: "end", re: id, more: false });
  await client.event("ack", { id: ulid, seq: 1 });
  await settle();
  assert.deepEqual(client.texts, [], "it is not shown as another's");
});

Deno.test("MessageExchange asks for everything anew after resync", async () => {
  await using script = new ScriptedChat();
  const session = await script.signIn();
  const { client } = script;
  await client.chat.type("one");
  const first = await session.expect("send");
  await session.send({ type: "resync" });
  const sync = await session.expect("sync");
  assert.equal((await session.expect("who")).type, "who");
  const listed = { conversations: [stateOf(GENERAL, 2, 0)], more: false };
  await session.send({ type: "conversations", re: sync.id, ...listed });
  const again = await session.expect("send");
  assert.equal(again.ulid, first.ulid);
  await session.send(ackOf(again, 3));
  const page = await session.transfer();
  const { id } = await page.expect("history");
  await page.send(message(1), message(2), { type: "end", re: id, more: false });
  await client.event("message", { seq: 2 });
  assert.deepEqual(client.all("message").map(({ seq }) => seq), [1, 2]);
});

Deno.test("MessageExchange shows what was missed page by page, before what comes meanwhile", async () => {
  await using script = new ScriptedChat();
  const session = await script.signIn(stateOf(GENERAL, 3, 0));
  const { client } = script;
  assert.deepEqual(client.all("unread")[0]?.conversations, [{ conversation: GENERAL, unread: 3 }]);
  const first = await session.transfer();
  const { id, after } = await first.expect("history");
  assert.equal(after, 0);
  await session.send(message(4));
  await first.send(message(1), message(2), { type: "end", re: id, more: true });
  const second = await session.transfer();
  const next = await second.expect("history");
  assert.equal(next.after, 2);
  await second.send(message(3), { type: "end", re: next.id, more: false });
  await client.event("message", { seq: 4 });
  assert.deepEqual(client.all("message").map(({ seq }) => seq), [1, 2, 3, 4]);
});

Deno.test("MessageExchange asks again for a page that was refused, later each time", async () => {
  await using script = new ScriptedChat();
  const session = await script.signIn(stateOf(GENERAL, 1, 0));
  const { client, clock } = script;
  for (const wait of [250, 500]) {
    const page = await session.transfer();
    const { id } = await page.expect("history");
    await page.send({ type: "error", re: id, code: "busy", message: "Busy." });
    await settle();
    await clock.pass(wait);
  }
  const page = await session.transfer();
  const { id } = await page.expect("history");
  await page.send(message(1), { type: "end", re: id, more: false });
  await client.event("message", { seq: 1 });
  assert.deepEqual(client.all("error"), []);
});

Deno.test("MessageExchange asks no more for what the account may not read", async () => {
  for (const code of ["held", "not_a_member", "unknown_conversation"]) {
    await using script = new ScriptedChat();
    const session = await script.signIn(stateOf("room:tech", 1, 0), stateOf());
    const { client, clock } = script;
    const page = await session.transfer();
    const { id, conversation } = await page.expect("history");
    assert.equal(conversation, "room:tech");
    await page.send({ type: "error", re: id, code, message: "No." });
    await settle();
    await clock.pass(10_000);
    await client.chat.drain(1000); // Nothing is missing any more.
    assert.deepEqual(client.all("error"), []);
  }
});

Deno.test("MessageExchange tells the server what was shown, once a second", async () => {
  await using script = new ScriptedChat();
  const session = await script.signIn();
  const { client, clock } = script;
  for (const seq of [1, 2]) await session.send(message(seq));
  await client.event("message", { seq: 2 });
  await settle();
  await clock.pass(1000);
  const { conversation, seq } = await session.expect("mark");
  assert.deepEqual([conversation, seq], [GENERAL, 2]);
  await session.send({ type: "marked", conversation: GENERAL, seq: 5 });
  await client.event("marked", { conversation: GENERAL, seq: 5 });
});

Deno.test("MessageExchange asks again for a page that is empty and promises more, and skips nothing", async () => {
  await using script = new ScriptedChat();
  const session = await script.signIn();
  const { client, clock } = script;
  await session.send({ ...message(2), from: "bob" });
  const first = await session.transfer();
  await first.send({ type: "end", re: (await first.expect("history")).id, more: true });
  await settle();
  assert.deepEqual(client.all("message"), []);
  await clock.pass(1_000);
  const second = await session.transfer();
  const { id } = await second.expect("history");
  await second.send(message(1), message(2), { type: "end", re: id, more: false });
  await client.event("message", { seq: 2 });
  assert.deepEqual(client.all("message").map(({ seq }) => seq), [1, 2]);
});
