/**
 * People: several at once, statuses, what is held, marks, searching; through real connections and
 * the real database, with clients that were written from docs/protocol.md alone.
 */
import assert from "node:assert/strict";
import { startTestServer, type TestServer } from "../helpers/server.ts";
import { IndependentClient, makeUlid } from "../helpers/independent_client.ts";
import type { ValueMap } from "../helpers/independent_msgpack.ts";

async function signIn({ address, pin }: TestServer, user: string): Promise<IndependentClient> {
  const { hostname, port } = address;
  const client = await IndependentClient.connect({ hostname, port, pin });
  await client.hello();
  assert.equal((await client.login(user, "a password")).type, "authenticated");
  return client;
}

function textsOf(messages: readonly ValueMap[]): unknown[] {
  return messages.map(({ content }) => (content as ValueMap).body);
}

Deno.test("send to several users reaches those that exist, and reports the others", async () => {
  await using server = await startTestServer();
  await using ann = await signIn(server, "ann");
  await using bob = await signIn(server, "bob");
  await using carl = await signIn(server, "carl");
  await (await signIn(server, "dora")).leave();
  await carl.ask({ type: "status", status: "dnd" });
  await ann.next("users");

  const resolved = await ann.ask({ type: "resolve", users: ["bob", 3, 4, "eve", 99] });
  assert.deepEqual(resolved.users, [
    { number: 2, name: "bob", status: "normal" },
    { number: 3, name: "carl", status: "dnd" },
    { number: 4, name: "dora", status: "offline" },
  ]);
  assert.deepEqual(resolved.unknown, ["eve", 99]);
  for (const { name } of resolved.users as ValueMap[]) {
    const answer = await ann.send(`dm:ann:${String(name)}`, "to all of you");
    assert.equal(answer.type, "ack");
  }
  assert.deepEqual(textsOf([await bob.next("message")]), ["to all of you"]);
  assert.deepEqual([(await ann.next("notice")).code, (await ann.next("notice")).code], [
    "dnd",
    "offline",
  ]);
  // Who was away finds it at the next login, and so does who did not want to be disturbed, after.
  await using dora = await signIn(server, "dora");
  const { conversations } = await dora.next("conversations");
  assert.deepEqual((conversations as ValueMap[]).at(-1), {
    conversation: "dm:ann:dora",
    seq: 1,
    mark: 0,
    unread: 1,
  });
  assert.deepEqual(textsOf(await dora.history("dm:ann:dora", 0)), ["to all of you"]);
  await carl.ask({ type: "status", status: "normal" });
  assert.equal((await carl.next("conversation")).conversation, "dm:ann:carl");
  assert.deepEqual(textsOf(await carl.history("dm:ann:carl", 0)), ["to all of you"]);
});

Deno.test("send to 64 users is accepted as one request", async () => {
  await using server = await startTestServer();
  await using ann = await signIn(server, "ann");
  const names: string[] = [];
  for (let number = 0; number < 64; number++) names.push(`user${number}`);
  // Accounts alone: nobody of them needs to be there.
  for (let at = 0; at < names.length; at += 8) {
    await Promise.all(
      names.slice(at, at + 8).map(async (name) => {
        await using person = await signIn(server, name);
        await person.leave();
      }),
    );
  }
  const answer = await ann.ask({ type: "resolve", users: names });
  assert.equal((answer.users as unknown[]).length, 64);
  const acks = await Promise.all(
    names.map((name) => ann.send(`dm:ann:${name}`, "all of you", makeUlid())),
  );
  assert.ok(acks.every(({ type, seq }) => type === "ack" && seq === 1));
});

Deno.test("Messages held during dnd survive a restart of the server, and arrive when dnd ends", async () => {
  const data = await Deno.makeTempDir({ prefix: "sotto-people-" });
  await using _data = { [Symbol.asyncDispose]: () => Deno.remove(data, { recursive: true }) };
  {
    await using server = await startTestServer({ data });
    await using ann = await signIn(server, "ann");
    await using bob = await signIn(server, "bob");
    assert.equal((await ann.send("dm:ann:bob", "before")).seq, 1);
    await bob.next("message");
    await bob.ask({ type: "status", status: "dnd" });
    assert.equal((await ann.send("dm:ann:bob", "held")).seq, 2);
    assert.equal((await ann.next("notice")).code, "dnd");
  }
  await using server = await startTestServer({ data });
  await using bob = await signIn(server, "bob");
  const { users } = await bob.next("users");
  assert.deepEqual(users, [{ number: 2, name: "bob", status: "dnd" }]);
  await using ann = await signIn(server, "ann");
  assert.equal((await ann.send("dm:ann:bob", "held too")).seq, 3);
  assert.equal((await ann.next("notice")).code, "dnd");
  await ann.send("room:general", "for everyone");
  assert.deepEqual(textsOf([await bob.next("message")]), ["for everyone"]);

  await bob.ask({ type: "status", status: "away" });
  const { conversation, seq } = await bob.next("conversation");
  assert.deepEqual([conversation, seq], ["dm:ann:bob", 3]);
  assert.deepEqual(textsOf(await bob.history("dm:ann:bob", 1)), ["held", "held too"]);
  assert.equal((await ann.send("dm:ann:bob", "there?")).seq, 4);
  assert.equal((await ann.next("notice")).code, "away");
  assert.deepEqual(textsOf([await bob.next("message")]), ["there?"]);
});

Deno.test("Two devices of one account receive the same, and share what was read", async () => {
  await using server = await startTestServer();
  await using ann = await signIn(server, "ann");
  await using laptop = await signIn(server, "bob");
  await using phone = await signIn(server, "bob");
  await ann.send("dm:ann:bob", "one");
  await laptop.send("dm:ann:bob", "two");
  assert.deepEqual(textsOf([await phone.next("message"), await phone.next("message")]), [
    "one",
    "two",
  ]);
  await laptop.write({ type: "mark", conversation: "dm:ann:bob", seq: 2 });
  const { conversation, seq } = await phone.next("marked");
  assert.deepEqual([conversation, seq], ["dm:ann:bob", 2]);
  await ann.send("dm:ann:bob", "three");
  await using tablet = await signIn(server, "bob");
  const { conversations } = await tablet.next("conversations");
  assert.deepEqual((conversations as ValueMap[])[1], { conversation, seq: 3, mark: 2, unread: 1 });
});

Deno.test("search finds messages, after a restart too, for those who may read them", async () => {
  const data = await Deno.makeTempDir({ prefix: "sotto-people-" });
  await using _data = { [Symbol.asyncDispose]: () => Deno.remove(data, { recursive: true }) };
  {
    await using server = await startTestServer({ data });
    await using ann = await signIn(server, "ann");
    await using _bob = await signIn(server, "bob");
    await ann.send("room:general", "The cake is in the drawer.");
    await ann.send("dm:ann:bob", "Which CAKE? The drawer is empty.");
  }
  await using server = await startTestServer({ data });
  await using bob = await signIn(server, "bob");
  await using eve = await signIn(server, "eve");
  const find = async (client: IndependentClient, words: string) => {
    const frames = await client.request({ type: "search", words, limit: 10 });
    assert.deepEqual(frames.pop()?.type, "end");
    return textsOf(frames);
  };
  assert.deepEqual(await find(bob, "cake drawer"), [
    "Which CAKE? The drawer is empty.",
    "The cake is in the drawer.",
  ]);
  assert.deepEqual(await find(eve, "cake"), ["The cake is in the drawer."]);
  assert.deepEqual(await find(eve, "empty"), []);
  const newest = { type: "history", conversation: "room:general", before: 2 ** 53 - 1, limit: 1 };
  assert.deepEqual(textsOf((await bob.request(newest)).slice(0, -1)), [
    "The cake is in the drawer.",
  ]);
});
