/** What every store must pass about rooms and groups. */
import assert from "node:assert/strict";
import { GENERAL } from "../../../protocol/names.ts";
import type { Store } from "../../../server/store/store.ts";
import { messageOf } from "../../helpers/messages.ts";
import { membersOf, type Rules, withPeople } from "./rule.ts";

const NONE = { made: 0, joined: 0, added: 0, addedBy: 0 };
const CREW = "group:crew";

async function withCrew(store: Store): Promise<void> {
  await withPeople(store, "ann", "bob", "eve");
  await store.rooms.create({ conversation: CREW, topic: "", creator: "ann" }, ["ann", "bob"]);
}

export const ROOM_RULES: Rules = {
  "has the rooms general, tech and random from the start, without a creator": async (store) => {
    await withPeople(store, "ann");
    const rooms = await store.rooms.list("ann", "rooms");
    assert.deepEqual(
      rooms.map(({ conversation, people, member, creator }) => [
        conversation,
        people,
        member,
        creator,
      ]),
      [
        [GENERAL, 1, true, undefined],
        ["room:random", 0, false, undefined],
        ["room:tech", 0, false, undefined],
      ],
    );
    assert.ok(rooms.every(({ topic }) => topic !== ""));
    assert.equal(await store.rooms.countRooms(), 3);
  },

  "creates a room or group once, with its topic, creator and members": async (store) => {
    await withPeople(store, "ann", "bob", "eve");
    const books = { conversation: "room:books", topic: "What we read ☃", creator: "ann" };
    assert.equal(await store.rooms.create(books, ["ann"]), true);
    assert.equal(await store.rooms.create({ ...books, creator: "bob" }, ["bob"]), false);
    assert.deepEqual(await store.rooms.get("room:books"), books);
    assert.deepEqual(await membersOf(store, "room:books"), ["ann"]);
    const crew = { conversation: CREW, topic: "", creator: "bob" };
    assert.equal(await store.rooms.create(crew, ["bob", "eve"]), true);
    assert.deepEqual(await membersOf(store, CREW), ["bob", "eve"]);
    assert.deepEqual(await store.conversations.members(CREW), [
      { name: "bob", number: 2 },
      { name: "eve", number: 3 },
    ]);
    assert.equal(await store.rooms.countRooms(), 4);
  },

  "keeps rooms, groups and topics through a close": async (store, location) => {
    await withCrew(store);
    await store.rooms.setTopic(CREW, "sailing");
    await store.rooms.addMembers("room:tech", ["bob"]);
    const before = [
      await store.rooms.list("bob", "rooms"),
      await store.rooms.list("bob", "groups"),
    ];
    await store[Symbol.asyncDispose]();
    await using again = await location.open();
    assert.deepEqual(
      [await again.rooms.list("bob", "rooms"), await again.rooms.list("bob", "groups")],
      before,
    );
    assert.equal((await again.rooms.get(CREW))?.topic, "sailing");
  },

  "lists all rooms, but only the groups that the account is in": async (store) => {
    await withCrew(store);
    await store.rooms.setTopic(CREW, "sailing");
    const crew = { conversation: CREW, people: 2, topic: "sailing", member: true, creator: "ann" };
    assert.deepEqual(await store.rooms.list("bob", "groups"), [crew]);
    assert.deepEqual(await store.rooms.list("eve", "groups"), []);
    assert.equal((await store.rooms.list("eve", "rooms")).length, 3);
  },

  "counts the rooms and groups that an account has made, and that it is in": async (store) => {
    await withCrew(store);
    await store.rooms.addMembers("room:tech", ["ann"]);
    await store.messages.append([messageOf(1, { conversation: "dm:ann:bob" })]);
    assert.deepEqual(await store.rooms.countOf("ann"), { ...NONE, made: 1, joined: 3 });
    assert.deepEqual(await store.rooms.countOf("bob"), { ...NONE, joined: 1, added: 1 });
    assert.equal((await store.rooms.countOf("bob", "ann")).addedBy, 1);
    assert.equal((await store.rooms.countOf("bob", "eve")).addedBy, 0);
    assert.deepEqual(await store.rooms.countOf("eve"), { ...NONE, joined: 1 });
    await store.rooms.delete(CREW);
    assert.deepEqual(await store.rooms.countOf("ann"), { ...NONE, joined: 2 });
  },

  "adds members once, with earlier messages marked as seen, and removes them": async (store) => {
    await withPeople(store, "ann", "bob");
    await store.rooms.addMembers("room:tech", ["ann"]);
    await store.messages.append([messageOf(1, { conversation: "room:tech" })]);
    await store.rooms.addMembers("room:tech", ["bob", "bob"]);
    await store.messages.append([messageOf(2, { conversation: "room:tech" })]);
    await store.rooms.addMembers("room:tech", ["bob"]);
    const { seq, mark, unread } = await store.conversations.state("bob", "room:tech") ?? {};
    assert.deepEqual([seq, mark, unread], [2, 1, 1]);
    assert.deepEqual(await membersOf(store, "room:tech"), ["ann", "bob"]);
    await store.rooms.removeMembers("room:tech", ["bob", "nobody"]);
    assert.deepEqual(await membersOf(store, "room:tech"), ["ann"]);
    assert.equal(await store.conversations.state("bob", "room:tech"), undefined);
    assert.equal(await store.conversations.isMember("room:tech", "bob"), false);
  },

  "deletes a group with its messages, and frees its ID": async (store) => {
    await withCrew(store);
    await store.messages.append([messageOf(1, { conversation: CREW }), messageOf(2)]);
    await store.rooms.delete(CREW);
    await store.rooms.delete(CREW);
    assert.equal(await store.rooms.get(CREW), undefined);
    assert.deepEqual(await store.messages.history(CREW, 0, 10), []);
    assert.deepEqual(await membersOf(store, CREW), []);
    assert.deepEqual((await store.conversations.states("ann")).map((state) => state.conversation), [
      GENERAL,
    ]);
    assert.equal((await store.messages.history(GENERAL, 0, 10)).length, 1);
    await store.rooms.addMembers(CREW, ["eve"]);
    assert.deepEqual(await membersOf(store, CREW), []);
    const again = { conversation: CREW, topic: "ours now", creator: "eve" };
    assert.equal(await store.rooms.create(again, ["eve"]), true);
    assert.deepEqual(await store.rooms.get(CREW), again);
  },

  "goes on counting if an ID is used again, without the old messages (rule 3)": async (store) => {
    await withCrew(store);
    await store.messages.append([
      messageOf(1, { conversation: CREW }),
      messageOf(2, { conversation: CREW }),
    ]);
    for (let time = 0; time < 2; time++) {
      await store.rooms.delete(CREW);
      await store.rooms.create({ conversation: CREW, topic: "", creator: "eve" }, ["eve", "ann"]);
    }
    const state = await store.conversations.state("ann", CREW);
    assert.deepEqual([state?.seq, state?.mark, state?.unread], [2, 2, 0]);
    const [appended] = await store.messages.append([
      messageOf(3, { conversation: CREW, from: "eve" }),
    ]);
    assert.equal(appended?.seq, 3);
    assert.deepEqual((await store.messages.history(CREW, 0, 10)).map(({ seq }) => seq), [3]);
    // What was said in the old one is not said again, and is not in the new one.
    const [old] = await store.messages.append([messageOf(1, { conversation: CREW })]);
    assert.deepEqual(old, { conversation: CREW, seq: 1, at: messageOf(1).at, stored: false });
    assert.equal((await store.messages.history(CREW, 0, 10)).length, 1);
  },

  "stores nothing for a room or group that does not exist, but the rest of the batch": async (
    store,
  ) => {
    await withCrew(store);
    await store.rooms.delete(CREW);
    const appended = await store.messages.append([
      messageOf(1),
      messageOf(2, { conversation: CREW }),
      messageOf(3, { conversation: "room:nowhere" }),
      messageOf(4),
    ]);
    assert.deepEqual(appended.map((one) => one?.seq), [1, undefined, undefined, 2]);
    // The same message may go elsewhere.
    assert.equal((await store.messages.append([messageOf(2)]))[0]?.seq, 3);
  },

  "frees the messages of deleted groups bit by bit, and no others": async (store, location) => {
    await withCrew(store);
    await store.messages.append(
      Array.from({ length: 25 }, (_, index) => messageOf(index, { conversation: CREW })),
    );
    await store.messages.append([messageOf(99)]);
    assert.equal(await store.rooms.freeDeleted(10), false);
    await store.rooms.delete(CREW);
    await store[Symbol.asyncDispose]();
    await using again = await location.open();
    const rounds: boolean[] = [];
    do rounds.push(await again.rooms.freeDeleted(10)); while (rounds.at(-1));
    assert.deepEqual(rounds, [true, true, false]);
    assert.equal((await again.messages.history(GENERAL, 0, 10)).length, 1);
    // Nothing is left of them: they could be said again.
    assert.equal((await again.messages.append([messageOf(1)]))[0]?.stored, true);
  },
};
