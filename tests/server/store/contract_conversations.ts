/** What every store must pass about conversations as their members see them. */
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { dmOf, GENERAL } from "../../../protocol/names.ts";
import { messageOf } from "../../helpers/messages.ts";
import { membersOf, type Rules, withPeople } from "./rule.ts";

export const CONVERSATION_RULES: Rules = {
  "makes both users of a dm its members, and no others": async (store) => {
    await withPeople(store, "ann", "bob", "eve");
    const dm = dmOf("ann", "bob");
    assert.equal(await store.conversations.isMember(dm, "ann"), false);
    await store.messages.append([messageOf(1, { conversation: dm })]);
    assert.deepEqual(await membersOf(store, dm), ["ann", "bob"]);
    assert.equal(await store.conversations.isMember(dm, "bob"), true);
    assert.equal(await store.conversations.isMember(dm, "eve"), false);
    assert.deepEqual(await store.conversations.states("bob"), [
      { conversation: GENERAL, seq: 0, mark: 0, unread: 0 },
      { conversation: dm, seq: 1, mark: 0, unread: 1 },
    ]);
  },

  "raises a mark, never lowers it, and never past the newest message": async (store) => {
    await withPeople(store, "ann", "bob");
    await store.messages.append([messageOf(1), messageOf(2), messageOf(3)]);
    assert.equal(await store.conversations.mark("bob", GENERAL, 0), false);
    assert.equal(await store.conversations.mark("bob", "room:nowhere", 1), false);
    const markOf = async (name: string) => (await store.conversations.states(name))[0]?.mark;
    assert.equal(await store.conversations.mark("bob", GENERAL, 2), true);
    assert.equal(await markOf("bob"), 2);
    assert.equal(await store.conversations.mark("bob", GENERAL, 1), false);
    assert.equal(await markOf("bob"), 2);
    assert.equal(await store.conversations.mark("bob", GENERAL, 99), true);
    assert.equal(await markOf("bob"), 3);
    assert.equal(await markOf("ann"), 0);
  },

  "counts as unread what others wrote after the mark": async (store) => {
    await withPeople(store, "ann", "bob");
    await store.messages.append([messageOf(1), messageOf(2, { from: "bob" }), messageOf(3)]);
    const unreadOf = async (name: string) =>
      (await store.conversations.state(name, GENERAL))?.unread;
    assert.deepEqual([await unreadOf("ann"), await unreadOf("bob")], [1, 2]);
    await store.conversations.mark("ann", GENERAL, 2);
    await store.conversations.mark("bob", GENERAL, 1);
    assert.deepEqual([await unreadOf("ann"), await unreadOf("bob")], [0, 1]);
  },

  "counts own messages in pieces, and lists what there is in the end": async (store) => {
    await withPeople(store, "ann", "bob");
    const groups = Array.from({ length: 24 }, (_, number) => `group:g${number}`);
    for (const [number, conversation] of groups.entries()) {
      const group = { conversation, topic: "", creator: "ann" };
      await store.rooms.create(group, ["ann", "bob"]);
      await store.messages.append(
        Array.from({ length: 900 }, (_, n) => messageOf(number * 900 + n, { conversation })),
      );
    }
    const [first = "", ...others] = groups;
    let turns = 0;
    let isDone = false;
    const listed = store.conversations.states("ann").finally(() => isDone = true);
    const changes = [];
    while (!isDone) {
      await setImmediate();
      if (turns++ > 0) continue;
      changes.push(
        store.messages.append([
          messageOf(99_998, { conversation: first, from: "bob" }),
          messageOf(99_999, { conversation: first }),
        ]),
        store.conversations.mark("ann", others[0] ?? "", 10),
      );
    }
    assert.ok(turns >= 4, `${turns} turns of the event loop`);
    await Promise.all(changes);
    assert.deepEqual((await listed).slice(1, 4), [
      { conversation: first, seq: 902, mark: 0, unread: 1 },
      { conversation: others[0], seq: 900, mark: 10, unread: 0 },
      { conversation: others[1], seq: 900, mark: 0, unread: 0 },
    ]);
    assert.deepEqual(await listed, await store.conversations.states("ann"));
  },

  "returns the state of a conversation for its members only": async (store) => {
    await withPeople(store, "ann", "bob", "eve");
    const dm = dmOf("ann", "bob");
    await store.messages.append([messageOf(1, { conversation: dm })]);
    assert.deepEqual(await store.conversations.state("bob", dm), {
      conversation: dm,
      seq: 1,
      mark: 0,
      unread: 1,
      held: false,
    });
    assert.equal(await store.conversations.state("eve", dm), undefined);
    assert.equal(await store.conversations.state("ann", "room:nowhere"), undefined);
  },
};
