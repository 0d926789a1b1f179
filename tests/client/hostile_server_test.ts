/** A server that wants to fill the client's memory: what the client keeps has an end. */
import assert from "node:assert/strict";
import { Chat } from "../../client/chat.ts";
import { fixedCredentials } from "../../client/session/prompts.ts";
import { pinned } from "../../client/session/trust.ts";
import { encodeFrame } from "../../protocol/codec.ts";
import type { ServerFrame } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { FakeClock, settle } from "../helpers/fake_clock.ts";
import { MemoryEngine } from "../helpers/memory_engine.ts";
import { ScriptedChat } from "../helpers/scripted_chat.ts";
import { ScriptedServer, type ScriptedSession, stateOf } from "../helpers/scripted_server.ts";

const FLOOD = new URL("../helpers/hostile_flood.ts", import.meta.url).pathname;
const ROUNDS = 4;
const ITERATIONS = 6000;
/** Bytes by which the heap may grow between the last rounds. Without bounds it is ten times that. */
const MOST_GROWTH = 2 * 1024 * 1024;

type List = (part: number, re: number | undefined) => ServerFrame;

const LISTS: Readonly<Record<string, List>> = {
  users: (part, re) => ({
    type: "users",
    ...re !== undefined && { re },
    users: Array.from({ length: LIMITS.list }, (_, number) => ({
      number: number + 1,
      name: `u${part}-${number}`,
      status: "normal" as const,
    })),
    more: true,
  }),
  conversations: (part, re) => ({
    type: "conversations",
    ...re !== undefined && { re },
    conversations: Array.from(
      { length: LIMITS.list },
      (_, number) => stateOf(`room:r${part}-${number}`),
    ),
    more: true,
  }),
};

/** Sends parts until the client has closed the connection. Returns how many bytes it took. */
async function sendForEver(session: ScriptedSession, list: List, re?: number): Promise<number> {
  let bytes = 0;
  try {
    for (let part = 0; bytes < 10 * LIMITS.lists; part++) {
      const frame = encodeFrame(list(part, re));
      await session.stream.sendBytes(frame);
      bytes += frame.length;
    }
  } catch {
    // The client has closed it.
  }
  return bytes;
}

for (const [name, list] of Object.entries(LISTS)) {
  Deno.test(`Chat ends the session of a server whose list of ${name} does not end`, async () => {
    await using script = new ScriptedChat();
    const { client } = script;
    const session = await script.signIn();
    assert.ok(await sendForEver(session, list) < LIMITS.lists + 3 * LIMITS.frame);
    const { text } = await client.event("notice", { code: "reconnecting" });
    assert.match(text, /lists are longer than 4194304 bytes\. .*Trying again/);
    assert.equal((await session.connection.closed).code, 0x10d);
  });
}

for (const [line, request] of [["@names", "who"], ["/rooms", "list"], ["/members", "members"]]) {
  Deno.test(`Chat ends the session of a server whose answer to ${line} does not end`, async () => {
    await using script = new ScriptedChat();
    const session = await script.signIn();
    const typed = script.client.chat.type(line ?? "");
    const { id } = await session.expect(request as "who" | "list" | "members");
    const users = LISTS["users"] ?? assert.fail();
    const list: List = (part, re) => {
      const frame = users(part, re);
      assert.ok(frame.type === "users" && re !== undefined);
      if (request === "who") return frame;
      if (request === "list") {
        const place = { people: 1, topic: "x".repeat(200), member: false };
        const conversations = frame.users.slice(0, LIMITS.listed)
          .map(({ name }) => ({ ...place, conversation: `room:${name}` }));
        return { type: "listed", re, conversations, more: true };
      }
      return { ...frame, type: "membership", re, conversation: "room:general" };
    };
    assert.ok(await sendForEver(session, list, id) < LIMITS.lists + 3 * LIMITS.frame);
    await script.client.event("notice", { code: "reconnecting" });
    await typed;
  });
}

Deno.test("Chat takes no more of a history than it asked for", async () => {
  await using script = new ScriptedChat();
  const session = await script.signIn();
  const typed = script.client.chat.type("/history 5");
  const stream = await session.transfer();
  const { limit } = await stream.expect("history");
  const content = { kind: "text", body: "x" };
  const message = {
    ...{ type: "message", conversation: "room:general", ulid: `01J${"0".repeat(23)}` } as const,
    ...{ from: "eve", at: 1, content },
  };
  let sent = 0;
  try {
    for (; sent < 100_000; sent++) await stream.send({ ...message, seq: sent + 1 });
  } catch {
    // The client has reset it.
  }
  assert.ok(sent < 5000, `${sent} messages, and ${limit} were asked for`);
  await script.client.event("error", { code: "list_too_long" });
  await typed;
});

Deno.test("Chat reads no further before the sign-in than its events are read", async () => {
  const server = new ScriptedServer();
  const chat = new Chat({
    ...{ engine: server.engine, host: "memory", port: 1, user: "ann" },
    trust: pinned(MemoryEngine.pin),
    prompts: fixedCredentials({ user: "ann", password: "pass word" }),
    clock: new FakeClock(),
  });
  const session = await server.session();
  await session.welcome();
  let sent = 0;
  const flooding = (async () => {
    for (; sent < 5000; sent++) {
      await session.send({ type: "notice", code: "x", text: "x".repeat(1000) });
    }
  })();
  await settle(500);
  assert.ok(sent > 1000 && sent < 1500, `${sent} notices were read`);
  session.connection.close(0x100);
  await assert.rejects(flooding);
  await chat[Symbol.asyncDispose]();
});

Deno.test("What a client keeps does not grow with what a hostile server sends", async () => {
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", "--quiet", "--v8-flags=--expose-gc"],
      ...[FLOOD, String(ROUNDS), String(ITERATIONS)],
    ],
    stderr: "inherit",
  });
  const { code, stdout } = await command.output();
  assert.equal(code, 0);
  const heaps = new TextDecoder().decode(stdout).trim().split("\n").map(Number);
  assert.equal(heaps.length, ROUNDS);
  const [before = NaN, last = NaN] = [heaps.at(-3), heaps.at(-1)];
  assert.ok(last - before < MOST_GROWTH, `the heap was ${heaps.join(", ")} bytes`);
});
