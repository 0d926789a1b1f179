/** Sealed messages, against a server that the test plays. */
import assert from "node:assert/strict";
import { dmOf } from "../../protocol/names.ts";
import { seal } from "../../protocol/secret.ts";
import { settle } from "../helpers/fake_clock.ts";
import { messageOf, ulidOf } from "../helpers/messages.ts";
import { ScriptedChat } from "../helpers/scripted_chat.ts";
import { type ScriptedSession, stateOf } from "../helpers/scripted_server.ts";

const CHEAP = { log2N: 1, r: 8, p: 1 };
const DM = dmOf("ann", "bob");

/** Bob sends ann a text that is sealed with `k3y`. */
async function sendSealed(session: ScriptedSession): Promise<void> {
  const context = { from: "bob", to: "ann", ulid: ulidOf(1) };
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
  const body = await seal({ ...context, text: "the plan", passphrase: "k3y" }, random, CHEAP);
  const message = messageOf(1, {
    conversation: DM,
    from: "bob",
    content: { kind: "sealed", body },
  });
  await session.send({ type: "message", seq: 1, ...message });
}

Deno.test("Chat opens no sealed message by itself", async () => {
  await using script = new ScriptedChat();
  const session = await script.signIn(stateOf(DM));
  const { client } = script;
  await client.chat.type("/keys remember bob k3y");
  await sendSealed(session);
  await client.event("sealed", { number: 1 });
  await settle(50);
  assert.deepEqual(client.all("opened"), []);
  assert.ok(!JSON.stringify(client.events).includes("the plan"));
  await client.chat.type("/open 1");
  await client.event("opened", { text: "the plan" });
});

Deno.test("Chat tells the server nothing of what becomes of a sealed message", async () => {
  await using script = new ScriptedChat();
  const session = await script.signIn(stateOf(DM));
  const { client, clock } = script;
  await sendSealed(session);
  await client.event("sealed", { number: 1 });
  await settle();
  await clock.pass(2_000); // The mark is sent.
  assert.ok(session.stream.look().includes("mark"));
  await client.chat.type("/open 1 wrong");
  await client.event("error", { code: "wrong_passphrase" });
  await client.chat.type("/open 1 k3y");
  await client.event("opened", { text: "the plan" });
  await settle();
  await clock.pass(5_000);
  assert.deepEqual(session.stream.look(), []);
});
