/** Signing in, and changing the account, against a real server. */
import assert from "node:assert/strict";
import { type CredentialsRequest, fixedCredentials } from "../../client/session/prompts.ts";
import { TokenMemory } from "../../client/session/tokens.ts";
import { startTestChat, TestChat } from "../helpers/client.ts";
import { startTestServer, type TestServer } from "../helpers/server.ts";

/** Where a server is, as clients need it. */
function at({ address, pin }: TestServer): { port: number; pin: string } {
  return { port: address.port, pin };
}

Deno.test("Chat signs in with its token, and with the password once that is void", async () => {
  await using server = await startTestServer();
  const tokens = new TokenMemory();
  const noPassword = {
    ...fixedCredentials({ user: "", password: "" }),
    credentials: () => Promise.resolve(undefined),
  };
  {
    await using _ann = await startTestChat({ user: "ann", ...at(server), tokens });
  }
  {
    await using ann = await startTestChat({
      user: "ann",
      ...at(server),
      tokens,
      prompts: noPassword,
    });
    await ann.chat.type("logout");
    assert.equal((await ann.chat.ended).code, "left");
  }
  await using refused = new TestChat({ user: "ann", ...at(server), tokens, prompts: noPassword });
  assert.equal((await refused.chat.ended).code, "not_let_in");
  await refused.event("error", { code: "no_password" });
  await tokens.save(server.pin, "ann", { token: "not.a.token", expires: Date.now() + 60_000 });
  await using ann = await startTestChat({ user: "ann", ...at(server), tokens });
  assert.notEqual((await tokens.load(server.pin, "ann", Date.now()))?.token, "not.a.token");
  assert.equal(ann.all("error").length, 0);
});

Deno.test("Chat ends on the other devices of a session that was signed out", async () => {
  await using server = await startTestServer();
  const tokens = new TokenMemory();
  await using desk = await startTestChat({ user: "ann", ...at(server), tokens });
  await using phone = await startTestChat({ user: "ann", ...at(server), tokens });
  await phone.chat.type("/logout");
  const ending = await desk.chat.ended;
  assert.equal(ending.code, "not_let_in");
  assert.match(ending.message, /session was signed out on another device\. .*connect again/);
  await desk.event("closed", { code: "not_let_in", message: ending.message });
});

Deno.test("Chat ends with a reason when it cannot get in", async () => {
  await using server = await startTestServer();
  {
    await using _ann = await startTestChat({ user: "ann", ...at(server) });
  }
  const wrong = new TestChat({ user: "ann", ...at(server), password: "wrong" });
  await using _wrong = wrong;
  assert.equal((await wrong.chat.ended).code, "not_let_in");
  await wrong.event("closed");
  assert.deepEqual(wrong.all("error").map(({ code }) => code), ["bad_credentials"]);
  const other = `SHA256:${"A".repeat(43)}`;
  await using changed = new TestChat({ user: "ann", port: server.address.port, pin: other });
  const { code, message } = await changed.chat.ended;
  assert.equal(code, "key_changed");
  assert.ok(message.includes(other) && message.includes(server.pin));
  const trust = {
    expected: () => Promise.resolve(undefined),
    meet: () => Promise.resolve(false),
  };
  await using unknown = new TestChat({ user: "ann", ...at(server), trust });
  const untrusted = await unknown.chat.ended;
  assert.equal(untrusted.code, "untrusted");
  assert.ok(untrusted.message.includes(server.pin));
  assert.equal(unknown.all("connected").length, 0);
});

Deno.test("Chat tries a person's passwords as often as the server allows", async () => {
  await using server = await startTestServer();
  {
    await using _ann = await startTestChat({ user: "ann", ...at(server) });
  }
  const attempts: number[] = [];
  const prompts = {
    ...fixedCredentials({ user: "ann", password: "" }),
    credentials: ({ attempt }: { attempt: number }) => {
      attempts.push(attempt);
      return Promise.resolve({ user: "ann", password: attempt === 2 ? "pass word" : "wrong" });
    },
  };
  {
    await using _ann = await startTestChat({ user: "ann", ...at(server), prompts });
  }
  assert.deepEqual(attempts, [0, 1, 2]);
  const always = {
    ...prompts,
    credentials: () => Promise.resolve({ user: "ann", password: "wrong" }),
  };
  await using ann = new TestChat({ user: "ann", ...at(server), prompts: always });
  const ending = await ann.chat.ended;
  assert.equal(ending.code, "not_let_in");
  assert.equal(ann.all("error").length, 2);
});

Deno.test("Chat registers no name that is taken, and logs in to no account that does not exist", async () => {
  await using server = await startTestServer();
  {
    await using _ann = await startTestChat({ user: "ann", ...at(server) });
  }
  const refusals = [["ann", "register", "name_taken"], [
    "bob",
    "login",
    "bad_credentials",
  ]] as const;
  for (const [user, intent, code] of refusals) {
    const prompts = fixedCredentials({ user, password: "pass word", intent });
    await using chat = new TestChat({ user, ...at(server), prompts });
    assert.equal((await chat.chat.ended).code, "not_let_in");
    await chat.event("error", { code });
  }
});

Deno.test("Chat signs in as another, and mixes nothing of the two up", async () => {
  await using server = await startTestServer();
  const asked: unknown[] = [];
  const prompts = {
    ...fixedCredentials({ user: "", password: "" }),
    credentials: ({ user = "", intent, attempt }: CredentialsRequest) => {
      asked.push([user, intent, attempt]);
      return Promise.resolve({ user, password: user === "bob" && attempt === 0 ? "no" : "mine" });
    },
  };
  const tokens = new TokenMemory();
  await using chat = await startTestChat({ user: "ann", ...at(server), prompts, tokens });
  await using cat = await startTestChat({ user: "cat", ...at(server) });
  await using _bob = await startTestChat({ user: "bob", ...at(server), password: "mine" });
  for (const line of ["from ann", "/register dan", "from dan", "@ann to ann"]) {
    await chat.chat.type(line);
  }
  await cat.event("message", { from: "ann", text: "from ann" });
  await cat.event("message", { from: "dan", text: "from dan" });
  assert.equal(chat.chat.user, "dan");
  assert.equal(await tokens.load(server.pin, "ann", Date.now()), undefined);
  await chat.chat.type("/login ann");
  await chat.event("message", { conversation: "dm:ann:dan", from: "dan", text: "to ann" });
  await chat.event("message", { from: "dan", text: "from dan" });
  await chat.chat.type("/login bob");
  await chat.event("error", { code: "bad_credentials" });
  await chat.event("authenticated", { user: "bob" });
  assert.deepEqual(asked.slice(1), [
    ["dan", "register", 0],
    ["ann", "login", 0],
    ["bob", "login", 0],
    ["bob", "login", 1],
  ]);
  assert.ok(chat.all("connected").every(({ resumed }) => !resumed));
});

Deno.test("Chat keeps its account when no password can be asked for", async () => {
  await using server = await startTestServer();
  let asked = 0;
  const prompts = {
    ...fixedCredentials({ user: "", password: "" }),
    credentials: () => Promise.resolve(asked++ === 0 ? { user: "ann", password: "x" } : undefined),
  };
  await using ann = await startTestChat({ user: "ann", ...at(server), prompts });
  await ann.chat.type("/login bob");
  await ann.event("error", { code: "no_password" });
  await ann.chat.type("still me");
  await ann.event("ack");
  assert.equal(ann.chat.user, "ann");
});
