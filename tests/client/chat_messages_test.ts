/** Several people, numbers, statuses, history and search in the client, against a real server. */
import assert from "node:assert/strict";
import { startTestChat } from "../helpers/client.ts";
import { startTestServer } from "../helpers/server.ts";

Deno.test("Chat says something to several, and who does not get it is told by name", async () => {
  await using server = await startTestServer();
  const at = { port: server.address.port, pin: server.pin };
  await using ann = await startTestChat({ user: "ann", ...at });
  await using bob = await startTestChat({ user: "bob", ...at });
  await using cat = await startTestChat({ user: "cat", ...at });
  {
    await using _dan = await startTestChat({ user: "dan", ...at });
  }
  await ann.event("presence", { user: "dan", status: "offline" });
  await cat.chat.type("@status dnd");
  await ann.event("presence", { user: "cat", status: "dnd" });
  await ann.chat.type("@bob,cat,dan,zoe dinner?");
  await bob.event("message", { conversation: "dm:ann:bob", text: "dinner?" });
  assert.match((await ann.event("error", { code: "unknown_user" })).message, /\bzoe\b/);
  assert.match((await ann.event("notice", { code: "offline" })).text, /\bdan\b/);
  assert.match((await ann.event("notice", { code: "dnd" })).text, /\bcat\b/);
  assert.equal(ann.all("sending").length, 3);

  await ann.chat.type("2,9: by number");
  await bob.event("message", { conversation: "dm:ann:bob", text: "by number" });
  const errors = await ann.find("the second error", () => ann.all("error")[1] && ann.all("error"));
  assert.match(errors[1]?.message ?? "", /number 9/);
  await ann.chat.type("@ann,bob both");
  await bob.event("message", { text: "both" });
  const toSelf = await ann.event("error", { code: "to_self" });
  assert.match(toSelf.message, /to the others/);
});

Deno.test("Chat holds private messages back while the recipient is dnd", async () => {
  await using server = await startTestServer();
  const at = { port: server.address.port, pin: server.pin };
  await using ann = await startTestChat({ user: "ann", ...at });
  await using bob = await startTestChat({ user: "bob", ...at });
  await bob.chat.type("@status dnd");
  await bob.event("status", { status: "dnd" });
  await ann.event("presence", { user: "bob", status: "dnd" });
  await ann.chat.type("@bob for later");
  await ann.event("notice", { code: "dnd" });
  await ann.chat.type("to all");
  await bob.event("message", { text: "to all" });
  // One's own message comes after what is held: the client waits, and does not ask on and on.
  await bob.chat.type("@ann busy");
  await ann.event("message", { text: "busy" });
  await bob.chat.type("/history @ann");
  await bob.event("history", { conversation: "dm:ann:bob" });
  await bob.chat.drain(5000);
  assert.deepEqual(bob.texts, ["to all"]);
  await bob.chat.type("@status normal");
  await bob.event("message", { conversation: "dm:ann:bob", text: "for later" });
  await bob.chat.type("@status");
  await bob.find("the third status", () => bob.all("status")[2]);
  assert.deepEqual(bob.all("status").map(({ status }) => status), ["dnd", "normal", "normal"]);

  await bob.chat.type("@status away");
  await ann.event("presence", { user: "bob", status: "away" });
  await ann.chat.type("@bob now");
  await bob.event("message", { text: "now" });
  assert.match((await ann.event("notice", { code: "away" })).text, /^bob /);
});

Deno.test("Chat shows history, with one's own and what is sealed", async () => {
  await using server = await startTestServer();
  const at = { port: server.address.port, pin: server.pin };
  await using ann = await startTestChat({ user: "ann", ...at });
  await using bob = await startTestChat({ user: "bob", ...at });
  for (const line of ["one", "two", "three", "@bob privately"]) await ann.chat.type(line);
  await ann.chat.type("@secret bob k3y the plan");
  const { number } = await bob.event("sealed");
  await bob.chat.type("/history 2");
  const general = await bob.event("history", { conversation: "room:general" });
  assert.deepEqual(general.messages.map(({ text, seq }) => [text, seq]), [["two", 2], [
    "three",
    3,
  ]]);
  assert.equal(general.more, true);
  await bob.chat.type("/history @ann");
  const { messages, more } = await bob.event("history", { conversation: "dm:ann:bob" });
  assert.deepEqual(messages.map(({ text, number }) => text ?? number), ["privately", number]);
  assert.equal(more, false);
  await ann.chat.type("/history @bob");
  const own = await ann.event("history");
  assert.deepEqual(own.messages.map(({ from }) => from), ["ann", "ann"]);
  assert.deepEqual(bob.texts, ["one", "two", "three", "privately"], "nothing is shown as new");
});

Deno.test("Chat finds words in everything that one may read, and nowhere else", async () => {
  await using server = await startTestServer();
  const at = { port: server.address.port, pin: server.pin };
  await using ann = await startTestChat({ user: "ann", ...at });
  await using bob = await startTestChat({ user: "bob", ...at });
  await using cat = await startTestChat({ user: "cat", ...at });
  for (const line of ["green tea for all", "@bob green tea for you", "coffee"]) {
    await ann.chat.type(line);
  }
  await ann.find("three acks", () => ann.all("ack")[2]);
  await bob.event("message", { text: "coffee" });
  await bob.chat.type("/search TEA green");
  const { messages, words } = await bob.event("search");
  assert.equal(words, "TEA green");
  assert.deepEqual(messages.map(({ conversation }) => conversation), [
    "dm:ann:bob",
    "room:general",
  ]);
  await cat.chat.type("/search tea");
  assert.equal((await cat.event("search")).messages.length, 1);
  await cat.chat.type("/search ...");
  await cat.event("error", { code: "bad_search" });
});

Deno.test("Chat tells what is unread, and what another device has shown", async () => {
  await using server = await startTestServer();
  const at = { port: server.address.port, pin: server.pin };
  await using ann = await startTestChat({ user: "ann", ...at });
  {
    await using bob = await startTestChat({ user: "bob", ...at });
    await bob.chat.type("@ann mine");
    await ann.event("message", { text: "mine" });
  }
  await ann.event("presence", { user: "bob", status: "offline" });
  for (const line of ["one", "two", "@bob hi"]) await ann.chat.type(line);
  await ann.find("three acks", () => ann.all("ack")[2]);
  await using desk = await startTestChat({ user: "bob", ...at });
  const { conversations } = await desk.event("unread");
  assert.deepEqual(
    new Map(conversations.map(({ conversation, unread }) => [conversation, unread])),
    new Map([["room:general", 2], ["dm:ann:bob", 1]]),
  );
  await desk.chat.drain(5000);
  await using phone = await startTestChat({ user: "bob", ...at });
  await ann.chat.type("three");
  await desk.event("message", { text: "three" });
  await phone.event("message", { text: "three" });
  const either = () => [...desk.all("marked"), ...phone.all("marked")].find(({ seq }) => seq === 3);
  await Promise.race([desk.find("a mark", either), phone.find("a mark", either)]);
});
