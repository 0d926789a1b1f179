/** What every store must pass about searching. */
import assert from "node:assert/strict";
import { dmOf, GENERAL } from "../../../protocol/names.ts";
import type { Store } from "../../../server/store/store.ts";
import { messageOf } from "../../helpers/messages.ts";
import { indexAll, searchFor } from "../../helpers/searches.ts";
import { type Rules, withPeople } from "./rule.ts";

/** Says texts in `room:general`, numbered from `first`. */
async function say(store: Store, first: number, ...texts: string[]): Promise<void> {
  await store.messages.append(
    texts.map((body, index) => messageOf(first + index, { content: { kind: "text", body } })),
  );
}

/** The texts that are found, all of them. */
async function find(store: Store, account: string, ...words: string[]): Promise<unknown[]> {
  return (await searchFor(store, account, words)).texts;
}

export const SEARCH_RULES: Rules = {
  "finds texts that have all of the words, the newest first": async (store) => {
    await withPeople(store, "ann");
    await say(store, 1, "a red apple", "a green apple", "a red car", "Äpfel, RÉD: apple!");
    await indexAll(store);
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
    await indexAll(store);
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
    await indexAll(store);
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
    await indexAll(store);
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
    await indexAll(store);
    assert.deepEqual(await find(store, "ann", "apple"), []);
  },

  "stops at the limit, and says whether there are more": async (store) => {
    await withPeople(store, "ann");
    await say(store, 1, "apple 1", "apple 2");
    await indexAll(store);
    await say(store, 3, "apple 3");
    const search = async (limit: number) => {
      const { texts, more } = await searchFor(store, "ann", ["apple"], limit);
      return [...texts, more];
    };
    assert.deepEqual(await search(1), ["apple 3", true]);
    assert.deepEqual(await search(2), ["apple 3", "apple 2", true]);
    assert.deepEqual(await search(3), ["apple 3", "apple 2", "apple 1", false]);
  },

  "finds the same, with the same work, whatever is written elsewhere": async (store) => {
    await withPeople(store, "ann", "eve");
    await store.rooms.removeMembers(GENERAL, ["eve"]);
    await store.rooms.addMembers("room:tech", ["eve"]);
    const inTech = (number: number, body: string) =>
      messageOf(number, { conversation: "room:tech", content: { kind: "text", body } });
    await store.messages.append(
      Array.from({ length: 300 }, (_, number) => inTech(90_000 + number, `pear ${number}`)),
    );
    await store.messages.append([inTech(99_998, "apple"), inTech(99_999, "the code is 7")]);
    await indexAll(store);
    const look = async () => {
      const results = [];
      for (const words of [["apple"], ["pear", "apple"], ["code", "is", "8"], ["pear"]]) {
        const { texts, more, pieces } = await searchFor(store, "eve", words, 10);
        results.push({ texts, more, pieces });
      }
      return results;
    };
    const before = await look();
    await say(store, 1, ...Array.from({ length: 3_000 }, () => "pear apple: the code is 8"));
    assert.deepEqual(await look(), before);
    await indexAll(store);
    assert.deepEqual(await look(), before);
    assert.deepEqual(before[0]?.texts, ["apple"]);
    assert.equal(before[1]?.more, false);
  },

  "does a bounded amount of work, in pieces, whatever the texts and the words are": async (
    store,
  ) => {
    await withPeople(store, "ann");
    const texts = Array.from({ length: 1_000 }, () => "a x b x ".repeat(2_000));
    await say(store, 1, ...texts, "an apple");
    await indexAll(store);
    const { texts: found, more, pieces } = await searchFor(store, "ann", ["x-".repeat(128)]);
    assert.deepEqual([found, more], [[], true]);
    assert.ok(pieces >= 50 && pieces <= 150, `${pieces} pieces`);
    const { pieces: few } = await searchFor(store, "ann", ["an", "apple"]);
    assert.equal(few, 1);
  },

  "finds messages that the index lacks, through a close": async (store, location) => {
    await withPeople(store, "ann");
    await say(store, 1, "apple 1", "apple 2");
    assert.deepEqual(await find(store, "ann", "apple"), ["apple 2", "apple 1"]);
    assert.deepEqual(await find(store, "ann", "apple", "1"), ["apple 1"]);
    await indexAll(store);
    await say(store, 3, "apple 3", "a pear");
    assert.deepEqual(await find(store, "ann", "apple"), ["apple 3", "apple 2", "apple 1"]);
    await store[Symbol.asyncDispose]();
    await using again = await location.open();
    assert.deepEqual(await find(again, "ann", "apple"), ["apple 3", "apple 2", "apple 1"]);
    await indexAll(again);
    assert.equal(await again.search.index(), false);
    assert.deepEqual(await find(again, "ann", "apple"), ["apple 3", "apple 2", "apple 1"]);
  },

  "adds messages to the index bit by bit, long texts too": async (store) => {
    await withPeople(store, "ann");
    await say(
      store,
      1,
      ...Array.from({ length: 100 }, (_, n) => `${"word ".repeat(3_200)} no${n}`),
    );
    let pieces = 1;
    while (await store.search.index()) pieces++;
    assert.ok(pieces >= 20, `${pieces} pieces`);
    assert.equal((await find(store, "ann", "word")).length, 100);
    assert.equal((await find(store, "ann", "no77")).length, 1);
  },

  "tells words apart however long they are, and phrases whatever is between": async (store) => {
    await withPeople(store, "ann");
    const long = "a".repeat(1_000);
    await say(store, 1, `${long}b`, `${long}c`, "e-mail", "e mail", "mail e", "x\u0000y", "xy");
    await indexAll(store);
    assert.deepEqual(await find(store, "ann", `${long}b`), [`${long}b`]);
    assert.deepEqual(await find(store, "ann", long), []);
    assert.deepEqual(await find(store, "ann", "e-mail"), ["e mail", "e-mail"]);
    assert.deepEqual(await find(store, "ann", "e", "mail"), ["mail e", "e mail", "e-mail"]);
    assert.deepEqual(await find(store, "ann", "x\u0000y"), ["x\u0000y"]);
    assert.deepEqual(await find(store, "ann", "y"), ["x\u0000y"]);
  },

  "finds words of many scripts": async (store) => {
    await withPeople(store, "ann");
    const texts = ["ΟΔΟΣ", "Straße", "नमस्ते दुनिया", "שלום", "İstanbul", "東京 2020", "naïve"];
    await say(store, 1, ...texts);
    await indexAll(store);
    const words = ["οδος", "STRAßE", "नमस्ते", "שלום", "istanbul", "東京", "NAIVE"];
    const found = [];
    for (const word of words) found.push((await find(store, "ann", word))[0]);
    assert.deepEqual(found, texts);
  },

  "removes the words of a deleted group, and adds those of later messages": async (store) => {
    await withPeople(store, "ann");
    const crew = { conversation: "group:crew", topic: "", creator: "ann" };
    await store.rooms.create(crew, ["ann"]);
    await store.messages.append([
      messageOf(1, { conversation: "group:crew", content: { kind: "text", body: "apple" } }),
    ]);
    await indexAll(store);
    await store.rooms.delete("group:crew");
    assert.deepEqual(await find(store, "ann", "apple"), []);
    while (await store.rooms.freeDeleted(10));
    // It may get the number that is free again.
    await say(store, 2, "another apple");
    await indexAll(store);
    assert.deepEqual(await find(store, "ann", "apple"), ["another apple"]);
  },
};
