import assert from "node:assert/strict";
import { RefusedError } from "../../../client/session/requests.ts";
import type { ChatEvent } from "../../../client/events.ts";
import { type RoomIntent, Rooms } from "../../../client/messages/rooms.ts";
import type { ServerFrames } from "../../../protocol/frame.ts";
import type { Fields } from "../../../protocol/session/client.ts";

const GENERAL = "room:general";
const TECH = "room:tech";
const CREW = "group:crew";

type Refusal = readonly [code: string, message: string];

/** Ann, whose server does what she asks, or refuses it. */
function setUp(refusal?: Refusal) {
  const events: ChatEvent[] = [];
  const asked: Fields[] = [];
  const forgotten: string[] = [];
  const places = new Rooms({
    asking: {
      ask: (fields) => {
        asked.push(fields);
        // Where an answer says something, tests go through a server (`chat_places_test.ts`).
        return refusal === undefined
          ? Promise.resolve([])
          : Promise.reject(new RefusedError(...refusal));
      },
    },
    emit: (event) => events.push(event),
    self: () => "ann",
    forget: (conversation) => forgotten.push(conversation),
  });
  /** What has been shown since the last look, in short. */
  const look = () =>
    events.splice(0).map((event) => {
      switch (event.event) {
        case "room":
          return `now in ${event.conversation}`;
        case "changed":
          return [event.conversation, event.change, "by", event.by, ...event.users ?? []].join(" ");
        default:
          return event.event;
      }
    });
  return { places, asked, forgotten, look };
}

function list(more: boolean, ...conversations: string[]): ServerFrames["conversations"] {
  const states = conversations.map((conversation) => ({
    ...{ conversation, seq: 0, mark: 0, unread: 0 },
  }));
  return { type: "conversations", conversations: states, more };
}

function admitted(conversation: string): ServerFrames["conversation"] {
  return { type: "conversation", conversation, seq: 0, mark: 0, unread: 0 };
}

type Change = Omit<ServerFrames["changed"], "type">;

function changed(change: Change): ServerFrames["changed"] {
  return { type: "changed", ...change };
}

Deno.test("Places begin in general, wherever else the account is", () => {
  const { places, look } = setUp();
  assert.equal(places.room, GENERAL);
  places.receive(list(false, TECH, GENERAL, CREW));
  assert.equal(places.room, GENERAL);
  assert.deepEqual(look(), []);
});

Deno.test("Places begin in another room for whoever has left general, and in none without rooms", () => {
  const { places, look } = setUp();
  places.receive(list(true, CREW, "dm:ann:bob"));
  assert.equal(places.room, GENERAL);
  places.receive(list(false, TECH));
  assert.deepEqual([places.room, look()], [TECH, [`now in ${TECH}`]]);
  places.receive(list(false, CREW));
  assert.deepEqual(look(), ["now in undefined"]);
  assert.throws(() => places.room, { code: "no_room" });
  places.receive(admitted("room:tea"));
  assert.deepEqual([places.room, look()], ["room:tea", ["now in room:tea"]]);
});

Deno.test("Places keep the current room over a list that has it, whatever else has changed", async () => {
  const { places, look } = setUp();
  places.receive(list(false, GENERAL, TECH));
  await places.do({ type: "join", conversation: TECH });
  assert.deepEqual(look(), [`now in ${TECH}`]);
  places.receive(list(false, GENERAL, TECH, "room:tea"));
  assert.equal(places.room, TECH);
  assert.deepEqual(look(), []);
});

Deno.test("Places go on in general when the current room is gone, and forget what was there", () => {
  const outs: readonly (readonly [change: Change, out: boolean])[] = [
    [{ conversation: CREW, change: "left", by: "bob" }, false],
    [{ conversation: CREW, change: "left", by: "ann" }, true],
    [{ conversation: CREW, change: "removed", by: "bob", users: ["cat"] }, false],
    [{ conversation: CREW, change: "removed", by: "bob", users: ["cat", "ann"] }, true],
    [{ conversation: CREW, change: "deleted", by: "bob" }, true],
    [{ conversation: CREW, change: "topic", by: "bob", topic: "" }, false],
  ];
  for (const [change, isOut] of outs) {
    const { places, forgotten } = setUp();
    places.receive(list(false, GENERAL, CREW));
    places.receive(changed(change));
    assert.deepEqual(forgotten, isOut ? [CREW] : [], JSON.stringify(change));
  }
  const { places, look } = setUp();
  places.receive(list(false, GENERAL));
  places.receive(changed({ conversation: GENERAL, change: "left", by: "ann" }));
  assert.deepEqual(look(), [`${GENERAL} left by ann`, "now in undefined"]);
});

Deno.test("Places show what was done here once it is done, and change nothing when it is refused", async () => {
  const done: readonly (readonly [intent: RoomIntent, shown: readonly string[]])[] = [
    [{ type: "join", conversation: TECH }, [`${TECH} joined by ann`, `now in ${TECH}`]],
    [{ type: "leave" }, [`${GENERAL} left by ann`, "now in undefined"]],
    [{ type: "create", conversation: CREW, members: ["bob", "ann"] }, [
      `${CREW} created by ann bob`,
    ]],
    [{ type: "create", conversation: "room:tea" }, [
      "room:tea created by ann",
      "now in room:tea",
    ]],
    [{ type: "remove", conversation: CREW, users: ["bob"] }, [`${CREW} removed by ann bob`]],
    [{ type: "delete", conversation: CREW }, [`${CREW} deleted by ann`]],
    [{ type: "topic", topic: "" }, [`${GENERAL} topic by ann`]],
  ];
  for (const [intent, shown] of done) {
    const yes = setUp();
    yes.places.receive(list(false, GENERAL));
    await yes.places.do(intent);
    assert.deepEqual(yes.look(), shown, intent.type);

    const no = setUp(["not_allowed", "No."]);
    no.places.receive(list(false, GENERAL));
    await assert.rejects(no.places.do(intent), { code: "not_allowed" });
    assert.deepEqual([no.look(), no.forgotten, no.places.room], [[], [], GENERAL], intent.type);
  }
});

Deno.test("Places take a name that only a group has for the group", async () => {
  const { places, asked } = setUp();
  places.receive(list(false, GENERAL, TECH, CREW, "group:tech"));
  await places.do({ type: "leave", conversation: "room:crew" });
  await places.do({ type: "leave", conversation: TECH });
  await places.do({ type: "leave", conversation: "room:nowhere" });
  assert.deepEqual(
    asked.map((fields) => "conversation" in fields && fields.conversation),
    [CREW, TECH, "room:nowhere"],
  );
});

Deno.test("Places.find gives a conversation with somebody else, and none with oneself", () => {
  const { places } = setUp();
  assert.equal(places.find({ type: "person", name: "bob" }), "dm:ann:bob");
  assert.equal(places.find({ type: "group", name: "crew" }), CREW);
  assert.throws(() => places.find({ type: "person", name: "ann" }), { code: "to_self" });
});
