/** What the client does with messages that it cannot read: an older server may have stored them. */
import assert from "node:assert/strict";
import { encodeFrame } from "../../protocol/codec.ts";
import type { Message, ServerFrame } from "../../protocol/frame.ts";
import { GENERAL } from "../../protocol/names.ts";
import { settle } from "../helpers/fake_clock.ts";
import { ulidOf } from "../helpers/messages.ts";
import { ScriptedChat } from "../helpers/scripted_chat.ts";
import { type ScriptedSession, stateOf } from "../helpers/scripted_server.ts";
import type { ScriptedStream } from "../helpers/scripted_stream.ts";

const TEXT = { kind: "text", body: "hello" };
const EMPTY = { kind: "", body: "x" };
const NUL = { kind: "\0", body: "x" };
const LONG = { kind: "x".repeat(17), body: "x" };
const HUGE = { kind: "text", body: "x".repeat(60_000) };

function message(seq: number, content: unknown, conversation = GENERAL): Message {
  const frame = { type: "message", conversation, seq, ulid: ulidOf(seq), from: "eve", at: seq };
  // What the types do not allow is what this is about.
  return { ...frame, content } as Message;
}

/** Answers the page of history that the client asks for next. Returns where it begins. */
async function page(
  session: ScriptedSession,
  messages: readonly ServerFrame[],
  more = false,
): Promise<number | undefined> {
  const stream: ScriptedStream = await session.transfer();
  const { id: re, after } = await stream.expect("history");
  await stream.send(...messages, { type: "end", re, more });
  await stream.end();
  return after;
}

/** Waits until the client has marked everything up to this message. */
async function marked(script: ScriptedChat, session: ScriptedSession, seq: number): Promise<void> {
  await settle();
  await script.clock.pass(2000);
  for (;;) {
    const frame = await session.stream.next();
    if (frame?.type === "mark" && frame.seq === seq) return;
    assert.ok(frame !== undefined, `a mark of ${seq}`);
  }
}

for (
  const [name, content] of Object.entries({ EMPTY, NUL, LONG, HUGE, none: undefined, number: 7 })
) {
  Deno.test(`Chat catches up over a message that it cannot read (${name})`, async () => {
    await using script = new ScriptedChat();
    const { client } = script;
    const session = await script.signIn(stateOf(GENERAL, 3, 0));
    await page(session, [message(1, TEXT), message(2, content), message(3, TEXT)]);
    await client.event("message", { seq: 3 });
    assert.deepEqual(client.all("message").map(({ seq }) => seq), [1, 3]);
    assert.equal(client.all("notice").length, 1);
    await marked(script, session, 3);
  });
}

Deno.test("Chat says once for each conversation that it cannot read messages", async () => {
  await using script = new ScriptedChat();
  const { client } = script;
  const session = await script.signIn(stateOf(GENERAL, 0), stateOf("room:tech", 0));
  for (const conversation of [GENERAL, "room:tech"]) {
    await session.send(message(1, EMPTY, conversation), message(2, LONG, conversation));
    await session.send(message(3, TEXT, conversation));
    await client.event("message", { conversation, seq: 3 });
  }
  const notices = client.all("notice");
  assert.deepEqual(notices.map(({ code }) => code), ["unreadable", "unreadable"]);
  assert.match(notices[0]?.text ?? "", /room:general/);
  assert.match(notices[1]?.text ?? "", /room:tech/);
});

Deno.test("Chat moves on over pages that have only messages that it cannot read", async () => {
  await using script = new ScriptedChat();
  const { client } = script;
  const session = await script.signIn(stateOf(GENERAL, 7, 0));
  assert.equal(await page(session, [1, 2, 3].map((seq) => message(seq, EMPTY)), true), 0);
  assert.equal(await page(session, [4, 5, 6].map((seq) => message(seq, EMPTY)), true), 3);
  assert.equal(await page(session, [message(7, TEXT)]), 6);
  await client.event("message", { seq: 7 });
  assert.equal(client.all("notice").length, 1);
});

Deno.test("Chat skips a message of which it can read only the number", async () => {
  await using script = new ScriptedChat();
  const { client } = script;
  const session = await script.signIn(stateOf(GENERAL, 2, 0));
  const broken = { ...message(1, TEXT), from: "x".repeat(65), ulid: "none" };
  await page(session, [broken, message(2, TEXT)]);
  await client.event("message", { seq: 2 });
  await session.stream.sendBytes(encodeFrame({ ...message(3, TEXT), at: -1 }));
  await session.send(message(4, TEXT));
  await client.event("message", { seq: 4 });
  assert.equal(client.all("notice").length, 1);
});

Deno.test("Chat shows in a history and a search where a message cannot be read", async () => {
  await using script = new ScriptedChat();
  const { client } = script;
  const session = await script.signIn();
  const typed = client.chat.type("/history");
  const broken = { ...message(3, TEXT), ulid: "none" };
  await page(session, [message(1, TEXT), message(2, EMPTY), broken, message(4, TEXT)]);
  await typed;
  const { messages } = await client.event("history");
  assert.deepEqual(messages.map(({ seq, text }) => [seq, text]), [
    [1, "hello"],
    [2, undefined],
    [4, "hello"],
  ]);
});
