/** What every store must pass about statuses, and about what is held (rule 5). */
import assert from "node:assert/strict";
import { dmOf, GENERAL } from "../../../protocol/names.ts";
import type { Store } from "../../../server/store/store.ts";
import { messageOf } from "../../helpers/messages.ts";
import { type Rules, withPeople } from "./rule.ts";

const DM = dmOf("ann", "bob");

function say(store: Store, number: number, from = "ann", conversation = DM) {
  return store.messages.append([messageOf(number, { conversation, from })]);
}

export const STATUS_RULES: Rules = {
  "keeps a status through a close": async (store, location) => {
    await withPeople(store, "ann", "bob");
    await store.accounts.setStatus("ann", "away");
    assert.equal((await store.accounts.byName("ann"))?.status, "away");
    assert.equal((await store.accounts.byName("bob"))?.status, "normal");
    await store[Symbol.asyncDispose]();
    await using again = await location.open();
    assert.equal((await again.accounts.byNumber(1))?.status, "away");
  },

  "holds messages of a private conversation while the status is dnd (rule 5)": async (
    store,
    location,
  ) => {
    await withPeople(store, "ann", "bob");
    await say(store, 1);
    await store.accounts.setStatus("bob", "dnd");
    const before = { conversation: DM, seq: 1, mark: 0, unread: 1 };
    assert.deepEqual(await store.conversations.state("bob", DM), { ...before, held: false });
    await say(store, 2);
    await say(store, 3, "bob");
    assert.deepEqual(await store.conversations.state("bob", DM), { ...before, held: true });
    await store[Symbol.asyncDispose]();

    await using again = await location.open();
    assert.deepEqual((await again.conversations.states("bob")).at(-1), before);
    assert.equal(
      (await again.conversations.state("ann", DM))?.seq,
      3,
      "the other one sees all of it",
    );
    await again.accounts.setStatus("bob", "dnd");
    assert.equal(
      (await again.conversations.state("bob", DM))?.seq,
      1,
      "set again, it holds from the first time",
    );
    await again.accounts.setStatus("bob", "away");
    const after = { conversation: DM, seq: 3, mark: 0, unread: 2 };
    assert.deepEqual(await again.conversations.state("bob", DM), { ...after, held: false });
  },

  "hides a private conversation that begins while its messages are held (rule 5)": async (
    store,
  ) => {
    await withPeople(store, "ann", "bob");
    await store.accounts.setStatus("bob", "dnd");
    await say(store, 1);
    assert.deepEqual((await store.conversations.states("bob")).map((state) => state.conversation), [
      GENERAL,
    ]);
    assert.deepEqual(await store.conversations.state("bob", DM), {
      conversation: DM,
      seq: 0,
      mark: 0,
      unread: 0,
      held: true,
    });
    await store.accounts.setStatus("bob", "normal");
    assert.equal((await store.conversations.states("bob")).at(-1)?.seq, 1);
  },

  "holds no messages of rooms and groups": async (store) => {
    await withPeople(store, "ann", "bob");
    const crew = { conversation: "group:crew", topic: "", creator: "ann" };
    await store.rooms.create(crew, ["ann", "bob"]);
    await store.accounts.setStatus("bob", "dnd");
    await say(store, 1, "ann", GENERAL);
    await say(store, 2, "ann", "group:crew");
    for (const conversation of [GENERAL, "group:crew"]) {
      const state = await store.conversations.state("bob", conversation);
      assert.deepEqual([state?.seq, state?.held], [1, false]);
    }
  },
};
