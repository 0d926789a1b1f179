/**
 * Rooms and groups through real connections and the real database, asked for by clients that were
 * written from docs/protocol.md alone.
 */
import assert from "node:assert/strict";
import { startTestServer, type TestServer } from "../helpers/server.ts";
import { IndependentClient } from "../helpers/independent_client.ts";
import type { ValueMap } from "../helpers/independent_msgpack.ts";

async function signIn({ address, pin }: TestServer, user: string): Promise<IndependentClient> {
  const { hostname, port } = address;
  const client = await IndependentClient.connect({ hostname, port, pin });
  await client.hello();
  assert.equal((await client.login(user, "a password")).type, "authenticated");
  await client.next("users");
  return client;
}

function told({ conversation, seq, from, content }: ValueMap): unknown[] {
  return [conversation, seq, from, (content as ValueMap).body];
}

async function placesOf(client: IndependentClient, kind: "rooms" | "groups"): Promise<unknown[]> {
  const { conversations } = await client.ask({ type: "list", kind });
  return (conversations as ValueMap[]).map(({ conversation, people, topic, member }) => [
    conversation,
    people,
    topic,
    member,
  ]);
}

/** The conversations of the messages that have come by themselves. */
function heardIn(client: IndependentClient): unknown[] {
  return client.received.filter(({ type }) => type === "message").map((one) => one.conversation);
}

for (const engine of ["builtin", "quiche"]) {
  Deno.test(`Rooms deliver to their members alone, and survive a restart, over ${engine}`, async () => {
    const data = await Deno.makeTempDir({ prefix: "sotto-places-" });
    await using _data = { [Symbol.asyncDispose]: () => Deno.remove(data, { recursive: true }) };
    {
      await using server = await startTestServer({ engine, data });
      await using ann = await signIn(server, "ann");
      await using bob = await signIn(server, "bob");
      await using eve = await signIn(server, "eve");
      const made = await ann.ask({ type: "create", conversation: "room:books", topic: "To read" });
      assert.deepEqual([made.type, made.seq], ["conversation", 0]);
      await ann.send("room:books", "anybody?");
      assert.deepEqual(await placesOf(bob, "rooms"), [
        ["room:books", 1, "To read", false],
        ["room:general", 3, "Everybody is here", true],
        ["room:random", 0, "Anything else", false],
        ["room:tech", 0, "Machines, and how to make them work", false],
      ]);
      const joined = await bob.ask({ type: "join", conversation: "room:books" });
      assert.deepEqual([joined.seq, joined.mark, joined.unread], [1, 1, 0]);
      const news = await ann.next("changed");
      assert.deepEqual([news.conversation, news.change, news.by], ["room:books", "joined", "bob"]);
      await bob.send("room:books", "me");
      assert.deepEqual(told(await ann.next("message")), ["room:books", 2, "bob", "me"]);
      await bob.ask({ type: "topic", conversation: "room:books", topic: "Read and unread" });
      assert.equal((await ann.next("changed")).topic, "Read and unread");
      assert.equal((await eve.send("room:books", "let me in")).code, "not_a_member");
      await eve.send("room:general", "hello");
      assert.deepEqual(told(await ann.next("message")), ["room:general", 1, "eve", "hello"]);
      assert.deepEqual(heardIn(eve), []);
    }
    await using server = await startTestServer({ engine, data });
    await using ann = await signIn(server, "ann");
    await using bob = await signIn(server, "bob");
    assert.deepEqual((await placesOf(ann, "rooms"))[0], ["room:books", 2, "Read and unread", true]);
    await bob.send("room:books", "still here");
    assert.deepEqual(told(await ann.next("message")), ["room:books", 3, "bob", "still here"]);
    assert.deepEqual((await ann.history("room:books", 0)).map(({ seq }) => seq), [1, 2, 3]);
    assert.equal((await bob.ask({ type: "leave", conversation: "room:books" })).type, "done");
    await ann.send("room:books", "alone");
    await ann.send("room:general", "not alone");
    assert.equal((await bob.next("message")).conversation, "room:general");
    assert.deepEqual(heardIn(bob), ["room:general"]);
  });
}

Deno.test("Groups deliver to their members alone, from the first message to the last", async () => {
  await using server = await startTestServer();
  await using ann = await signIn(server, "ann");
  await using bob = await signIn(server, "bob");
  await using carl = await signIn(server, "carl");
  const crew = "group:crew";
  assert.equal(
    (await ann.ask({ type: "create", conversation: crew, members: ["bob"] })).type,
    "conversation",
  );
  assert.equal((await bob.next("conversation")).conversation, crew);
  const created = await bob.next("changed");
  assert.deepEqual([created.change, created.by, created.users], ["created", "ann", ["bob"]]);
  await bob.send(crew, "ahoy");
  assert.deepEqual(told(await ann.next("message")), [crew, 1, "bob", "ahoy"]);

  // To anybody else it is not there, but for its name.
  assert.equal((await carl.send(crew, "ahoy")).code, "unknown_conversation");
  assert.deepEqual(await placesOf(carl, "groups"), []);
  assert.equal((await carl.ask({ type: "create", conversation: crew })).code, "name_taken");

  const add = { type: "add", conversation: crew, users: ["carl"] };
  assert.equal((await bob.ask(add)).code, "not_allowed");
  assert.equal((await ann.ask(add)).type, "done");
  assert.equal((await carl.next("conversation")).seq, 1);
  assert.deepEqual((await carl.history(crew, 0)).map(told), [[crew, 1, "bob", "ahoy"]]);
  await ann.send(crew, "welcome");
  assert.deepEqual(told(await carl.next("message")), [crew, 2, "ann", "welcome"]);

  const remove = { type: "remove", conversation: crew, users: ["bob"] };
  assert.equal((await ann.ask(remove)).type, "done");
  assert.deepEqual(
    [(await bob.next("changed")).change, (await bob.next("changed")).change],
    ["added", "removed"],
  );
  await carl.send(crew, "where is bob?");
  assert.equal((await ann.next("message")).seq, 3);
  assert.deepEqual(heardIn(bob), [crew], "what was said while he was in it, and no more");

  assert.equal((await ann.ask({ type: "delete", conversation: crew })).type, "done");
  for (const change of ["removed", "deleted"]) {
    assert.equal((await carl.next("changed")).change, change);
  }
  assert.deepEqual(await placesOf(ann, "groups"), []);
  // The name is free again, and nothing of what was said in the old one is in the new one.
  const again = await carl.ask({ type: "create", conversation: crew });
  assert.deepEqual([again.type, again.seq, again.unread], ["conversation", 3, 0]);
  assert.deepEqual(await carl.history(crew, 0), []);
  assert.equal((await carl.send(crew, "mine now")).seq, 4);
  // Its last member takes it away.
  assert.equal((await carl.ask({ type: "leave", conversation: crew })).type, "done");
  assert.equal((await carl.send(crew, "hello?")).code, "unknown_conversation");
  assert.equal((await ann.ask({ type: "create", conversation: crew })).type, "conversation");
});

Deno.test("Requests that are malformed or refused get different errors, and change nothing", async () => {
  await using server = await startTestServer();
  await using ann = await signIn(server, "ann");
  const before = await placesOf(ann, "rooms");
  const long = "x".repeat(33);
  const codes: unknown[] = [];
  for (
    const request of [
      { type: "create", conversation: "room:" },
      { type: "create", conversation: `room:${long}` },
      { type: "create", conversation: "dm:ann:bob" },
      { type: "join", conversation: "group:crew" },
      { type: "add", conversation: "group:crew", users: [] },
      { type: "add", conversation: "group:crew", users: Array(65).fill("bob") },
      { type: "topic", conversation: "room:general" },
      { type: "status", status: "offline" },
      { type: "resolve", users: [-1] },
      { type: "hello", versions: [1], features: [], client: "again" },
    ]
  ) {
    codes.push((await ann.ask(request)).code);
  }
  assert.deepEqual(codes, [...Array(9).fill("bad_frame"), "bad_state"]);
  assert.deepEqual(await placesOf(ann, "rooms"), before);
  assert.equal((await ann.send("room:general", "still here")).type, "ack");
});
