import assert from "node:assert/strict";
import { join } from "node:path";
import { openSqliteStore } from "../../../server/store/sqlite.ts";
import { WordIndex } from "../../../server/store/word_index.ts";
import { messageOf, ulidOf } from "../../helpers/messages.ts";
import { searchHere } from "../../helpers/search_here.ts";
import { indexAll, searchFor } from "../../helpers/searches.ts";
import { tempFolder } from "../../helpers/temp_folder.ts";

const TEXT = { number: 1, conversation: 7, seq: 1, words: ["apple", "pie"] };
const FIRST = { conversation: 7, chapter: 0 };

Deno.test("WordIndex lists the messages of a chapter of a conversation, the newest first", async () => {
  await using folder = await tempFolder();
  using index = WordIndex.open(join(folder.path, "words"), () => true);
  index.add([
    TEXT,
    { ...TEXT, number: 2, seq: 2 },
    { ...TEXT, number: 3, conversation: 70, seq: 1 },
    { ...TEXT, number: 4, seq: 4_096 },
  ], { number: 4, ulid: ulidOf(4) });
  assert.deepEqual(index.find(FIRST, "apple"), [2, 1]);
  assert.deepEqual(index.find({ conversation: 7, chapter: 1 }, "apple"), [4]);
  assert.deepEqual(index.find({ conversation: 70, chapter: 0 }, "pie"), [3]);
  assert.deepEqual(index.find({ conversation: 0, chapter: 0 }, "pie"), []);
  assert.deepEqual(index.find(FIRST, "pear"), []);
  index.remove([1, 99]);
  assert.deepEqual(index.find(FIRST, "apple"), [2]);
});

Deno.test("WordIndex keeps what it has, and how far it has come, through a close", async () => {
  await using folder = await tempFolder();
  const file = join(folder.path, "words");
  const progress = { number: 5, ulid: ulidOf(5) };
  {
    using index = WordIndex.open(file, () => true);
    assert.deepEqual(index.progress, { number: 0, ulid: "" });
    index.add([TEXT], progress);
  }
  using again = WordIndex.open(file, () => true);
  assert.deepEqual(again.progress, progress);
  assert.deepEqual(again.find(FIRST, "apple"), [1]);
});

Deno.test("WordIndex is readable for its owner only", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await using folder = await tempFolder();
  const file = join(folder.path, "words");
  using _index = WordIndex.open(file, () => true);
  for (const each of [file, `${file}-wal`, `${file}-shm`]) {
    assert.equal(((await Deno.stat(each)).mode ?? 0) & 0o777, 0o600, each);
  }
});

for (
  const [what, change] of [
    ["is damaged", (file: string) => Deno.writeTextFile(file, "no database ".repeat(1_000))],
    ["is gone", (file: string) => Deno.remove(file)],
  ] as const
) {
  Deno.test(`WordIndex begins anew when its file ${what}`, async () => {
    await using folder = await tempFolder();
    const database = join(folder.path, "sotto.db");
    {
      await using store = openSqliteStore(database, { searcher: searchHere });
      await store.accounts.create("ann", "$hash$", 1);
      await store.messages.append([messageOf(1)]);
      await indexAll(store);
    }
    await change(`${database}.words`);
    await using store = openSqliteStore(database, { searcher: searchHere });
    assert.deepEqual((await searchFor(store, "ann", ["message"])).texts, ["message 1"]);
    assert.equal(await store.search.index(), false);
    assert.deepEqual((await searchFor(store, "ann", ["message"])).texts, ["message 1"]);
  });
}

Deno.test("WordIndex begins anew beside an older copy of the database", async () => {
  await using folder = await tempFolder();
  const database = join(folder.path, "sotto.db");
  {
    await using store = openSqliteStore(database, { searcher: searchHere });
    await store.accounts.create("ann", "$hash$", 1);
  }
  await Deno.copyFile(database, `${database}.copy`);
  {
    await using store = openSqliteStore(database, { searcher: searchHere });
    await store.messages.append([messageOf(1), messageOf(2)]);
    await indexAll(store);
  }
  await Deno.rename(`${database}.copy`, database);
  await using store = openSqliteStore(database, { searcher: searchHere });
  const say = (number: number, body: string) =>
    store.messages.append([messageOf(number, { content: { kind: "text", body } })]);
  await say(3, "apple");
  await say(4, "pear");
  await say(5, "cherry");
  assert.equal(await store.search.index(), false);
  assert.deepEqual((await searchFor(store, "ann", ["apple"])).texts, ["apple"]);
  assert.deepEqual((await searchFor(store, "ann", ["message"])).texts, []);
});

Deno.test("WordIndex takes in later messages after the newest ones were freed", async () => {
  await using folder = await tempFolder();
  await using store = openSqliteStore(join(folder.path, "sotto.db"), { searcher: searchHere });
  await store.accounts.create("ann", "$hash$", 1);
  const crew = { conversation: "group:crew", topic: "", creator: "ann" };
  await store.rooms.create(crew, ["ann"]);
  await store.messages.append([messageOf(1, { conversation: "group:crew" })]);
  await indexAll(store);
  await store.rooms.delete("group:crew");
  await store.rooms.freeDeleted(10);
  await store.messages.append([messageOf(2)]);
  await indexAll(store);
  assert.deepEqual((await searchFor(store, "ann", ["message"])).texts, ["message 2"]);
});
