/** Leaving, at every step of a session: it ends within its time limits and leaves no timer. */
import assert from "node:assert/strict";
import type { Ending } from "../../client/ending.ts";
import { fixedCredentials } from "../../client/session/prompts.ts";
import { TokenMemory } from "../../client/session/tokens.ts";
import { type Engine, TransportError } from "../../protocol/transport/transport.ts";
import { settle } from "../helpers/fake_clock.ts";
import { ScriptedChat } from "../helpers/scripted_chat.ts";
import { ScriptedServer, stateOf } from "../helpers/scripted_server.ts";

/** Milliseconds that leaving takes at most while everything is acknowledged. */
const QUICK = 1_000;
/** And while messages wait for their acknowledgements. */
const UNSENT = 5_000;

/** Leaves; fails if that takes longer than `ms`. */
async function leave({ client, clock }: ScriptedChat, ms: number): Promise<Ending> {
  let ending: Ending | undefined;
  void client.chat.leave().then((left) => ending = left);
  await settle();
  await clock.pass(ms);
  return ending ?? assert.fail(`Has not left after ${ms} ms`);
}

/** An engine that dials as `dial` does. */
function engineOf(dial: Engine["dial"]): Engine {
  const listen = () => Promise.reject(new TransportError("unsupported", "Nothing listens here"));
  return { name: "builtin", listen, dial };
}

Deno.test("Chat.leave ends while the user decides whether to trust the server", async () => {
  const asked = Promise.withResolvers<void>();
  const trust = {
    expected: () => Promise.resolve(undefined),
    meet() {
      asked.resolve();
      return new Promise<boolean>(() => {});
    },
  };
  await using script = new ScriptedChat({ trust });
  await asked.promise;
  assert.equal((await leave(script, 0)).code, "left");
});

Deno.test("Chat.leave ends while the client dials", async () => {
  const engine = engineOf(({ signal }) =>
    new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(new TransportError("aborted", "Aborted")));
    })
  );
  await using script = new ScriptedChat({ engine });
  assert.equal((await leave(script, 0)).code, "left");
});

Deno.test("Chat.leave ends while the server allows no stream", async () => {
  const opening = Promise.withResolvers<void>();
  const server = new ScriptedServer();
  const engine = engineOf(async (options) => {
    const connection = await server.engine.dial(options);
    connection.openStream = async () => {
      opening.resolve();
      const close = await connection.closed;
      throw new TransportError("closed", "The connection has ended", { close });
    };
    return connection;
  });
  await using script = new ScriptedChat({ engine });
  await opening.promise;
  assert.equal((await leave(script, 0)).code, "left");
});

Deno.test("Chat.leave ends before the server says welcome", async () => {
  await using script = new ScriptedChat();
  const session = await script.session();
  await session.expect("hello");
  assert.equal((await leave(script, QUICK)).code, "left");
});

Deno.test("Chat.leave ends although the server does not end its side", async () => {
  await using script = new ScriptedChat();
  script.endsSessions = false;
  await script.signIn();
  assert.equal((await leave(script, QUICK)).code, "left");
});

Deno.test("Chat.leave ends while the question for the password is not answered", async () => {
  const asked = Promise.withResolvers<AbortSignal>();
  const prompts = {
    ...fixedCredentials({ user: "ann", password: "" }),
    credentials({ signal }: { readonly signal: AbortSignal }) {
      asked.resolve(signal);
      return new Promise<undefined>(() => {});
    },
  };
  await using script = new ScriptedChat({ prompts });
  await (await script.session()).welcome();
  const signal = await asked.promise;
  assert.equal((await leave(script, QUICK)).code, "left");
  assert.ok(signal.aborted, "the question is withdrawn");
});

Deno.test("Chat.leave ends while the server does not answer the login", async () => {
  await using script = new ScriptedChat();
  const { client } = script;
  const session = await script.session();
  await session.welcome();
  await session.expect("login");
  assert.equal((await leave(script, QUICK)).code, "left");
  assert.deepEqual(client.all("error"), []);
});

Deno.test("Chat.leave ends between authenticated and the list of conversations", async () => {
  await using script = new ScriptedChat();
  const { client } = script;
  const session = await script.session();
  await session.welcome();
  await session.authenticate("login", "ann");
  await client.event("authenticated");
  assert.equal((await leave(script, QUICK)).code, "left");
});

Deno.test("Chat.leave ends while a token is being saved and the disk does not answer", async () => {
  const tokens = new TokenMemory();
  tokens.save = () => new Promise(() => {});
  await using script = new ScriptedChat({ tokens });
  await script.signIn();
  assert.equal((await leave(script, QUICK)).code, "left");
});

Deno.test("Chat.leave waits for a token that is being saved", async () => {
  const tokens = new TokenMemory();
  const saved = Promise.withResolvers<void>();
  tokens.save = () => saved.promise;
  await using script = new ScriptedChat({ tokens });
  const { client } = script;
  await script.signIn();
  let ending: Ending | undefined;
  void client.chat.leave().then((left) => ending = left);
  await settle();
  assert.equal(ending, undefined);
  saved.resolve();
  assert.equal((await client.find("the ending", () => ending)).code, "left");
});

Deno.test("Chat.leave ends in mid-catch-up", async () => {
  await using script = new ScriptedChat();
  const session = await script.signIn(stateOf("room:general", 9, 0));
  await (await session.transfer()).expect("history");
  assert.equal((await leave(script, QUICK)).code, "left");
});

Deno.test("Chat.leave waits for acknowledgements, but not for ever", async () => {
  await using script = new ScriptedChat();
  const { client } = script;
  const session = await script.signIn();
  await client.chat.type("hello");
  await session.expect("send");
  const { code, message } = await leave(script, UNSENT);
  assert.deepEqual([code, message], ["unsent", "Left; 1 message could not be sent."]);
  const { text } = await client.event("notice", { code: "leaving" });
  assert.equal(text, "Waiting for 1 message to be stored.");
});

Deno.test("Chat.leave ends at once when the acknowledgement comes", async () => {
  await using script = new ScriptedChat();
  const { client } = script;
  const session = await script.signIn();
  await client.chat.type("hello");
  const { id: re, ulid, conversation } = await session.expect("send");
  const left = client.chat.leave();
  await session.send({ type: "ack", re, ulid, conversation, seq: 1, at: 0 });
  assert.equal((await left).code, "left");
  await client.event("ack", { id: ulid });
});

Deno.test("Chat.leave says once what it waits for, however often it is called", async () => {
  await using script = new ScriptedChat();
  const { client } = script;
  const session = await script.signIn();
  await client.chat.type("hello");
  await session.expect("send");
  const endings = Promise.all([client.chat.leave(), client.chat.leave()]);
  await script.clock.pass(UNSENT);
  const [one, other] = await endings;
  assert.deepEqual(one, other);
  assert.equal(client.all("notice").filter(({ code }) => code === "leaving").length, 1);
});

Deno.test("Chat.leave ends while the client waits before it dials again", async () => {
  await using script = new ScriptedChat();
  const { client } = script;
  await script.signIn();
  script.engine.isDown = true;
  script.engine.cut();
  await client.event("notice", { code: "reconnecting" });
  assert.equal((await leave(script, 0)).code, "left");
});

Deno.test("Chat.leave ends after a drain that gave up on a message", async () => {
  await using script = new ScriptedChat();
  const { client } = script;
  await script.signIn();
  script.engine.isDown = true;
  script.engine.cut();
  await client.event("notice", { code: "reconnecting" });
  await client.chat.type("into the void");
  const drained = client.chat.drain(3_000);
  await script.clock.pass(3_000);
  await drained;
  const ending = await leave(script, QUICK);
  assert.equal(ending.code, "unsent");
});

Deno.test("Chat.leave refuses what is typed after it", async () => {
  await using script = new ScriptedChat();
  const { client } = script;
  await script.signIn();
  const left = client.chat.leave();
  await client.chat.type("too late");
  assert.equal((await left).code, "left");
  assert.deepEqual(client.all("sending"), []);
});
