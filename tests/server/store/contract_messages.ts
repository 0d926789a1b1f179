/** What every store must pass about messages, and about opening it again. */
import assert from "node:assert/strict";
import { dmOf, GENERAL } from "../../../protocol/names.ts";
import { AT, messageOf, ulidOf } from "../../helpers/messages.ts";
import { membersOf, type Rules, withPeople } from "./rule.ts";

export const MESSAGE_RULES: Rules = {
  "cannot be opened twice at once": async (_, location) => {
    await assert.rejects(location.open());
  },

  "keeps everything through a close (rule 1)": async (store, location) => {
    await withPeople(store, "ann", "bob");
    await store.logins.create({ id: "one", account: "ann", createdAt: AT, expiresAt: AT + 1 });
    await store.messages.append([messageOf(1), messageOf(2, { conversation: dmOf("ann", "bob") })]);
    await store.conversations.mark("bob", GENERAL, 1);
    const before = [
      await store.conversations.states("ann"),
      await store.conversations.states("bob"),
    ];
    await store[Symbol.asyncDispose]();

    await using again = await location.open();
    assert.deepEqual([
      await again.conversations.states("ann"),
      await again.conversations.states("bob"),
    ], before);
    assert.equal((await again.logins.get("one"))?.account, "ann");
    assert.equal((await again.messages.history(GENERAL, 0, 10)).length, 1);
    const [next] = await again.messages.append([messageOf(3)]);
    assert.equal(next?.seq, 2);
  },

  "stores all of a batch or none of it (rule 2)": async (store) => {
    await withPeople(store, "ann");
    await store.messages.append([messageOf(1)]);
    for (
      const bad of [
        messageOf(3, { conversation: dmOf("ann", "eve") }),
        messageOf(3, { from: "eve" }),
      ]
    ) {
      await assert.rejects(store.messages.append([messageOf(2), bad]));
    }
    assert.deepEqual(await store.conversations.states("ann"), [{
      conversation: GENERAL,
      seq: 1,
      mark: 0,
      unread: 0,
    }]);
    assert.deepEqual(
      (await store.messages.append([messageOf(2)])).map((appended) => appended?.seq),
      [2],
    );
  },

  "numbers each conversation 1, 2, 3… in the order of append (rule 3)": async (store) => {
    await withPeople(store, "ann", "bob");
    const dm = dmOf("ann", "bob");
    const first = await store.messages.append([
      messageOf(1),
      messageOf(2, { conversation: dm }),
      messageOf(3, { from: "bob" }),
    ]);
    const second = await store.messages.append([messageOf(4, { conversation: dm }), messageOf(5)]);
    assert.deepEqual(first.map((appended) => appended?.seq), [1, 1, 2]);
    assert.deepEqual(second.map((appended) => appended?.seq), [2, 3]);
    const seqs = (await store.messages.history(GENERAL, 0, 10)).map(({ seq, ulid }) => [seq, ulid]);
    assert.deepEqual(seqs, [[1, ulidOf(1)], [2, ulidOf(3)], [3, ulidOf(5)]]);
  },

  "uses no number for a message that it has stored already (rules 3 and 4)": async (store) => {
    await withPeople(store, "ann", "bob");
    const [first] = await store.messages.append([messageOf(1)]);
    const again = await store.messages.append([
      messageOf(1, { at: AT + 999 }),
      messageOf(2),
      messageOf(2, { at: AT + 999 }),
      messageOf(1, { conversation: dmOf("ann", "bob") }),
    ]);
    assert.deepEqual(first, { conversation: GENERAL, seq: 1, at: AT + 1, stored: true });
    assert.deepEqual(again, [
      { conversation: GENERAL, seq: 1, at: AT + 1, stored: false },
      { conversation: GENERAL, seq: 2, at: AT + 2, stored: true },
      { conversation: GENERAL, seq: 2, at: AT + 2, stored: false },
      { conversation: GENERAL, seq: 1, at: AT + 1, stored: false },
    ]);
    assert.equal((await store.messages.history(GENERAL, 0, 10)).length, 2);
    assert.deepEqual(await membersOf(store, dmOf("ann", "bob")), []);
  },

  "stores the same ULID once for each of two senders (rule 4)": async (store) => {
    await withPeople(store, "ann", "bob");
    const appended = await store.messages.append([messageOf(1), messageOf(1, { from: "bob" })]);
    assert.deepEqual(appended.map((one) => [one?.seq, one?.stored]), [[1, true], [2, true]]);
  },

  "returns content unchanged, text as text and bytes as bytes": async (store) => {
    await withPeople(store, "ann");
    const contents = [
      { kind: "text", body: "\ufeffnaïve ☃ 🎈 \u0000 \u202e" },
      { kind: "sealed", body: new Uint8Array([0, 255, 1, 0]) },
      { kind: "later", body: new Uint8Array(0) },
    ];
    await store.messages.append(contents.map((content, index) => messageOf(index, { content })));
    const messages = await store.messages.history(GENERAL, 0, 10);
    assert.deepEqual(messages.map(({ content }) => content), contents);
    assert.deepEqual(messages[0], {
      type: "message",
      conversation: GENERAL,
      seq: 1,
      ulid: ulidOf(0),
      from: "ann",
      at: AT,
      content: contents[0],
    });
  },

  "pages through history, the oldest first": async (store) => {
    await withPeople(store, "ann");
    await store.messages.append(Array.from({ length: 7 }, (_, index) => messageOf(index + 1)));
    const page = async (after: number) =>
      (await store.messages.history(GENERAL, after, 3)).map(({ seq }) => seq);
    assert.deepEqual([await page(0), await page(3), await page(6), await page(7)], [
      [1, 2, 3],
      [4, 5, 6],
      [7],
      [],
    ]);
    assert.deepEqual(await store.messages.history("room:nowhere", 0, 3), []);
  },
};
