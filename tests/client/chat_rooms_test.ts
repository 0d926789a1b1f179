/** Rooms and groups in the client, against a real server (`messages/rooms_test.ts` has none). */
import assert from "node:assert/strict";
import { startTestChat } from "../helpers/client.ts";
import { startTestServer } from "../helpers/server.ts";

Deno.test("Chat goes into rooms, and says things there to their members alone", async () => {
  await using server = await startTestServer();
  const at = { port: server.address.port, pin: server.pin };
  await using ann = await startTestChat({ user: "ann", ...at });
  await using bob = await startTestChat({ user: "bob", ...at });
  await using cat = await startTestChat({ user: "cat", ...at });
  await ann.chat.type("/create tea Black or green?");
  await ann.event("changed", { conversation: "room:tea", change: "created", by: "ann" });
  await ann.event("room", { conversation: "room:tea" });
  await bob.chat.type("/rooms");
  const { rooms } = await bob.event("rooms");
  assert.deepEqual(
    rooms.map(({ conversation }) => conversation).toSorted(),
    ["room:general", "room:random", "room:tea", "room:tech"],
  );
  const tea = rooms.find(({ conversation }) => conversation === "room:tea");
  assert.deepEqual(tea, {
    conversation: "room:tea",
    people: 1,
    topic: "Black or green?",
    member: false,
    creator: "ann",
  });
  await bob.chat.type("/join tea");
  await ann.event("changed", { conversation: "room:tea", change: "joined", by: "bob" });
  await bob.event("room", { conversation: "room:tea" });
  await bob.chat.type("green");
  await ann.event("message", { conversation: "room:tea", from: "bob", text: "green" });
  await ann.chat.type("0: all of you");
  await cat.event("message", { conversation: "room:general", text: "all of you" });
  await bob.event("message", { conversation: "room:general", text: "all of you" });
  await bob.chat.type("/topic Green");
  await ann.event("changed", { change: "topic", topic: "Green", by: "bob" });
  await bob.chat.type("/topic -");
  await ann.event("changed", { change: "topic", topic: "", by: "bob" });
  await ann.chat.type("/members");
  const { users, creator } = await ann.event("members", { conversation: "room:tea" });
  assert.deepEqual([users.map(({ name }) => name), creator], [["ann", "bob"], "ann"]);

  await bob.chat.type("/leave");
  await ann.event("changed", { conversation: "room:tea", change: "left", by: "bob" });
  await bob.event("room", { conversation: "room:general" });
  await ann.chat.type("are you gone?");
  await bob.chat.type("in general");
  await ann.event("message", { conversation: "room:general", text: "in general" });
  await bob.chat.type("/history tea");
  await bob.event("error", { code: "not_a_member" });
  assert.deepEqual(bob.texts, ["all of you"]);
  assert.deepEqual(cat.texts, ["all of you", "in general"]);
});

Deno.test("Chat is in a room again after leaving it, from where it came back", async () => {
  await using server = await startTestServer();
  const at = { port: server.address.port, pin: server.pin };
  await using ann = await startTestChat({ user: "ann", ...at });
  await using bob = await startTestChat({ user: "bob", ...at });
  for (const line of ["/join tech", "/leave tech", "/join tech"]) await bob.chat.type(line);
  await ann.chat.type("/join tech");
  await ann.chat.type("one");
  await bob.event("message", { conversation: "room:tech", text: "one" });
  await bob.chat.type("/leave");
  await ann.event("changed", { change: "left", by: "bob" });
  await ann.chat.type("two");
  await ann.find("three acks", () => ann.all("ack")[1]);
  await bob.chat.type("/join tech");
  await ann.find(
    "bob's return",
    () => ann.all("changed").filter((it) => it.change === "joined")[1],
  );
  await ann.chat.type("three");
  await bob.event("message", { text: "three" });
  assert.deepEqual(bob.texts, ["one", "three"]);
  await bob.chat.type("/history");
  const { messages } = await bob.event("history", { conversation: "room:tech" });
  assert.deepEqual(messages.map(({ text }) => text), ["one", "two", "three"]);
});

Deno.test("Chat says that text goes nowhere when it is in no room", async () => {
  await using server = await startTestServer();
  await using ann = await startTestChat({
    user: "ann",
    port: server.address.port,
    pin: server.pin,
  });
  await ann.chat.type("/leave");
  const event = await ann.find("no room", () => ann.all("room")[0]);
  assert.deepEqual(event, { event: "room" });
  await ann.chat.type("hello?");
  await ann.event("error", { code: "no_room" });
  assert.equal(ann.all("sending").length, 0);
  await ann.chat.type("/join random");
  await ann.event("room", { conversation: "room:random" });
});

Deno.test("Chat makes, uses, changes and deletes groups", async () => {
  await using server = await startTestServer();
  const at = { port: server.address.port, pin: server.pin };
  await using ann = await startTestChat({ user: "ann", ...at });
  await using bob = await startTestChat({ user: "bob", ...at });
  await using cat = await startTestChat({ user: "cat", ...at });
  await ann.chat.type("@group set crew bob,ann");
  const made = await bob.event("changed", { conversation: "group:crew", change: "created" });
  assert.deepEqual([made.by, made.users], ["ann", ["bob"]]);
  await ann.event("changed", { change: "created", by: "ann" });
  await ann.chat.type("@group send crew just us");
  await bob.event("message", { conversation: "group:crew", from: "ann", text: "just us" });
  await bob.chat.type("@group add crew cat");
  await bob.event("error", { code: "not_allowed" });
  await ann.chat.type("@group add crew cat");
  await cat.event("changed", { change: "added", by: "ann" });
  await ann.chat.type("@group add crew bob,cat");
  const { text } = await ann.event("notice", { code: "already_member" });
  assert.match(text, /group:crew.*: bob, cat\.$/);
  const added = ann.all("changed").filter(({ change }) => change === "added");
  assert.deepEqual(added.map(({ users }) => users), [["cat"]]);
  await bob.chat.type("@group send crew welcome");
  await cat.event("message", { conversation: "group:crew", text: "welcome" });
  await cat.chat.type("@group list");
  const { groups } = await cat.event("groups");
  assert.deepEqual(
    groups.map(({ conversation, people, creator }) => [
      conversation,
      people,
      creator,
    ]),
    [["group:crew", 3, "ann"]],
  );

  await ann.chat.type("@group remove crew bob");
  await bob.event("changed", { change: "removed", by: "ann" });
  await bob.chat.type("@group send crew still there?");
  await bob.find("a refusal", () => bob.all("error").find(({ id }) => id !== undefined));
  await bob.chat.type("/history group:crew");
  await bob.find("another", () => bob.all("error").filter(({ id }) => id === undefined)[1]);
  await ann.chat.type("@group delete crew");
  await cat.event("changed", { change: "deleted", by: "ann" });
  await cat.chat.type("@group list");
  const after = await cat.find("the second list", () => cat.all("groups")[1]);
  assert.deepEqual(after.groups, []);
  assert.deepEqual(bob.texts, ["just us"]);
});

Deno.test("Chat deletes a group when its last member leaves", async () => {
  await using server = await startTestServer();
  const at = { port: server.address.port, pin: server.pin };
  await using ann = await startTestChat({ user: "ann", ...at });
  await using bob = await startTestChat({ user: "bob", ...at });
  await ann.chat.type("@group set crew bob");
  await ann.chat.type("@group leave crew");
  await bob.event("changed", { conversation: "group:crew", change: "left", by: "ann" });
  await bob.chat.type("@group leave crew");
  await bob.event("changed", { change: "left", by: "bob" });
  await bob.chat.type("@group set crew ann");
  await ann.find("crew again", () => ann.all("changed").filter(({ by }) => by === "bob").at(-1));
  await ann.chat.type("@group send crew anew");
  await bob.event("message", { conversation: "group:crew", text: "anew" });
});

Deno.test("Chat refuses what cannot be done with rooms and groups, and changes nothing", async () => {
  await using server = await startTestServer();
  const at = { port: server.address.port, pin: server.pin };
  await using ann = await startTestChat({ user: "ann", ...at });
  await using bob = await startTestChat({ user: "bob", ...at });
  await bob.chat.type("@group set crew ann");
  await ann.event("changed");
  const refusals = [
    ["/create tech", "name_taken"],
    ["/create status", "bad_name"],
    ["/create tea " + "x".repeat(257), "bad_topic"],
    ["/join nowhere", "unknown_conversation"],
    ["/leave nowhere", "unknown_conversation"],
    ["/members nowhere", "unknown_conversation"],
    ["@group set crew bob", "name_taken"],
    ["@group set all bob", "bad_name"],
    ["@group set other bob,nobody", "unknown_user"],
    ["@group delete crew", "not_allowed"],
    ["@group remove crew bob", "not_allowed"],
    ["@group send nothing text", "unknown_conversation"],
    ["/history group:nothing", "unknown_conversation"],
    ["/history @ann", "to_self"],
  ] as const;
  for (const [index, [line, code]] of refusals.entries()) {
    await ann.chat.type(line);
    const error = await ann.find(line, () => ann.all("error")[index]);
    assert.equal(error.code, code, line);
  }
  await ann.chat.type("@group list");
  assert.equal((await ann.event("groups")).groups.length, 1);
  await ann.chat.type("/rooms");
  assert.equal((await ann.event("rooms")).rooms.length, 3);
});

Deno.test("Chat keeps its rooms over a break, and hears what was said and changed meanwhile", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sotto-places-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const first = await startTestServer({ data: folder, engine: "quiche" });
  const at = { port: first.address.port, pin: first.pin };
  await using ann = await startTestChat({ user: "ann", ...at });
  await using bob = await startTestChat({ user: "bob", ...at });
  for (const person of [ann, bob]) await person.chat.type("/join tech");
  await ann.chat.type("one");
  await bob.event("message", { conversation: "room:tech", text: "one" });
  await first.stop();
  await ann.event("notice", { code: "reconnecting" });
  await ann.chat.type("two");
  await ann.chat.type("/leave");
  await ann.event("error", { code: "not_connected" });
  await using _second = await startTestServer({
    data: folder,
    port: first.address.port,
    engine: "quiche",
  });
  await bob.event("message", { conversation: "room:tech", text: "two" });
  await bob.chat.type("/rooms");
  const { rooms } = await bob.event("rooms");
  assert.equal(rooms.find(({ conversation }) => conversation === "room:tech")?.people, 2);
});
