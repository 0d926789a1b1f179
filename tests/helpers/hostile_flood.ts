/**
 * A program: a client, and a hostile server that names ever new people, rooms, conversations and
 * files, answers with what was not asked for, and never answers what was. It prints the client's
 * heap after each round, in bytes. To run it needs V8's `--expose-gc`.
 *
 *     deno run -A --v8-flags=--expose-gc tests/helpers/hostile_flood.ts ROUNDS MESSAGES
 */
import assert from "node:assert/strict";
import process from "node:process";
import { Chat } from "../../client/chat.ts";
import { fixedCredentials } from "../../client/session/prompts.ts";
import { pinned } from "../../client/session/trust.ts";
import { INITIAL, reduce } from "../../client/ui/state.ts";
import { concat } from "../../protocol/concat.ts";
import { encodeFrame } from "../../protocol/codec.ts";
import { encodeFileContent } from "../../protocol/file_content.ts";
import type { Message, ServerFrame } from "../../protocol/frame.ts";
import { GENERAL } from "../../protocol/names.ts";
import { FakeClock, settle } from "./fake_clock.ts";
import { MemoryEngine } from "./memory_engine.ts";
import { ulidOf } from "./messages.ts";
import { ScriptedServer, stateOf } from "./scripted_server.ts";

const [rounds = 4, iterations = 6000] = process.argv.slice(2).map(Number);
const collect: unknown = Reflect.get(globalThis, "gc");
assert.ok(typeof collect === "function", "run this with --v8-flags=--expose-gc");

const clock = new FakeClock();
const server = new ScriptedServer();
const chat = new Chat({
  engine: server.engine,
  host: "memory",
  port: 1,
  user: "ann",
  trust: pinned(MemoryEngine.pin),
  prompts: fixedCredentials({ user: "ann", password: "pass word" }),
  clock,
});
let state = INITIAL;
let shown = 0;
void (async () => {
  for await (const event of chat.events) {
    state = reduce(state, event);
    shown++;
  }
})();
const session = await server.session();
await session.signIn("login", "ann", stateOf(GENERAL, 0));
void chat.type("/rooms");
const { id: asked } = await session.expect("list");
// The client's pages of history are never answered, and what it asks is not looked at.
void (async () => {
  while (await session.connection.accept() !== null);
})();

const BYTES = new Uint8Array(1024);
const HASH = new Uint8Array(32);

function message(seq: number, conversation: string, content: Message["content"]): Message {
  return { type: "message", conversation, seq, ulid: ulidOf(seq), from: "eve", at: seq, content };
}

/** Each names something new. */
function framesOf(index: number): ServerFrame[] {
  const name = `n${index}`;
  const [room, group, other] = [`room:r${index}`, `group:g${index}`, `room:o${index}`];
  const dm = `dm:ann:${name}`;
  const text = { kind: "text", body: `text ${index}` };
  const file = encodeFileContent({ file: ulidOf(index), name, size: 1, hash: HASH });
  const empty = { seq: 0, mark: 0, unread: 0 };
  return [
    { type: "presence", user: name, number: index, status: "normal" },
    { type: "marked", conversation: `dm:ann:m${index}`, seq: index },
    { type: "conversation", conversation: group, ...empty },
    message(1, group, text),
    { type: "changed", conversation: group, change: "deleted", by: name },
    { type: "conversation", conversation: room, ...empty },
    message(1, room, { kind: "", body: "" }),
    { type: "changed", conversation: room, change: "left", by: "ann" },
    { type: "conversation", conversation: other, ...empty },
    // Messages in front of which others are missing.
    message(3, dm, text),
    message(index + 2, `room:o${1 + index % 50}`, { kind: "text", body: "x".repeat(1000) }),
    // It answers `list`, which is no `send`.
    { type: "ack", re: asked, ulid: ulidOf(index), conversation: other, seq: index + 9, at: 1 },
    message(index, GENERAL, { kind: "sealed", body: BYTES }),
    message(index + 1, GENERAL, { kind: "file", body: file }),
    { type: "error", code: "busy", message: name },
    { type: "notice", code: "away", text: name },
    ...index % 500 === 0 ? lists(index) : [],
  ];
}

/** Lists that end, and a resync, after which the client asks for them again. */
function lists(index: number): ServerFrame[] {
  const users = Array.from({ length: 500 }, (_, at) => ({
    number: at + 1,
    name: `u${index + at}`,
    status: "away" as const,
  }));
  const conversations = users.map(({ name }) => stateOf(`room:${name}`, 2, 1));
  return [
    { type: "users", users, more: index % 1000 === 0 },
    { type: "conversations", conversations: [stateOf(), ...conversations.slice(1)], more: true },
    ...index % 2000 === 0 ? [{ type: "resync" } as const] : [],
  ];
}

for (let round = 0, index = 1; round < rounds; round++) {
  for (const end = index + iterations; index < end; index++) {
    await session.stream.sendBytes(concat(framesOf(index).map(encodeFrame)));
    session.stream.look();
  }
  await settle(50);
  await chat.shown();
  collect();
  console.log(Deno.memoryUsage().heapUsed);
}
assert.ok(shown > rounds * iterations, "the client shows what comes");
assert.equal(state.connection, "connected");
process.exit(0);
