/** What is refused about rooms and groups, and changes nothing. */
import assert from "node:assert/strict";
import { LIMITS, OFFENCES } from "../../../protocol/limits.ts";
import { GENERAL } from "../../../protocol/names.ts";
import type { RequestFields } from "../../../protocol/session/client.ts";
import { askCode, membersOf, signInAll } from "../../helpers/socketless_users.ts";
import { startSocketless } from "../../helpers/socketless.ts";

const CREW = "group:crew";
const TECH = "room:tech";

/** Requests that must be refused, in a house where ann has made `group:crew` with bob. */
const REFUSED: readonly [
  what: string,
  who: "ann" | "bob" | "eve",
  fields: RequestFields,
  code: string,
][] = [
  ["a room that is there", "eve", { type: "create", conversation: TECH }, "name_taken"],
  ["a group that is there", "eve", { type: "create", conversation: CREW }, "name_taken"],
  ["a reserved room", "eve", { type: "create", conversation: "room:all" }, "bad_name"],
  ["a reserved group", "eve", { type: "create", conversation: "group:quit" }, "bad_name"],
  [
    "a group with nobody's name in it",
    "eve",
    { type: "create", conversation: "group:new", members: ["bob", "nobody", "", "Ann"] },
    "unknown_user",
  ],
  [
    "a room with people in it",
    "eve",
    { type: "create", conversation: "room:new", members: ["bob"] },
    "not_allowed",
  ],
  [
    "a topic that is too long",
    "eve",
    { type: "create", conversation: "room:new", topic: "ü".repeat(LIMITS.topic / 2 + 1) },
    "bad_topic",
  ],
  [
    "a topic of two lines",
    "bob",
    { type: "topic", conversation: CREW, topic: "one\ntwo" },
    "bad_topic",
  ],
  [
    "a topic that moves a cursor",
    "bob",
    { type: "topic", conversation: CREW, topic: "\u001b[2J" },
    "bad_topic",
  ],
  [
    "another topic elsewhere",
    "eve",
    { type: "topic", conversation: TECH, topic: "mine" },
    "not_a_member",
  ],
  [
    "another topic of others",
    "eve",
    { type: "topic", conversation: CREW, topic: "mine" },
    "unknown_conversation",
  ],
  [
    "a room that is nowhere",
    "eve",
    { type: "join", conversation: "room:nowhere" },
    [
      "unknown_conversation",
    ][0] ?? "",
  ],
  ["to leave where one is not", "eve", { type: "leave", conversation: TECH }, "not_a_member"],
  ["to leave others", "eve", { type: "leave", conversation: CREW }, "unknown_conversation"],
  ["to see others", "eve", { type: "members", conversation: CREW }, "unknown_conversation"],
  [
    "to see what is nowhere",
    "eve",
    { type: "members", conversation: "room:nowhere" },
    "unknown_conversation",
  ],
  [
    "to get in by oneself",
    "eve",
    { type: "add", conversation: CREW, users: ["eve"] },
    "unknown_conversation",
  ],
  [
    "to let in what is not one's own",
    "bob",
    { type: "add", conversation: CREW, users: ["eve"] },
    "not_allowed",
  ],
  [
    "to put out who made it",
    "bob",
    { type: "remove", conversation: CREW, users: ["ann"] },
    "not_allowed",
  ],
  ["to delete what is another's", "bob", { type: "delete", conversation: CREW }, "not_allowed"],
  ["to delete others", "eve", { type: "delete", conversation: CREW }, "unknown_conversation"],
  [
    "to add nobody's names",
    "ann",
    { type: "add", conversation: CREW, users: ["eve", "nobody"] },
    "unknown_user",
  ],
  [
    "to remove who is not there",
    "ann",
    { type: "remove", conversation: CREW, users: ["bob", "eve"] },
    "not_a_member",
  ],
  [
    "to remove oneself",
    "ann",
    { type: "remove", conversation: CREW, users: ["bob", "ann"] },
    "not_allowed",
  ],
];

Deno.test("Requests about rooms and groups are refused where they must be, and change nothing", async (test) => {
  await using server = await startSocketless();
  const people = await signInAll(server, "ann", "bob", "eve");
  await askCode(people.ann, { type: "create", conversation: CREW, members: ["bob"] });
  Object.values(people).forEach((peer) => peer.look());
  const everything = async () => [
    await server.store.rooms.list("ann", "rooms"),
    await server.store.rooms.list("ann", "groups"),
    await membersOf(server, CREW),
    await membersOf(server, TECH),
    await server.store.rooms.countOf("eve"),
  ];
  const before = await everything();
  for (const [what, who, fields, code] of REFUSED) {
    await test.step(`${who} wants ${what}: ${code}`, async () => {
      assert.equal(await askCode(people[who], fields), code);
      assert.deepEqual(await everything(), before);
      assert.deepEqual(Object.values(people).flatMap((peer) => peer.look()), []);
    });
  }
  // None of it was an offence: people may ask for what cannot be.
  assert.ok(REFUSED.filter(([, who]) => who === "eve").length > OFFENCES);
  assert.equal(await askCode(people.eve, { type: "join", conversation: TECH }), "conversation");
});

Deno.test("create() and add() name the users that do not exist", async () => {
  await using server = await startSocketless();
  const { ann } = await signInAll(server, "ann", "bob");
  const members = ["bob", "carol", "dave"];
  const error = await ann.ask({ type: "create", conversation: CREW, members });
  assert.equal(error.type === "error" && error.message, "No such user: carol, dave.");
});

Deno.test("create() bounds what one account makes, and the rooms of all", async () => {
  await using server = await startSocketless({ rooms: 4 });
  const { ann, bob } = await signInAll(server, "ann", "bob");
  assert.equal(await askCode(bob, { type: "create", conversation: "room:one" }), "conversation");
  assert.equal(await askCode(bob, { type: "create", conversation: "room:two" }), "quota_exceeded");
  server.clock.set(server.clock.time() + 24 * 60 * 60 * 1000); // New accounts may make fewer.
  for (let number = 0; number < LIMITS.made; number++) {
    const conversation = `group:g${number}`;
    await server.store.rooms.create({ conversation, topic: "", creator: "ann" }, ["ann"]);
  }
  assert.equal(
    await askCode(ann, { type: "create", conversation: "group:more" }),
    "quota_exceeded",
  );
  await server.store.rooms.delete("group:g0");
  assert.equal(await askCode(ann, { type: "create", conversation: "group:more" }), "conversation");
});

Deno.test("add() bounds the members of a group", async () => {
  await using server = await startSocketless();
  const { ann } = await signInAll(server, "ann");
  const names = Array.from({ length: LIMITS.members }, (_, number) => `user${number}`);
  for (const name of names) await server.store.accounts.create(name, "$hash$", 1);
  const crew = { conversation: CREW, topic: "", creator: "ann" };
  await server.store.rooms.create(crew, ["ann", ...names.slice(0, LIMITS.members - 3)]);
  await server.signIn("ann");
  const add = (users: string[]) => askCode(ann, { type: "add", conversation: CREW, users });
  assert.equal(await add(names.slice(-3)), "unknown_conversation", "this session was not told");
  const again = await server.signIn("ann");
  const addAgain = (users: string[]) => askCode(again, { type: "add", conversation: CREW, users });
  assert.equal(await addAgain(names.slice(-3)), "quota_exceeded");
  assert.equal(await addAgain(names.slice(-2)), "done");
  assert.equal((await membersOf(server, CREW)).length, LIMITS.members);
});

Deno.test("create() allows a new account less, and the same account more after a day", async () => {
  await using server = await startSocketless();
  const { ann } = await signInAll(server, "ann");
  for (let number = 0; number < LIMITS.madeNew; number++) {
    const create = { type: "create", conversation: `group:g${number}` } as const;
    assert.equal(await askCode(ann, create), "conversation");
  }
  const another = { type: "create", conversation: "group:more" } as const;
  const refusal = await ann.ask(another);
  assert.match(refusal.type === "error" ? refusal.message : "", /Your account is new: it may/);
  server.clock.set(server.clock.time() + 24 * 60 * 60 * 1000);
  assert.equal(await askCode(ann, another), "conversation");
});

Deno.test("create() allows a network only so many rooms, whatever its accounts", async () => {
  await using server = await startSocketless({ newRooms: { rate: 1 / 60, burst: 3 } });
  const { ann, bob } = await signInAll(server, "ann", "bob");
  const create = (who: typeof ann, conversation: string) =>
    askCode(who, { type: "create", conversation });
  assert.equal(await create(ann, "room:one"), "conversation");
  assert.equal(await create(ann, "room:one"), "name_taken", "which does not count");
  assert.equal(await create(bob, "room:two"), "conversation");
  assert.equal(await create(ann, "room:three"), "conversation");
  assert.equal(await create(bob, "room:four"), "rate_limited");
  assert.equal(await create(bob, "group:four"), "conversation", "groups are not counted");
  await server.clock.pass(60_000);
  assert.equal(await create(bob, "room:four"), "conversation");
});

Deno.test("join() bounds the rooms of an account, its own groups among them", async () => {
  await using server = await startSocketless();
  const { bob } = await signInAll(server, "bob");
  for (let number = 2; number < LIMITS.joined; number++) {
    const room = { conversation: `room:r${number}`, topic: "", creator: undefined };
    await server.store.rooms.create(room, ["bob"]);
  }
  await askCode(bob, { type: "create", conversation: "group:own" });
  assert.equal(await askCode(bob, { type: "join", conversation: TECH }), "quota_exceeded");
  const create = { type: "create", conversation: CREW } as const;
  assert.equal(await askCode(bob, create), "quota_exceeded");
  assert.equal(await askCode(bob, { type: "leave", conversation: GENERAL }), "done");
  assert.equal(await askCode(bob, { type: "join", conversation: TECH }), "conversation");
});

Deno.test("Groups that others made do not use up what an account may do", async () => {
  await using server = await startSocketless();
  const { ann, bob } = await signInAll(server, "ann", "bob");
  const add: RequestFields = { type: "add", conversation: CREW, users: ["bob"] };
  await askCode(ann, { type: "create", conversation: CREW });
  // One account can fill but a part of another's groups.
  for (let number = 0; number < LIMITS.addedBy; number++) {
    const group = { conversation: `group:a${number}`, topic: "", creator: "ann" };
    await server.store.rooms.create(group, ["ann", "bob"]);
  }
  assert.equal(await askCode(ann, add), "quota_exceeded");
  await server.store.rooms.delete("group:a0");
  assert.equal(await askCode(ann, add), "done");

  for (let number = LIMITS.addedBy; number < LIMITS.added; number++) {
    const group = { conversation: `group:o${number}`, topic: "", creator: undefined };
    await server.store.rooms.create(group, ["bob"]);
  }
  const { eve } = await signInAll(server, "eve");
  const create: RequestFields = { type: "create", conversation: "group:e", members: ["bob"] };
  assert.equal(await askCode(eve, create), "quota_exceeded");
  assert.equal(await askCode(bob, { type: "join", conversation: TECH }), "conversation");
  assert.equal(await askCode(bob, { type: "create", conversation: "group:b" }), "conversation");
  assert.equal(await askCode(bob, { type: "leave", conversation: CREW }), "done");
  assert.equal(await askCode(eve, create), "conversation");
});
