/** What every store must pass about rooms and groups. */
import assert from "node:assert/strict";
import { GENERAL } from "../../../protocol/names.ts";
import type { Store } from "../../../server/store/store.ts";
import { messageOf } from "../../helpers/messages.ts";
import { membersOf, type Rule, withPeople } from "./rule.ts";

const CREW = "group:crew";

async function withCrew(store: Store): Promise<void> {
  await withPeople(store, "ann", "bob", "eve");
  await store.createPlace({ conversation: CREW, topic: "", creator: "ann" }, ["ann", "bob"]);
}

export function placesContract(rule: Rule): void {
  rule("has the rooms general, tech and random from the start, made by nobody", async (store) => {
    await withPeople(store, "ann");
    const rooms = await store.places("ann", "rooms");
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
    assert.equal(await store.countRooms(), 3);
  });

  rule("makes a room or group once, with its topic, creator and members", async (store) => {
    await withPeople(store, "ann", "bob", "eve");
    const books = { conversation: "room:books", topic: "What we read ☃", creator: "ann" };
    assert.equal(await store.createPlace(books, ["ann"]), true);
    assert.equal(await store.createPlace({ ...books, creator: "bob" }, ["bob"]), false);
    assert.deepEqual(await store.place("room:books"), books);
    assert.deepEqual(await membersOf(store, "room:books"), ["ann"]);
    const crew = { conversation: CREW, topic: "", creator: "bob" };
    assert.equal(await store.createPlace(crew, ["bob", "eve"]), true);
    assert.deepEqual(await membersOf(store, CREW), ["bob", "eve"]);
    assert.deepEqual(await store.members(CREW), [
      { name: "bob", number: 2 },
      { name: "eve", number: 3 },
    ]);
    assert.equal(await store.countRooms(), 4);
  });

  rule("has rooms, groups and topics after a close", async (store, place) => {
    await withCrew(store);
    await store.setTopic(CREW, "sailing");
    await store.addMembers("room:tech", ["bob"]);
    const before = [await store.places("bob", "rooms"), await store.places("bob", "groups")];
    await store[Symbol.asyncDispose]();
    await using again = await place.open();
    assert.deepEqual(
      [await again.places("bob", "rooms"), await again.places("bob", "groups")],
      before,
    );
    assert.equal((await again.place(CREW))?.topic, "sailing");
  });

  rule("lists every room, but only groups that one is in", async (store) => {
    await withCrew(store);
    await store.setTopic(CREW, "sailing");
    const crew = { conversation: CREW, people: 2, topic: "sailing", member: true, creator: "ann" };
    assert.deepEqual(await store.places("bob", "groups"), [crew]);
    assert.deepEqual(await store.places("eve", "groups"), []);
    assert.equal((await store.places("eve", "rooms")).length, 3);
  });

  rule("counts the rooms and groups that one has made, and is in", async (store) => {
    await withCrew(store);
    await store.addMembers("room:tech", ["ann"]);
    await store.append([messageOf(1, { conversation: "dm:ann:bob" })]);
    assert.deepEqual(await store.countPlaces("ann"), { made: 1, joined: 3 });
    assert.deepEqual(await store.countPlaces("eve"), { made: 0, joined: 1 });
    await store.deletePlace(CREW);
    assert.deepEqual(await store.countPlaces("ann"), { made: 0, joined: 2 });
  });

  rule("lets members in with what was said before as seen, once, and out again", async (store) => {
    await withPeople(store, "ann", "bob");
    await store.addMembers("room:tech", ["ann"]);
    await store.append([messageOf(1, { conversation: "room:tech" })]);
    await store.addMembers("room:tech", ["bob", "bob"]);
    await store.append([messageOf(2, { conversation: "room:tech" })]);
    await store.addMembers("room:tech", ["bob"]);
    const { seq, mark, unread } = await store.state("bob", "room:tech") ?? {};
    assert.deepEqual([seq, mark, unread], [2, 1, 1]);
    assert.deepEqual(await membersOf(store, "room:tech"), ["ann", "bob"]);
    await store.removeMembers("room:tech", ["bob", "nobody"]);
    assert.deepEqual(await membersOf(store, "room:tech"), ["ann"]);
    assert.equal(await store.state("bob", "room:tech"), undefined);
    assert.equal(await store.isMember("room:tech", "bob"), false);
  });

  rule("deletes a group with what was said in it, and frees its name", async (store) => {
    await withCrew(store);
    await store.append([messageOf(1, { conversation: CREW }), messageOf(2)]);
    await store.deletePlace(CREW);
    await store.deletePlace(CREW);
    assert.equal(await store.place(CREW), undefined);
    assert.deepEqual(await store.history(CREW, 0, 10), []);
    assert.deepEqual(await membersOf(store, CREW), []);
    assert.deepEqual((await store.conversations("ann")).map((state) => state.conversation), [
      GENERAL,
    ]);
    assert.equal((await store.history(GENERAL, 0, 10)).length, 1);
    await store.addMembers(CREW, ["eve"]);
    assert.deepEqual(await membersOf(store, CREW), []);
    const again = { conversation: CREW, topic: "ours now", creator: "eve" };
    assert.equal(await store.createPlace(again, ["eve"]), true);
    assert.deepEqual(await store.place(CREW), again);
  });

  rule("goes on counting where a name is used again, without the old messages", async (store) => {
    await withCrew(store);
    await store.append([
      messageOf(1, { conversation: CREW }),
      messageOf(2, { conversation: CREW }),
    ]);
    for (let time = 0; time < 2; time++) {
      await store.deletePlace(CREW);
      await store.createPlace({ conversation: CREW, topic: "", creator: "eve" }, ["eve", "ann"]);
    }
    const state = await store.state("ann", CREW);
    assert.deepEqual([state?.seq, state?.mark, state?.unread], [2, 2, 0]);
    const [appended] = await store.append([messageOf(3, { conversation: CREW, from: "eve" })]);
    assert.equal(appended?.seq, 3);
    assert.deepEqual((await store.history(CREW, 0, 10)).map(({ seq }) => seq), [3]);
    // What was said in the old one is not said again, and is not in the new one.
    const [old] = await store.append([messageOf(1, { conversation: CREW })]);
    assert.deepEqual(old, { conversation: CREW, seq: 1, at: messageOf(1).at, stored: false });
    assert.equal((await store.history(CREW, 0, 10)).length, 1);
  });

  rule("stores nothing for a place that is not there, and the rest of the batch", async (store) => {
    await withCrew(store);
    await store.deletePlace(CREW);
    const appended = await store.append([
      messageOf(1),
      messageOf(2, { conversation: CREW }),
      messageOf(3, { conversation: "room:nowhere" }),
      messageOf(4),
    ]);
    assert.deepEqual(appended.map((one) => one?.seq), [1, undefined, undefined, 2]);
    // The same message may go elsewhere.
    assert.equal((await store.append([messageOf(2)]))[0]?.seq, 3);
  });

  rule("frees the messages of deleted groups bit by bit, and no others", async (store, place) => {
    await withCrew(store);
    await store.append(
      Array.from({ length: 25 }, (_, index) => messageOf(index, { conversation: CREW })),
    );
    await store.append([messageOf(99)]);
    assert.equal(await store.sweep(10), false);
    await store.deletePlace(CREW);
    await store[Symbol.asyncDispose]();
    await using again = await place.open();
    const rounds: boolean[] = [];
    do rounds.push(await again.sweep(10)); while (rounds.at(-1));
    assert.deepEqual(rounds, [true, true, false]);
    assert.equal((await again.history(GENERAL, 0, 10)).length, 1);
    // Nothing is left of them: they could be said again.
    assert.equal((await again.append([messageOf(1)]))[0]?.stored, true);
  });
}
