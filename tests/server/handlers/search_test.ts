import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { dmOf, GENERAL } from "../../../protocol/names.ts";
import { messageOf, ulidOf } from "../../helpers/messages.ts";
import type { TestPeer } from "../../helpers/peer.ts";
import { indexAll } from "../../helpers/searches.ts";
import { inShort } from "../../helpers/test_session.ts";
import { startSocketless } from "../../helpers/socketless.ts";

async function find(peer: TestPeer, words: string, limit = 100): Promise<string[]> {
  const frames = await peer.fetch({ type: "search", words, limit });
  return frames.map((frame) => frame.type === "end" ? `end, more: ${frame.more}` : inShort(frame));
}

Deno.test("search() finds what was said a moment ago, in all that one may read, newest first", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const bob = await server.signIn("bob");
  const eve = await server.signIn("eve");
  await ann.say(GENERAL, ulidOf(1), "the cake is in the drawer");
  await ann.say(dmOf("ann", "bob"), ulidOf(2), "Cake? Which cake?");
  await ann.next("ack");
  await ann.next("ack");
  assert.deepEqual(await find(bob, "cake"), [
    "message 1 ann: Cake? Which cake?",
    "message 1 ann: the cake is in the drawer",
    "end, more: false",
  ]);
  assert.deepEqual(await find(eve, " cake \t DRAWER "), [
    "message 1 ann: the cake is in the drawer",
    "end, more: false",
  ]);
  assert.deepEqual(await find(eve, "cake which"), ["end, more: false"]);
});

Deno.test("search() takes a NUL for a space", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  await ann.say(GENERAL, ulidOf(1), "the cake");
  await ann.next("ack");
  for (const words of ["\0", "\0 \0"]) {
    const [error] = await ann.fetch({ type: "search", words, limit: 10 });
    assert.equal(error?.type === "error" && error.code, "bad_search");
  }
  const found = ["message 1 ann: the cake", "end, more: false"];
  assert.deepEqual(await find(ann, "\0cake\0"), found);
  assert.deepEqual(await find(ann, "the\0cake"), found);
});

Deno.test("search() tells nothing of what strangers write", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const bob = await server.signIn("bob");
  const eve = await server.signIn("eve");
  const dm = dmOf("ann", "bob");
  await server.store.messages.append(
    Array.from(
      { length: 25_001 },
      (_, n) =>
        messageOf(n, { conversation: dm, content: { kind: "text", body: "the code is 7" } }),
    ),
  );
  assert.deepEqual(await find(eve, "code 7"), ["end, more: false"]);
  assert.deepEqual(await find(eve, "code 8"), ["end, more: false"]);
  assert.equal((await find(bob, "code 7")).at(-1), "end, more: true");
  assert.equal((await find(ann, "code 8")).at(-1), "end, more: false");
});

Deno.test("search() sends nothing of a conversation that the account was removed from meanwhile", async () => {
  await using server = await startSocketless();
  await server.signIn("ann");
  const eve = await server.signIn("eve");
  const crew = { conversation: "group:crew", topic: "", creator: "ann" };
  await server.store.rooms.create(crew, ["ann", "eve"]);
  await server.store.messages.append([
    messageOf(1, { content: { kind: "text", body: "cake 1" } }),
    messageOf(2, { conversation: "group:crew", content: { kind: "text", body: "cake 2" } }),
  ]);
  const { search } = server.store;
  const read = search.read.bind(search);
  search.read = async (...args) => {
    await server.store.rooms.removeMembers("group:crew", ["eve"]);
    return await read(...args);
  };
  assert.deepEqual(await find(eve, "cake"), ["message 1 ann: cake 1", "end, more: false"]);
});

Deno.test("search() lets other work run, whatever the texts and the words are", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const body = "a x b x ".repeat(200);
  await server.store.messages.append(
    Array.from({ length: 2_000 }, (_, n) => messageOf(n, { content: { kind: "text", body } })),
  );
  await indexAll(server.store);
  let turns = 0;
  let isDone = false;
  const found = find(ann, "x-".repeat(128)).finally(() => isDone = true);
  while (!isDone) {
    await setImmediate();
    turns++;
  }
  assert.deepEqual(await found, ["end, more: false"]);
  assert.ok(turns > 20, `${turns} turns of the event loop`);
});

Deno.test("search() refuses a fifth search of an account at once", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const searches = Array.from(
    { length: 5 },
    () => ann.fetch({ type: "search", words: "cake", limit: 10 }),
  );
  const answers = (await Promise.all(searches)).map(([frame]) =>
    frame?.type === "error" ? frame.code : frame?.type
  );
  assert.deepEqual(answers.toSorted(), ["busy", "end", "end", "end", "end"]);
});

Deno.test("search() stops at the limit, and says that there may be more", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  for (let number = 1; number <= 60; number++) {
    await ann.say(GENERAL, ulidOf(number), `no ${number}`);
  }
  for (let number = 1; number <= 60; number++) await ann.next("ack");
  const found = await find(ann, "no", 50);
  assert.deepEqual(found.slice(0, 2), ["message 60 ann: no 60", "message 59 ann: no 59"]);
  assert.deepEqual(found.slice(-2), ["message 11 ann: no 11", "end, more: true"]);
  assert.deepEqual((await find(ann, "no", 60)).slice(-2), [
    "message 1 ann: no 1",
    "end, more: false",
  ]);
});

for (
  const [what, words] of [
    ["nothing", ""],
    ["blanks", " \t\n "],
    ["no letter and no digit", '* " ( ) - :'],
    ["too many words", "x ".repeat(17)],
    ["too much", "ü".repeat(129)],
  ] as const
) {
  Deno.test(`search() refuses ${what}, and says what would do`, async () => {
    await using server = await startSocketless();
    const ann = await server.signIn("ann");
    const [error, ...rest] = await ann.fetch({ type: "search", words, limit: 10 });
    assert.ok(error?.type === "error" && rest.length === 0);
    assert.equal(error.code, "bad_search");
    assert.match(error.message, /Give 1 to 16 words/);
    assert.deepEqual(await find(ann, "still here"), ["end, more: false"]);
  });
}
