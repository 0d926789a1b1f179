/** Changing the account in mid-session, and signing out. */
import assert from "node:assert/strict";
import { type CredentialsRequest, fixedCredentials } from "../../client/session/prompts.ts";
import { TokenMemory } from "../../client/session/tokens.ts";
import { settle } from "../helpers/fake_clock.ts";
import { MemoryEngine } from "../helpers/memory_engine.ts";
import { MemoryFiles } from "../helpers/memory_files.ts";
import { ScriptedChat } from "../helpers/scripted_chat.ts";
import { type ScriptedSession, stateOf } from "../helpers/scripted_server.ts";

const { pin } = MemoryEngine;

/** Answers with a password for whichever account is asked for. */
function anyAccount(asked: CredentialsRequest[] = []) {
  return {
    ...fixedCredentials({ user: "", password: "" }),
    credentials(request: CredentialsRequest) {
      asked.push(request);
      return Promise.resolve({ user: request.user ?? "", password: `of ${request.user}` });
    },
  };
}

/** Refuses the sign-in that comes. */
async function refuse(session: ScriptedSession, code: string, attempts?: number) {
  const { id: re } = await session.expect("login");
  const left = attempts === undefined ? {} : { attempts };
  await session.send({ type: "error", re, code, message: `Refused: ${code}.`, ...left });
}

Deno.test("Chat changes the account on a new connection, and forgets the token of the old one", async () => {
  const tokens = new TokenMemory();
  await using script = new ScriptedChat({ prompts: anyAccount(), tokens });
  const { client } = script;
  const session = await script.signIn();
  assert.equal((await tokens.load(pin, "ann", 0))?.token, "token of ann");
  const typed = client.chat.type("/login bob");
  await session.expect("logout");
  const next = await script.session();
  await next.welcome();
  const login = await next.authenticate("login", "bob");
  assert.deepEqual(login, {
    type: "login",
    id: 2,
    user: "bob",
    password: "of bob",
    intent: "login",
  });
  await next.list("bob", stateOf());
  await typed;
  assert.equal(client.chat.user, "bob");
  assert.equal(await tokens.load(pin, "ann", 0), undefined);
  assert.equal((await tokens.load(pin, "bob", 0))?.token, "token of bob");
  assert.deepEqual(client.all("connected").map(({ resumed }) => resumed), [false, false]);
});

Deno.test("Chat keeps the new token when the account is the same again", async () => {
  const tokens = new TokenMemory();
  const forgotten = Promise.withResolvers<void>();
  const forget = tokens.forget.bind(tokens);
  tokens.forget = async (...args) => {
    await forgotten.promise;
    await forget(...args);
  };
  await using script = new ScriptedChat({ prompts: anyAccount(), tokens });
  const { client } = script;
  const session = await script.signIn();
  const typed = client.chat.type("/login ann");
  await session.expect("logout");
  await settle();
  await script.clock.pass(1_000); // For so long the end of a session waits for its token.
  const next = await script.session();
  await next.welcome();
  await next.authenticate("login", "ann");
  await next.list("ann", stateOf());
  await client.find("the second list", () => client.all("users")[1]);
  forgotten.resolve(); // The disk is slow.
  await typed;
  await settle();
  assert.equal((await tokens.load(pin, "ann", 0))?.token, "token of ann");
  await client.chat.type("still ann");
  const { id: re, ulid, conversation } = await next.expect("send");
  await next.send({ type: "ack", re, ulid, conversation, seq: 1, at: 1 });
  await client.event("ack", { id: ulid });
});

Deno.test("Chat does not change the account while messages wait to be stored", async () => {
  await using script = new ScriptedChat({ prompts: anyAccount() });
  const { client } = script;
  const session = await script.signIn();
  await client.chat.type("not stored yet");
  const { id: re, ulid, conversation } = await session.expect("send");
  const typed = client.chat.type("/login bob");
  await settle();
  await script.clock.pass(5_000);
  await typed;
  await client.event("error", { code: "not_connected" });
  await session.send({ type: "ack", re, ulid, conversation, seq: 1, at: 1 });
  await client.event("ack", { id: ulid });
  assert.equal(client.chat.user, "ann");
  // It has asked whether the silent server is there, and nothing else.
  assert.deepEqual(session.stream.look(), ["ping"]);
});

Deno.test("Chat changes the account as soon as its messages are stored", async () => {
  await using script = new ScriptedChat({ prompts: anyAccount() });
  const { client } = script;
  const session = await script.signIn();
  await client.chat.type("almost stored");
  const typed = client.chat.type("/login bob");
  const { id: re, ulid, conversation } = await session.expect("send");
  await session.send({ type: "ack", re, ulid, conversation, seq: 1, at: 1 });
  await session.expect("mark"); // What was shown is told before.
  await session.expect("logout");
  await (await script.session()).signIn("login", "bob", stateOf());
  await typed;
  assert.equal(client.chat.user, "bob");
});

Deno.test("Chat does not change the account while there is no session", async () => {
  await using script = new ScriptedChat({ prompts: anyAccount() });
  const { client } = script;
  await script.signIn();
  script.engine.cut();
  await client.event("notice", { code: "reconnecting" });
  await client.chat.type("/login bob");
  await client.event("error", { code: "not_connected" });
  await script.clock.pass(1_000);
  // There is a connection, and it is not signed in yet.
  const next = await script.session();
  await next.welcome();
  await client.chat.type("/login bob");
  await client.find("the second refusal", () => client.all("error")[1]);
  await next.authenticate("resume", "ann");
  await next.list("ann", stateOf());
  await client.find("the second list", () => client.all("users")[1]);
  assert.equal(client.chat.user, "ann");
});

Deno.test("Chat signs out here when the server is not there, and ends", async () => {
  const tokens = new TokenMemory();
  await using script = new ScriptedChat({ tokens });
  const { client } = script;
  await script.signIn();
  script.engine.cut();
  await client.event("notice", { code: "reconnecting" });
  await script.clock.pass(1_000);
  const next = await script.session();
  await next.welcome();
  await next.expect("resume");
  await client.chat.type("/logout");
  assert.equal((await client.chat.ended).code, "left");
  assert.equal(await tokens.load(pin, "ann", 0), undefined);
});

Deno.test("Chat asks again for a wrong password when it changes the account", async () => {
  const asked: CredentialsRequest[] = [];
  await using script = new ScriptedChat({ prompts: anyAccount(asked) });
  const { client } = script;
  await script.signIn();
  const typed = client.chat.type("/register bob");
  const next = await script.session();
  await next.welcome();
  await refuse(next, "bad_credentials", 2);
  await next.authenticate("login", "bob");
  await next.list("bob", stateOf());
  await typed;
  const about = asked.slice(1).map(({ user, attempt, intent }) => [user, attempt, intent]);
  assert.deepEqual(about, [["bob", 0, "register"], ["bob", 1, "register"]]);
  assert.deepEqual(client.all("error").map(({ code }) => code), ["bad_credentials"]);
});

Deno.test("Chat ends when the other account is refused for good, and lets the command go", async () => {
  await using script = new ScriptedChat({ prompts: anyAccount() });
  const { client } = script;
  await script.signIn();
  const typed = client.chat.type("/register bob");
  const next = await script.session();
  await next.welcome();
  await refuse(next, "name_taken");
  await typed;
  const { code, message } = await client.chat.ended;
  assert.deepEqual([code, message], ["not_let_in", "Not signed in to memory:1."]);
  await client.event("error", { code: "name_taken" });
});

Deno.test("Chat goes on with the change when the connection breaks in its middle", async () => {
  const asked: CredentialsRequest[] = [];
  await using script = new ScriptedChat({ prompts: anyAccount(asked) });
  const { client } = script;
  await script.signIn();
  const typed = client.chat.type("/login bob");
  const broken = await script.session();
  await broken.welcome();
  await broken.expect("login");
  script.engine.cut();
  await client.event("notice", { code: "reconnecting" });
  await script.clock.pass(1_000);
  const next = await script.session();
  await next.welcome();
  const request = await next.authenticate("login", "bob");
  assert.equal(request.user, "bob");
  await next.list("bob", stateOf());
  await typed;
  assert.equal(client.chat.user, "bob");
});

Deno.test("Chat stops the files of the old account, and says so", async () => {
  const store = new MemoryFiles();
  store.files.set("plan.txt", new Uint8Array(100));
  await using script = new ScriptedChat({ prompts: anyAccount(), files: { store } });
  const { client } = script;
  const session = await script.signIn();
  await client.chat.type("/send #general plan.txt");
  const upload = await session.transfer();
  const { id: re } = await upload.expect("upload");
  await upload.send({ type: "ready", re, offset: 0 });
  await client.event("progress");
  const typed = client.chat.type("/login bob");
  const next = await script.session();
  await next.signIn("login", "bob", stateOf());
  await typed;
  await client.event("error", { code: "stopped" });
  await settle();
  assert.deepEqual(next.stream.look(), [], "nothing of it is sent as the other account");
  assert.equal((await client.chat.leave()).code, "left");
});

Deno.test("Chat withdraws the question for a password when it ends", async () => {
  const signals: AbortSignal[] = [];
  const prompts = {
    ...fixedCredentials({ user: "ann", password: "x" }),
    credentials({ user = "", signal }: CredentialsRequest) {
      signals.push(signal);
      return user === "ann"
        ? Promise.resolve({ user, password: "x" })
        : new Promise<never>(() => {});
    },
  };
  await using script = new ScriptedChat({ prompts });
  const { client } = script;
  await script.signIn();
  void client.chat.type("/login bob");
  await settle();
  assert.deepEqual(signals.map(({ aborted }) => aborted), [false, false]);
  assert.equal((await client.chat.leave()).code, "left");
  assert.equal(signals[1]?.aborted, true);
});
