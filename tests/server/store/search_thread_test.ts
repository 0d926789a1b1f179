import assert from "node:assert/strict";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { searchInThread } from "../../../server/store/search_thread.ts";
import { openSqliteStore } from "../../../server/store/sqlite.ts";
import { messageOf } from "../../helpers/messages.ts";
import { indexAll, searchFor } from "../../helpers/searches.ts";
import { tempFolder } from "../../helpers/temp_folder.ts";

/** A store that searches in a thread of its own. */
async function open() {
  const folder = await tempFolder();
  const file = join(folder.path, "sotto.db");
  const store = openSqliteStore(file);
  await store.accounts.create("ann", "$hash$", 1);
  return {
    store,
    file,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

Deno.test("searchInThread() finds, indexes and forgets as it does in this thread", async () => {
  await using opened = await open();
  const { store } = opened;
  const crew = { conversation: "group:crew", topic: "", creator: "ann" };
  await store.rooms.create(crew, ["ann"]);
  await store.messages.append([messageOf(1), messageOf(2, { conversation: "group:crew" })]);
  assert.deepEqual((await searchFor(store, "ann", ["message"])).texts, ["message 2", "message 1"]);
  await indexAll(store);
  await store.messages.append([messageOf(3)]);
  assert.deepEqual(
    (await searchFor(store, "ann", ["message"])).texts,
    ["message 3", "message 2", "message 1"],
  );
  await store.rooms.delete("group:crew");
  assert.equal(await store.rooms.freeDeleted(10), false);
  assert.deepEqual((await searchFor(store, "ann", ["message"])).texts, ["message 3", "message 1"]);
});

Deno.test("searchInThread() indexes long texts while this thread goes on", async () => {
  await using opened = await open();
  const { store } = opened;
  await indexAll(store); // The thread has started.
  const body = "word ".repeat(3_000);
  await store.messages.append(
    Array.from({ length: 100 }, (_, n) => messageOf(n, { content: { kind: "text", body } })),
  );
  let turns = 0;
  let isDone = false;
  const indexed = indexAll(store).then(() => isDone = true);
  while (!isDone) {
    await setImmediate();
    turns++;
  }
  await indexed;
  assert.ok(turns > 100, `${turns} turns of the event loop`);
});

Deno.test("searchInThread() fails what waits when the thread dies, and starts it again", async () => {
  await using opened = await open();
  const module = `data:text/javascript,process.exit(3)`;
  const dying = searchInThread(opened.file, `${opened.file}.words`, new URL(module));
  const first = dying.index(1);
  const second = dying.step(1, { account: "ann", words: ["message"], limit: 1 });
  for (const each of [first, second]) await assert.rejects(each, /thread that searches died/);
  await assert.rejects(dying.index(1), /thread that searches died/);
  await dying[Symbol.asyncDispose]();
});

Deno.test("searchInThread() answers what was asked before it is closed, and nothing after", async () => {
  await using opened = await open();
  const searcher = searchInThread(opened.file, `${opened.file}.words`);
  const asked = searcher.index(1);
  await searcher[Symbol.asyncDispose]();
  assert.equal(await asked, false);
  await assert.rejects(searcher.index(1), /the store is closed/);
  await searcher[Symbol.asyncDispose]();
});

Deno.test("searchInThread() tells why something failed, and goes on", async () => {
  await using opened = await open();
  await using searcher = searchInThread(`${opened.file}.missing`, `${opened.file}.words`);
  await assert.rejects(searcher.index(1), /unable to open database file/);
  await assert.rejects(searcher.index(1), /unable to open database file/);
});
