/** What every store must pass about statuses, and about what is held (rule 5). */
import assert from "node:assert/strict";
import { dmOf, GENERAL } from "../../../protocol/names.ts";
import type { Store } from "../../../server/store/store.ts";
import { messageOf } from "../../helpers/messages.ts";
import { type Rule, withPeople } from "./rule.ts";

const DM = dmOf("ann", "bob");

function say(store: Store, number: number, from = "ann", conversation = DM) {
  return store.append([messageOf(number, { conversation, from })]);
}

export function statusContract(rule: Rule): void {
  rule("keeps a status, through a close", async (store, place) => {
    await withPeople(store, "ann", "bob");
    await store.setStatus("ann", "away");
    assert.equal((await store.account("ann"))?.status, "away");
    assert.equal((await store.account("bob"))?.status, "normal");
    await store[Symbol.asyncDispose]();
    await using again = await place.open();
    assert.equal((await again.accountByNumber(1))?.status, "away");
  });

  rule(
    "holds what comes into a private conversation from dnd on (rule 5)",
    async (store, place) => {
      await withPeople(store, "ann", "bob");
      await say(store, 1);
      await store.setStatus("bob", "dnd");
      const before = { conversation: DM, seq: 1, mark: 0, unread: 1 };
      assert.deepEqual(await store.state("bob", DM), { ...before, held: false });
      await say(store, 2);
      await say(store, 3, "bob");
      assert.deepEqual(await store.state("bob", DM), { ...before, held: true });
      await store[Symbol.asyncDispose]();

      await using again = await place.open();
      assert.deepEqual((await again.conversations("bob")).at(-1), before);
      assert.equal((await again.state("ann", DM))?.seq, 3, "the other one sees all of it");
      await again.setStatus("bob", "dnd");
      assert.equal(
        (await again.state("bob", DM))?.seq,
        1,
        "set again, it holds from the first time",
      );
      await again.setStatus("bob", "away");
      const after = { conversation: DM, seq: 3, mark: 0, unread: 2 };
      assert.deepEqual(await again.state("bob", DM), { ...after, held: false });
    },
  );

  rule("hides a private conversation that begins while it would be held", async (store) => {
    await withPeople(store, "ann", "bob");
    await store.setStatus("bob", "dnd");
    await say(store, 1);
    assert.deepEqual((await store.conversations("bob")).map((state) => state.conversation), [
      GENERAL,
    ]);
    assert.deepEqual(await store.state("bob", DM), {
      conversation: DM,
      seq: 0,
      mark: 0,
      unread: 0,
      held: true,
    });
    await store.setStatus("bob", "normal");
    assert.equal((await store.conversations("bob")).at(-1)?.seq, 1);
  });

  rule("holds nothing that is said in rooms and groups", async (store) => {
    await withPeople(store, "ann", "bob");
    const crew = { conversation: "group:crew", topic: "", creator: "ann" };
    await store.createPlace(crew, ["ann", "bob"]);
    await store.setStatus("bob", "dnd");
    await say(store, 1, "ann", GENERAL);
    await say(store, 2, "ann", "group:crew");
    for (const conversation of [GENERAL, "group:crew"]) {
      const state = await store.state("bob", conversation);
      assert.deepEqual([state?.seq, state?.held], [1, false]);
    }
  });
}
