/** What every store must pass about searching. */
import assert from "node:assert/strict";
import { dmOf, GENERAL } from "../../../protocol/names.ts";
import type { Store } from "../../../server/store/store.ts";
import { messageOf } from "../../helpers/messages.ts";
import { type Rules, withPeople } from "./rule.ts";

/** Says texts in `room:general`, numbered from `first`. */
async function say(store: Store, first: number, ...texts: string[]): Promise<void> {
  await store.messages.append(
    texts.map((body, index) => messageOf(first + index, { content: { kind: "text", body } })),
  );
}

async function index(store: Store): Promise<void> {
  while (await store.search.index(1_000));
}

/** The texts that are found, all of them. */
async function find(store: Store, account: string, ...words: string[]): Promise<unknown[]> {
  const found: unknown[] = [];
  let from: number | undefined;
  do {
    const part = await store.search.find(account, words, from, 7);
    found.push(...part.messages.map(({ content }) => content.body));
    from = part.next;
  } while (from !== undefined);
  return found;
}

export const SEARCH_RULES: Rules = {
  "finds texts that have all of the words, the newest first": async (store) => {
    await withPeople(store, "ann");
    await say(store, 1, "a red apple", "a green apple", "a red car", "Äpfel, RÉD: apple!");
    await index(store);
    assert.deepEqual(await find(store, "ann", "apple", "red"), [
      "Äpfel, RÉD: apple!",
      "a red apple",
    ]);
    assert.deepEqual(await find(store, "ann", "APFEL"), ["Äpfel, RÉD: apple!"]);
    assert.deepEqual(await find(store, "ann", "app"), []);
  },

  "searches for words with special characters literally": async (store) => {
    await withPeople(store, "ann");
    await say(store, 1, 'say "NEAR" or NOT', "it's a*b -c", "plain");
    await index(store);
    const words = ['"NEAR"', "NOT", "it's", "a*b", "-c", "body:plain", '"', "(", "^plain", "%"];
    const found = [];
    for (const word of words) found.push((await find(store, "ann", word)).length);
    assert.deepEqual(found, [1, 1, 1, 1, 1, 0, 0, 0, 1, 0]);
  },

  "finds nothing in conversations that the account is not in, or has left": async (store) => {
    await withPeople(store, "ann", "bob", "eve");
    await store.messages.append([
      messageOf(1, { conversation: dmOf("ann", "bob"), content: { kind: "text", body: "apple" } }),
    ]);
    await store.rooms.addMembers("room:tech", ["ann", "eve"]);
    await store.messages.append([
      messageOf(2, { conversation: "room:tech", content: { kind: "text", body: "apple pie" } }),
    ]);
    await index(store);
    assert.deepEqual(await find(store, "ann", "apple"), ["apple pie", "apple"]);
    assert.deepEqual(await find(store, "bob", "apple"), ["apple"]);
    assert.deepEqual(await find(store, "eve", "apple"), ["apple pie"]);
    await store.rooms.removeMembers("room:tech", ["eve"]);
    assert.deepEqual(await find(store, "eve", "apple"), []);
  },

  "finds nothing that is held (rule 5)": async (store) => {
    await withPeople(store, "ann", "bob");
    await store.accounts.setStatus("bob", "dnd");
    await store.messages.append([
      messageOf(1, { conversation: dmOf("ann", "bob"), content: { kind: "text", body: "apple" } }),
    ]);
    await index(store);
    assert.deepEqual(await find(store, "bob", "apple"), []);
    await store.accounts.setStatus("bob", "normal");
    assert.deepEqual(await find(store, "bob", "apple"), ["apple"]);
  },

  "searches texts only": async (store) => {
    await withPeople(store, "ann");
    const bytes = new TextEncoder().encode("apple");
    await store.messages.append([
      messageOf(1, { content: { kind: "sealed", body: bytes } }),
      messageOf(2, { content: { kind: "later", body: "apple" } }),
      messageOf(3, { content: { kind: "text", body: bytes } }),
    ]);
    await index(store);
    assert.deepEqual(await find(store, "ann", "apple"), []);
  },

  "looks at a bounded number of texts at a time, and misses none": async (store) => {
    await withPeople(store, "ann", "eve");
    await store.rooms.removeMembers(GENERAL, ["eve"]);
    await store.rooms.addMembers("room:tech", ["eve"]);
    const texts = Array.from({ length: 600 }, (_, number) => `apple ${number}`);
    await store.messages.append([
      messageOf(9_999, { conversation: "room:tech", content: { kind: "text", body: "apple" } }),
    ]);
    await say(store, 1, ...texts);
    await index(store);
    assert.deepEqual(await find(store, "ann", "apple"), texts.toReversed());
    const first = await store.search.find("eve", ["apple"], undefined, 10);
    assert.deepEqual(first.messages, []);
    assert.notEqual(first.next, undefined);
    assert.deepEqual(await find(store, "eve", "apple"), ["apple"]);
  },

  "adds messages to the index bit by bit, each once, through a close": async (store, location) => {
    await withPeople(store, "ann");
    await say(store, 1, "apple 1", "apple 2", "apple 3");
    assert.deepEqual(await find(store, "ann", "apple"), []);
    assert.equal(await store.search.index(2), true);
    assert.deepEqual(await find(store, "ann", "apple"), ["apple 2", "apple 1"]);
    await store[Symbol.asyncDispose]();
    await using again = await location.open();
    assert.equal(await again.search.index(2), false);
    assert.deepEqual(await find(again, "ann", "apple"), ["apple 3", "apple 2", "apple 1"]);
    assert.equal(await again.search.index(2), false);
  },

  "removes the words of a deleted group, and adds those of later messages": async (store) => {
    await withPeople(store, "ann");
    const crew = { conversation: "group:crew", topic: "", creator: "ann" };
    await store.rooms.create(crew, ["ann"]);
    await store.messages.append([
      messageOf(1, { conversation: "group:crew", content: { kind: "text", body: "apple" } }),
    ]);
    await index(store);
    await store.rooms.delete("group:crew");
    assert.deepEqual(await find(store, "ann", "apple"), []);
    while (await store.rooms.freeDeleted(10));
    // It may get the number that is free again.
    await say(store, 2, "another apple");
    await index(store);
    assert.deepEqual(await find(store, "ann", "apple"), ["another apple"]);
  },
};
