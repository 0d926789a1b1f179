/** Replies to the newest private message, and keys that are remembered while a client runs. */
import assert from "node:assert/strict";
import { fixedCredentials, type Prompts } from "../../client/session/prompts.ts";
import { startTestChat } from "../helpers/client.ts";
import { ScriptedChat } from "../helpers/scripted_chat.ts";
import { stateOf } from "../helpers/scripted_server.ts";
import { startTestServer, type TestServer } from "../helpers/server.ts";

function at({ address, pin }: TestServer): { port: number; pin: string } {
  return { port: address.port, pin };
}

Deno.test("Chat replies to the newest private message, and to none without one", async () => {
  await using server = await startTestServer();
  await using ann = await startTestChat({ user: "ann", ...at(server) });
  await using bob = await startTestChat({ user: "bob", ...at(server) });
  await using cleo = await startTestChat({ user: "cleo", ...at(server) });
  await ann.chat.type("/r too early");
  await ann.event("error", { code: "unknown_message" });
  await bob.chat.type("@ann from bob");
  await ann.event("message", { text: "from bob" });
  await cleo.chat.type("@ann from cleo");
  await ann.event("message", { text: "from cleo" });
  await cleo.chat.type("to all");
  await ann.event("message", { text: "to all" });
  await ann.chat.type("/r yes");
  await cleo.event("message", { conversation: "dm:ann:cleo", text: "yes" });
  await ann.chat.type("@bob and you");
  await bob.event("message", { text: "and you" });
  assert.deepEqual(bob.texts, ["to all", "and you"]);
});

Deno.test("Chat asks for no key that is remembered, and for one again that is forgotten", async () => {
  await using server = await startTestServer();
  await using ann = await startTestChat({ user: "ann", ...at(server) });
  const asked: string[] = [];
  const prompts = {
    credentials: () => Promise.resolve({ user: "bob", password: "pass word" }),
    passphrase: (purpose: string, person: string) => {
      asked.push(`${purpose} ${person}`);
      return Promise.resolve("other-k3y");
    },
    secretText: () => Promise.resolve("back to you"),
  };
  await using bob = await startTestChat({ user: "bob", ...at(server), prompts });
  await ann.chat.type("@secret bob k3y the plan");
  await bob.event("sealed", { number: 1 });
  await bob.chat.type("/keys remember ann k3y");
  assert.match((await bob.event("notice", { code: "keys" })).text, /\bann\b/);
  await bob.chat.type("/open");
  await bob.event("opened", { text: "the plan" });
  await bob.chat.type("@secret ann");
  await ann.event("sealed");
  await ann.chat.type("/open 1 k3y");
  await ann.event("opened", { text: "back to you" });
  assert.deepEqual(asked, []);

  // What was sealed with another key is asked for; so is everything once the key is forgotten.
  await ann.chat.type("@secret bob other-k3y the other plan");
  await bob.event("sealed", { number: 2 });
  await bob.chat.type("/open 2");
  await bob.event("opened", { text: "the other plan" });
  assert.deepEqual(asked, ["open ann"]);
  await bob.chat.type("/keys forget ann");
  await bob.event("notice", { code: "keys", text: "No key is remembered." });
  await bob.chat.type("/open 1");
  await bob.event("error", { code: "wrong_passphrase" });
  assert.deepEqual(asked, ["open ann", "open ann"]);
});

Deno.test("Chat forgets the keys of an account when another signs in", async () => {
  const asked: string[] = [];
  const prompts: Prompts = {
    ...fixedCredentials({ user: "ann", password: "pass word" }),
    credentials: ({ user = "" }) => Promise.resolve({ user, password: "pass word" }),
    passphrase: (purpose, person) => {
      asked.push(`${purpose} ${person}`);
      return Promise.resolve(undefined);
    },
    secretText: () => Promise.resolve("the plan"),
  };
  await using script = new ScriptedChat({ prompts });
  const session = await script.signIn();
  const { client } = script;
  await client.chat.type("/keys remember bob k3y");
  await client.event("notice", { code: "keys" });
  const typed = client.chat.type("/login cleo");
  await session.expect("logout");
  const next = await script.session();
  await next.welcome();
  await next.authenticate("login", "cleo");
  await next.list("cleo", stateOf());
  await typed;
  assert.deepEqual(asked, []);
  await client.chat.type("@secret bob");
  await client.event("error", { code: "no_passphrase" });
  assert.deepEqual(asked, ["seal bob"]);
});
