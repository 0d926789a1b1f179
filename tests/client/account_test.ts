import assert from "node:assert/strict";
import fc from "fast-check";
import { Account } from "../../client/account.ts";
import { EventQueue } from "../../client/event_queue.ts";
import type { ChatEvent } from "../../client/events.ts";
import { counter } from "../../client/messages/ids.ts";
import { fixedCredentials } from "../../client/session/prompts.ts";
import type { ServerFrame } from "../../protocol/frame.ts";
import { signInAsAnn } from "../helpers/current_session.ts";
import { faultsOf } from "../helpers/event_schema.ts";
import { FakeClock } from "../helpers/fake_clock.ts";
import { anyServerFrame } from "../helpers/frames.ts";
import { MemoryEngine } from "../helpers/memory_engine.ts";
import { ulidOf } from "../helpers/messages.ts";

/** Ann's account, which collects its events. */
async function setUp() {
  const { session, server } = await signInAsAnn();
  const { connection } = session;
  assert.ok(connection);
  const events = new EventQueue();
  const number = counter();
  const signedIn = {
    connection,
    account: "ann",
    server: { host: "memory", port: 1, pin: MemoryEngine.pin },
  };
  const account = new Account(signedIn, {
    events,
    clock: new FakeClock(),
    random: (length) => new Uint8Array(length),
    fraction: () => 0,
    ulid: () => ulidOf(number()),
    numbers: { sealed: counter(), files: counter() },
    prompts: fixedCredentials({ user: "ann", password: "" }),
    files: {},
    log: undefined,
  });
  /** All events. The account is not used after that. */
  const end = async (): Promise<ChatEvent[]> => {
    account.close();
    events.end();
    const all: ChatEvent[] = [];
    for await (const event of events) all.push(event);
    return all;
  };
  return { account, server, end };
}

Deno.test("Account reports what a frame says, by the part that it is for", async () => {
  const { account, end } = await setUp();
  const conversation = "room:tech";
  const state = { conversation, seq: 0, mark: 0, unread: 0 };
  const frames: readonly ServerFrame[] = [
    { type: "conversations", conversations: [state], more: false },
    { type: "users", users: [], more: false },
    { type: "presence", user: "bob", number: 2, status: "away" },
    { type: "notice", code: "hello", text: "Hello." },
    { type: "error", code: "busy", message: "Busy." },
    {
      ...{ type: "message", conversation, seq: 1, ulid: ulidOf(1), from: "bob", at: 0 },
      content: { kind: "text", body: "hi" },
    },
    { type: "marked", conversation, seq: 0 }, // Nothing.
    { type: "marked", conversation, seq: 1 },
    { type: "changed", conversation, change: "topic", by: "bob", topic: "TypeScript" },
  ];
  for (const frame of frames) account.receive(frame);
  const events = await end();
  assert.deepEqual(events.map(({ event }) => event), [
    ...["room", "users", "presence", "notice", "error", "message", "marked", "changed"],
  ]);
});

Deno.test("Account asks who is online after resync, since changes may be lost", async () => {
  const { account, server, end } = await setUp();
  account.receive({ type: "resync" });
  await server.expect("sync");
  await server.expect("who");
  await end();
});

Deno.test("Account takes any frames, in any order, and makes valid events of them", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyServerFrame, { maxLength: 20 }), async (frames) => {
      const { account, end } = await setUp();
      for (const frame of frames) account.receive(structuredClone(frame));
      assert.deepEqual((await end()).flatMap((event) => faultsOf(event)), []);
    }),
    { numRuns: 300, seed: 1 },
  );
});
