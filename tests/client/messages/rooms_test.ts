import assert from "node:assert/strict";
import { RefusedError } from "../../../client/session/refused_error.ts";
import type { ChatEvent } from "../../../client/events.ts";
import { type RoomIntent, Rooms } from "../../../client/messages/rooms.ts";
import type { ConversationState, ServerFrames } from "../../../protocol/frame.ts";
import type { RequestFields } from "../../../protocol/session/client.ts";

const GENERAL = "room:general";
const TECH = "room:tech";
const CREW = "group:crew";

type Refusal = readonly [code: string, message: string];

/** Ann, whose server does what she asks, or refuses it. */
function setUp(refusal?: Refusal) {
  const events: ChatEvent[] = [];
  const requests: RequestFields[] = [];
  const rooms = new Rooms({
    account: "ann",
    events: { put: (event) => event !== undefined && void events.push(event) },
    session: {
      request: (fields) => {
        requests.push(fields);
        // Where an answer says something, tests go through a server (`chat_rooms_test.ts`).
        return refusal === undefined
          ? Promise.resolve([])
          : Promise.reject(new RefusedError(...refusal));
      },
    },
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
  return { rooms, requests, look };
}

function list(more: boolean, ...conversations: string[]): [ConversationState[], boolean] {
  const states = conversations.map((conversation) => ({
    ...{ conversation, seq: 0, mark: 0, unread: 0 },
  }));
  return [states, more];
}

type Change = Omit<ServerFrames["changed"], "type">;

function changed(change: Change): ServerFrames["changed"] {
  return { type: "changed", ...change };
}

Deno.test("Rooms begin in general, wherever else the account is", () => {
  const { rooms, look } = setUp();
  assert.equal(rooms.current, GENERAL);
  rooms.listed(...list(false, TECH, GENERAL, CREW));
  assert.equal(rooms.current, GENERAL);
  assert.deepEqual(look(), []);
});

Deno.test("Rooms begin in another room for an account that has left general, and in none without rooms", () => {
  const { rooms, look } = setUp();
  rooms.listed(...list(true, CREW, "dm:ann:bob"));
  assert.equal(rooms.current, GENERAL);
  rooms.listed(...list(false, TECH));
  assert.deepEqual([rooms.current, look()], [TECH, [`now in ${TECH}`]]);
  rooms.listed(...list(false, CREW));
  assert.deepEqual(look(), ["now in undefined"]);
  assert.throws(() => rooms.current, { code: "no_room" });
  rooms.joined("room:tea");
  assert.deepEqual([rooms.current, look()], ["room:tea", ["now in room:tea"]]);
});

Deno.test("Rooms keep the current room over a list that has it, whatever else has changed", async () => {
  const { rooms, look } = setUp();
  rooms.listed(...list(false, GENERAL, TECH));
  await rooms.do({ type: "join", conversation: TECH });
  assert.deepEqual(look(), [`now in ${TECH}`]);
  rooms.listed(...list(false, GENERAL, TECH, "room:tea"));
  assert.equal(rooms.current, TECH);
  assert.deepEqual(look(), []);
});

Deno.test("Rooms go on in general when the current room is gone, and forget what was there", () => {
  const outs: readonly (readonly [change: Change, out: boolean])[] = [
    [{ conversation: CREW, change: "left", by: "bob" }, false],
    [{ conversation: CREW, change: "left", by: "ann" }, true],
    [{ conversation: CREW, change: "removed", by: "bob", users: ["cat"] }, false],
    [{ conversation: CREW, change: "removed", by: "bob", users: ["cat", "ann"] }, true],
    [{ conversation: CREW, change: "deleted", by: "bob" }, true],
    [{ conversation: CREW, change: "topic", by: "bob", topic: "" }, false],
  ];
  for (const [change, isOut] of outs) {
    const { rooms } = setUp();
    rooms.listed(...list(false, GENERAL, CREW));
    assert.equal(rooms.changed(changed(change)), isOut, JSON.stringify(change));
  }
  const { rooms, look } = setUp();
  rooms.listed(...list(false, GENERAL));
  rooms.changed(changed({ conversation: GENERAL, change: "left", by: "ann" }));
  assert.deepEqual(look(), [`${GENERAL} left by ann`, "now in undefined"]);
});

Deno.test("Rooms show what was done here once it is done, and change nothing when it is refused", async () => {
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
    yes.rooms.listed(...list(false, GENERAL));
    await yes.rooms.do(intent);
    assert.deepEqual(yes.look(), shown, intent.type);

    const no = setUp(["not_allowed", "No."]);
    no.rooms.listed(...list(false, GENERAL));
    await assert.rejects(no.rooms.do(intent), { code: "not_allowed" });
    assert.deepEqual([no.look(), no.rooms.current], [[], GENERAL], intent.type);
  }
});

Deno.test("Rooms take a name that only a group has for the group", async () => {
  const { rooms, requests } = setUp();
  rooms.listed(...list(false, GENERAL, TECH, CREW, "group:tech"));
  await rooms.do({ type: "leave", conversation: "room:crew" });
  await rooms.do({ type: "leave", conversation: TECH });
  await rooms.do({ type: "leave", conversation: "room:nowhere" });
  assert.deepEqual(
    requests.map((fields) => "conversation" in fields && fields.conversation),
    [CREW, TECH, "room:nowhere"],
  );
});

Deno.test("Rooms.find gives a conversation with another account, and none with its own", () => {
  const { rooms } = setUp();
  assert.equal(rooms.find({ type: "person", name: "bob" }), "dm:ann:bob");
  assert.equal(rooms.find({ type: "group", name: "crew" }), CREW);
  assert.throws(() => rooms.find({ type: "person", name: "ann" }), { code: "to_self" });
});
