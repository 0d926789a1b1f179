/** What every store must pass about files (`server/store/files.ts`). */
import assert from "node:assert/strict";
import { dmOf, GENERAL } from "../../../protocol/names.ts";
import type { FileRow } from "../../../server/store/files.ts";
import { AT, ulidOf } from "../../helpers/messages.ts";
import { type Rules, withPeople } from "./rule.ts";

function row(number: number, fields: Partial<FileRow> = {}): FileRow {
  return {
    file: ulidOf(number),
    account: "ann",
    conversation: GENERAL,
    size: 100,
    hash: new Uint8Array(32).fill(number),
    blob: ulidOf(number),
    complete: false,
    at: AT + number,
    ...fields,
  };
}

export const FILE_RULES: Rules = {
  "keeps a file through a close": async (store, location) => {
    await withPeople(store, "ann");
    // A private conversation begins with its first message, which may come after the file.
    const file = row(1, { conversation: dmOf("ann", "bob"), size: 2 ** 40 });
    assert.equal(await store.files.add(file), true);
    await store[Symbol.asyncDispose]();
    await using again = await location.open();
    assert.deepEqual(await again.files.get(ulidOf(1)), file);
    assert.equal(await again.files.get(ulidOf(2)), undefined);
  },

  "stores one file for a ULID, whichever account adds it, and leaves the first unchanged": async (
    store,
  ) => {
    await withPeople(store, "ann", "bob");
    await store.files.add(row(1));
    assert.equal(await store.files.add(row(1, { account: "bob" })), false);
    assert.deepEqual(await store.files.get(ulidOf(1)), row(1));
    await assert.rejects(store.files.add(row(2, { account: "nobody" })), /no account/);
  },

  "finds a complete file of the account with the same bytes": async (store) => {
    await withPeople(store, "ann", "bob");
    const { hash, size } = row(1);
    await store.files.add(row(1));
    assert.equal(await store.files.findEqual("ann", hash, size), undefined);
    assert.equal(await store.files.complete(ulidOf(1), AT + 9), true);
    const complete = row(1, { complete: true, at: AT + 9 });
    assert.deepEqual(await store.files.findEqual("ann", hash, size), complete);
    assert.equal(await store.files.findEqual("bob", hash, size), undefined);
    assert.equal(await store.files.findEqual("ann", hash, size + 1), undefined);
    assert.equal(await store.files.findEqual("ann", row(2).hash, size), undefined);
  },

  "completes a file once, and returns false if there is none": async (store) => {
    await withPeople(store, "ann");
    await store.files.add(row(1));
    assert.equal(await store.files.complete(ulidOf(1), AT), true);
    assert.equal(await store.files.complete(ulidOf(1), AT), false);
    assert.equal(await store.files.complete(ulidOf(2), AT), false);
  },

  "returns a blob with the last file that has it": async (store) => {
    await withPeople(store, "ann");
    const blob = ulidOf(1);
    const { hash } = row(1);
    await store.files.add(row(1, { complete: true }));
    await store.files.add(row(2, { blob, hash, complete: true }));
    assert.equal(await store.files.remove(ulidOf(1)), undefined);
    assert.equal(await store.files.hasBlob(blob), true);
    assert.equal(await store.files.remove(ulidOf(2)), blob);
    assert.equal(await store.files.hasBlob(blob), false);
    assert.equal(await store.files.remove(ulidOf(2)), undefined);
  },

  "lets only complete files of one account with the same bytes share a blob": async (store) => {
    await withPeople(store, "ann", "bob");
    const { blob, hash } = row(1);
    const twin = row(2, { blob, hash, complete: true });
    await store.files.add(row(1));
    await assert.rejects(store.files.add(twin), /another file/);
    await store.files.complete(ulidOf(1), AT);
    const others: readonly Partial<FileRow>[] = [
      { complete: false },
      { account: "bob" },
      { size: 99 },
      { hash: row(2).hash },
    ];
    for (const fields of others) {
      await assert.rejects(store.files.add({ ...twin, ...fields }), /another file/);
    }
    assert.equal(await store.files.get(ulidOf(2)), undefined);
    assert.equal(await store.files.add(twin), true);
  },

  "counts an account's files, and their bytes once for each blob": async (store) => {
    await withPeople(store, "ann", "bob");
    assert.deepEqual([await store.files.usedBytes("ann"), await store.files.count("ann")], [0, 0]);
    await store.files.add(row(1, { size: 1_000, complete: true }));
    const { blob, hash } = row(1);
    await store.files.add(row(2, { size: 1_000, blob, hash, complete: true }));
    await store.files.add(row(3, { size: 20 }));
    await store.files.add(row(4, { account: "bob", size: 7 }));
    assert.deepEqual([await store.files.usedBytes("ann"), await store.files.count("ann")], [
      1_020,
      3,
    ]);
    assert.deepEqual([await store.files.usedBytes("bob"), await store.files.count("bob")], [7, 1]);
  },

  "lists expired files: complete ones by one age, others by another": async (store) => {
    await withPeople(store, "ann");
    for (const number of [1, 2, 3]) await store.files.add(row(number));
    for (const number of [4, 5]) await store.files.add(row(number, { complete: true }));
    assert.deepEqual(await store.files.expired(0, AT + 3, 10), [ulidOf(1), ulidOf(2)]);
    assert.deepEqual(await store.files.expired(AT + 5, 0, 10), [ulidOf(4)]);
    assert.equal((await store.files.expired(AT + 9, AT + 9, 3)).length, 3);
    assert.equal(await store.files.touch(ulidOf(1), AT + 50), true);
    assert.equal(await store.files.touch(ulidOf(4), AT + 50), false);
    assert.deepEqual(await store.files.expired(0, AT + 3, 10), [ulidOf(2)]);
  },

  "removes a file that has expired only if it still is as it was then": async (store) => {
    await withPeople(store, "ann");
    for (const number of [1, 2, 3]) await store.files.add(row(number));
    const began = AT + 9;
    assert.equal((await store.files.expired(0, began, 10)).length, 3);
    // Meanwhile one goes on, and another is complete.
    await store.files.touch(ulidOf(1), AT + 10);
    await store.files.complete(ulidOf(2), AT + 10);
    for (const number of [1, 2, 3]) await store.files.remove(ulidOf(number), began, began);
    assert.deepEqual(
      await Promise.all(
        [1, 2, 3].map(async (one) => await store.files.get(ulidOf(one)) !== undefined),
      ),
      [true, true, false],
    );
  },

  "gives up the files of a deleted group at once": async (store) => {
    await withPeople(store, "ann");
    const crew = { conversation: "group:crew", topic: "", creator: "ann" };
    await store.rooms.create(crew, ["ann"]);
    const { conversation } = crew;
    await store.files.add(row(1, { conversation, complete: true }));
    await store.files.add(row(2, { conversation }));
    await store.files.add(row(3, { complete: true }));
    await store.rooms.delete(conversation);
    // A group of the same name is another one.
    await store.rooms.create(crew, ["ann"]);
    assert.equal((await store.files.get(ulidOf(1)))?.complete, false);
    assert.notEqual((await store.files.get(ulidOf(1)))?.conversation, conversation);
    assert.equal(await store.files.complete(ulidOf(2), AT), false);
    assert.equal(await store.files.findEqual("ann", row(1).hash, 100), undefined);
    assert.equal(await store.files.touch(ulidOf(2), AT), false);
    assert.deepEqual((await store.files.expired(1, 1, 10)).sort(), [ulidOf(1), ulidOf(2)]);
  },
};
