import assert from "node:assert/strict";
import type { ChatEvent } from "../../../client/events.ts";
import { INITIAL, reduce, type State } from "../../../client/ui/state.ts";
import { plainLines, PlainView } from "../../../client/ui/plain.ts";
import { drawQr } from "../../../protocol/invite_line.ts";

const NOW = Date.UTC(2026, 10, 20, 14, 2);
const OPTIONS = { now: () => NOW, echoed: false, timeZone: "UTC" };
const AT = new Date(NOW).toISOString();
const ANN: ChatEvent = { event: "authenticated", user: "ann", number: 1, created: false };
const USERS: ChatEvent = {
  event: "users",
  users: [
    { number: 1, name: "ann", status: "normal" },
    { number: 2, name: "bob", status: "away" },
  ],
};
const STATE: State = [ANN, USERS].reduce(reduce, INITIAL);

function message(conversation: string, from: string, text: string, at = AT): ChatEvent {
  return { event: "message", conversation, seq: 1, id: "", from, text, at };
}

const CONNECTED: ChatEvent = {
  event: "connected",
  transport: "quic",
  address: "[::1]:4433",
  pin: "SHA256:",
  version: 1,
  resumed: false,
};

const LINES: readonly (readonly [what: string, event: ChatEvent, lines: string[]])[] = [
  ["a connection", CONNECTED, ["14:02 * connected to [::1]:4433 over quic"]],
  ["a way back", { ...CONNECTED, resumed: true }, ["14:02 * connected again"]],
  ["a sign-in that is known", ANN, []],
  ["who is here", USERS, ["14:02 * online: ann (1), bob (2, away)"]],
  ["a message", message("room:general", "bob", "hi"), ["14:02 bob: hi"]],
  [
    "an old message",
    message("room:general", "bob", "hi", "2026-11-19T09:30:00.000Z"),
    ["2026-11-19 09:30 bob: hi"],
  ],
  ["another room", message("room:tech", "bob", "hi"), ["14:02 #tech bob: hi"]],
  ["a group", message("group:crew", "bob", "hi"), ["14:02 [crew] bob: hi"]],
  [
    "what is unread",
    {
      event: "unread",
      conversations: [
        { conversation: "room:general", unread: 3 },
        { conversation: "dm:ann:bob", unread: 1 },
        { conversation: "group:crew", unread: 2 },
      ],
    },
    ["14:02 * unread: 3 in #general, 1 from bob, 2 in [crew]"],
  ],
  ["a mark", { event: "marked", conversation: "room:tech", seq: 3 }, []],
  ["where text goes", { event: "room", conversation: "room:tech" }, [
    "14:02 * what you type now goes to #tech",
  ]],
  ["no room", { event: "room" }, [
    "14:02 * you are in no room; /rooms lists the rooms, and /join ROOM enters one",
  ]],
  [
    "an invitation",
    { event: "invite", line: "sotto://a", uses: 1, expires: "2026-01-02T03:04:05.000Z" },
    [
      "14:02 * invitation for 1 person, valid until 2026-01-02T03:04:05.000Z: sotto client 'sotto://a'",
      ...drawQr("sotto://a"),
    ],
  ],
  ["one's status", { event: "status", status: "dnd" }, ["14:02 * your status is dnd"]],
  [
    "rooms",
    {
      event: "rooms",
      rooms: [
        { conversation: "room:tech", people: 1, topic: "bits\u202e", member: false },
        { conversation: "room:tea", people: 2, topic: "", member: true, creator: "bob" },
      ],
    },
    ["14:02 * #tech (1 person): bits\\u{202e}", "14:02 * #tea (2 people, including you)"],
  ],
  ["no groups", { event: "groups", groups: [] }, ["14:02 * no groups"]],
  [
    "members",
    {
      event: "members",
      conversation: "group:crew",
      users: [{ number: 2, name: "bob", status: "dnd" }],
    },
    ["14:02 * members of [crew]: bob (2, dnd)"],
  ],
  [
    "a new group",
    { event: "changed", conversation: "group:crew", change: "created", by: "bob", users: ["ann"] },
    ["14:02 * bob created [crew] with you"],
  ],
  [
    "who joined",
    { event: "changed", conversation: "room:tech", change: "joined", by: "ann" },
    ["14:02 * you joined #tech"],
  ],
  [
    "who was removed",
    { event: "changed", conversation: "group:crew", change: "removed", by: "bob", users: ["cat"] },
    ["14:02 * bob removed cat from [crew]"],
  ],
  [
    "a topic",
    { event: "changed", conversation: "room:tech", change: "topic", by: "bob", topic: "bytes" },
    ["14:02 * bob set the topic of #tech: bytes"],
  ],
  [
    "a search",
    {
      event: "search",
      words: "hi",
      more: true,
      messages: [{
        conversation: "room:tech",
        seq: 1,
        id: "",
        from: "bob",
        at: AT,
        text: "hi\u001b",
      }],
    },
    ["14:02 #tech bob: hi␛", "14:02 * end of the first results; there may be more"],
  ],
  [
    "history with something sealed",
    {
      event: "history",
      conversation: "dm:ann:bob",
      more: false,
      messages: [
        { conversation: "dm:ann:bob", seq: 1, id: "", from: "bob", at: AT, number: 4 },
        { conversation: "dm:ann:bob", seq: 2, id: "", from: "ann", at: AT },
      ],
    },
    [
      "14:02 bob -> you: [sealed, /open 4]",
      "14:02 you -> bob: [this version cannot show it]",
      "14:02 * end of the history with bob",
    ],
  ],
  ["a private message", message("dm:ann:bob", "bob", "hi"), ["14:02 bob -> you: hi"]],
  ["one's own, elsewhere", message("dm:ann:bob", "ann", "hi"), ["14:02 you -> bob: hi"]],
  [
    "a sealed message",
    {
      event: "sealed",
      number: 3,
      conversation: "dm:ann:bob",
      seq: 1,
      id: "",
      from: "bob",
      at: AT,
    },
    ["14:02 [sealed from bob, /open 3]"],
  ],
  [
    "an opened message",
    { event: "opened", id: "", from: "bob", text: "plan" },
    ["14:02 [opened, from bob] plan"],
  ],
  ["who came", { event: "presence", user: "cleo", number: 3, status: "normal" }, [
    "14:02 * cleo is online",
  ]],
  ["who came back", { event: "presence", user: "bob", number: 2, status: "normal" }, [
    "14:02 * bob is back",
  ]],
  ["one's own status, wherever it was set", {
    event: "presence",
    user: "ann",
    number: 1,
    status: "dnd",
  }, ["14:02 * your status is dnd"]],
  ["who left", { event: "presence", user: "bob", number: 2, status: "offline" }, [
    "14:02 * bob went offline",
  ]],
  ["a notice of two lines", { event: "notice", code: "", text: "a\nb" }, [
    "14:02 * a",
    "14:02 * b",
  ]],
  ["an error", { event: "error", code: "x", message: "No." }, ["14:02 ! No."]],
  ["the end", { event: "closed", code: "left", message: "Left." }, []],
];

for (const [what, event, lines] of LINES) {
  Deno.test(`plainLines shows ${what}`, () => {
    assert.deepEqual(plainLines(STATE, event, OPTIONS), lines);
  });
}

Deno.test("plainLines lets no text pass for a line of its own", () => {
  const event = message("room:general", "bob", "hi\n14:02 ann: I never said that\u001b[2J");
  assert.deepEqual(plainLines(STATE, event, OPTIONS), [
    "14:02 bob: hi␊14:02 ann: I never said that␛[2J",
  ]);
});

Deno.test("plainLines makes names and errors of a hostile server safe", () => {
  const shown = [
    plainLines(STATE, message("room:general", "b\u202eob", "x"), OPTIONS),
    plainLines(STATE, { event: "error", code: "", message: "\u001b]0;x\u0007" }, OPTIONS),
    plainLines(
      STATE,
      { event: "presence", user: "\u009b2J", number: 4, status: "normal" },
      OPTIONS,
    ),
    plainLines(STATE, {
      event: "users",
      users: [{ number: 1, name: "\u001b[2J", status: "normal" }],
    }, OPTIONS),
  ].flat().join("");
  // deno-lint-ignore no-control-regex -- the output must have no control characters
  assert.doesNotMatch(shown, /[\u0000-\u001f\u007f-\u009f\u202e]/);
});

Deno.test("PlainView shows one's own messages once they are acknowledged", () => {
  const view = new PlainView(OPTIONS, STATE);
  const sending = { event: "sending", id: "a", conversation: "dm:ann:bob" } as const;
  const ack = { event: "ack", id: "a", conversation: "dm:ann:bob", seq: 1, at: AT } as const;
  assert.deepEqual(view.show({ ...sending, text: "hi" }), []);
  assert.deepEqual(view.show(ack), ["14:02 you -> bob: hi"]);
  assert.deepEqual(view.show(ack), []);
  view.show(sending);
  assert.deepEqual(view.show(ack), ["14:02 [sealed to bob]"]);
});

Deno.test("PlainView does not repeat what stands on the screen", () => {
  const view = new PlainView({ ...OPTIONS, echoed: true }, STATE);
  const sending = { event: "sending", id: "a", conversation: "room:general" } as const;
  view.show({ ...sending, text: "hi" });
  const ack = { event: "ack", id: "a", conversation: "room:general", seq: 1, at: AT } as const;
  assert.deepEqual(view.show(ack), []);
});

Deno.test("PlainView says that what is typed without a connection is kept", () => {
  const view = new PlainView({ ...OPTIONS, echoed: true }, STATE);
  view.show({ event: "notice", code: "reconnecting", text: "Lost." });
  const [line] = view.show({ event: "sending", id: "a", conversation: "room:general", text: "x" });
  assert.match(line ?? "", /not connected/);
});

Deno.test("PlainView says when that was sent which was kept", () => {
  const view = new PlainView({ ...OPTIONS, echoed: true }, STATE);
  const message = { id: "a", conversation: "room:general" } as const;
  view.show({ event: "notice", code: "reconnecting", text: "Lost." });
  view.show({ event: "sending", ...message, text: "x" });
  view.show({ ...CONNECTED, resumed: true });
  const ack = { event: "ack", ...message, seq: 1, at: AT } as const;
  assert.deepEqual(view.show(ack), ["14:02 ann: x"]);
  view.show({ event: "sending", ...message, text: "y" });
  assert.deepEqual(view.show(ack), [], "what went at once stands where it was typed");
});

Deno.test("PlainView tells of a break once, however many attempts it takes", () => {
  const view = new PlainView(OPTIONS, STATE);
  const lost = { event: "notice", code: "reconnecting", text: "Lost.", in: 1 } as const;
  assert.deepEqual([lost, lost, lost].flatMap((event) => view.show(event)), ["14:02 * Lost."]);
  view.show(CONNECTED);
  assert.deepEqual(view.show(lost), ["14:02 * Lost."]);
});
