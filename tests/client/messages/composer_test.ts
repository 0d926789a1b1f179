import assert from "node:assert/strict";
import type { ChatEvent } from "../../../client/events.ts";
import { Composer } from "../../../client/messages/composer.ts";
import { counter } from "../../../client/messages/ids.ts";
import type { OutgoingMessage } from "../../../client/messages/send_queue.ts";
import { notConnected, RefusedError } from "../../../client/session/refused_error.ts";
import type { Requester } from "../../../client/session/requests.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { signInAsAnn } from "../../helpers/current_session.ts";
import { ulidOf } from "../../helpers/messages.ts";

const OFFLINE: Requester = {
  allows: () => false,
  request: () => Promise.reject(notConnected()),
};

/** Ann, who is in general. */
function setUp(session: Requester = OFFLINE, newestPrivate?: string) {
  const events: ChatEvent[] = [];
  const sent: OutgoingMessage[] = [];
  const number = counter();
  const composer = new Composer({
    account: "ann",
    queue: { add: (message) => void sent.push(message) },
    inbox: { newestPrivate },
    rooms: { current: "room:general", find: ({ name }) => `dm:ann:${name}` },
    session,
    secrets: {
      seal: ({ text = "" }, ulid) =>
        Promise.resolve({ kind: "sealed", body: new TextEncoder().encode(`${ulid} ${text}`) }),
    },
    ulid: () => ulidOf(number()),
    events: { put: (event) => event !== undefined && void events.push(event) },
  });
  /** What was sent since the last look: conversation and text. */
  const look = () =>
    sent.splice(0).map(({ conversation, content: { body } }) => `${conversation} ${body}`);
  return { composer, events, sent, look };
}

function refusedAs(code: string) {
  return (failure: unknown) => failure instanceof RefusedError && failure.code === code;
}

Deno.test("Composer sends a text to the current room, or to the one that is named", async () => {
  const { composer, look } = setUp();
  await composer.do({ type: "say", text: "one" });
  await composer.do({ type: "say", conversation: "room:tech", text: "two" });
  assert.deepEqual(look(), ["room:general one", "room:tech two"]);
});

Deno.test("Composer sends to a single name without looking it up", async () => {
  const { composer, look } = setUp();
  await composer.do({ type: "private", to: ["bob"], text: "hi" });
  assert.deepEqual(look(), ["dm:ann:bob hi"]);
});

Deno.test("Composer looks up several recipients, and sends to each once", async () => {
  const { session, server } = await signInAsAnn();
  const { composer, events, look } = setUp(session);
  const done = composer.do({ type: "private", to: ["bob", 3, "zoe", 7], text: "hi" });
  const { id, users } = await server.expect("resolve");
  assert.deepEqual(users, ["bob", 3, "zoe", 7]);
  const known = [{ number: 2, name: "bob" }, { number: 3, name: "bob" }]
    .map((user) => ({ ...user, status: "normal" as const }));
  await server.send({ type: "resolved", re: id, users: known, unknown: ["zoe", 7] });
  await done;
  assert.deepEqual(look(), ["dm:ann:bob hi"]);
  const [error] = events;
  assert.ok(error?.event === "error" && error.code === "unknown_user");
  assert.match(error.message, /zoe, number 7/);
});

Deno.test("Composer sends to the others when the user has named the account itself", async () => {
  const { composer, look } = setUp();
  const several = { type: "private", to: ["ann", "bob"], text: "hi" } as const;
  await assert.rejects(composer.do({ ...several, to: [...several.to] }), refusedAs("to_self"));
  assert.deepEqual(look(), ["dm:ann:bob hi"]);
  await assert.rejects(
    composer.do({ type: "private", to: ["ann"], text: "hi" }),
    refusedAs("to_self"),
  );
  assert.deepEqual(look(), []);
});

Deno.test("Composer cannot look up a number without a connection", async () => {
  const { composer, look } = setUp();
  await assert.rejects(
    composer.do({ type: "private", to: [2], text: "hi" }),
    refusedAs("not_connected"),
  );
  assert.deepEqual(look(), []);
});

Deno.test("Composer replies to the newest private message, if there is one", async () => {
  const { composer, look } = setUp(OFFLINE, "dm:ann:bob");
  await composer.do({ type: "reply", text: "yes" });
  assert.deepEqual(look(), ["dm:ann:bob yes"]);
  await assert.rejects(
    setUp().composer.do({ type: "reply", text: "yes" }),
    refusedAs("unknown_message"),
  );
});

Deno.test("Composer seals a secret message under the ID that it is sent with", async () => {
  const { composer, sent } = setUp();
  await composer.do({ type: "secret", to: "bob", text: "plan", passphrase: "key" });
  const [message] = sent;
  assert.equal(message?.conversation, "dm:ann:bob");
  assert.equal(message?.content.kind, "sealed");
  const { body } = message?.content ?? {};
  assert.ok(body instanceof Uint8Array);
  assert.equal(new TextDecoder().decode(body), `${message?.ulid} plan`);
});

Deno.test("Composer sends no text that is too long", async () => {
  const text = "ä".repeat(LIMITS.text / 2 + 1);
  const intents: readonly Parameters<Composer["do"]>[0][] = [
    { type: "say", text },
    { type: "private", to: ["bob"], text },
    { type: "reply", text },
  ];
  for (const intent of intents) {
    const { composer, look } = setUp(OFFLINE, "dm:ann:bob");
    await assert.rejects(composer.do(intent), refusedAs("message_too_large"), intent.type);
    assert.deepEqual(look(), []);
  }
});
