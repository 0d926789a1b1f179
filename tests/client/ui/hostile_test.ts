/**
 * What others wrote, in every place where somebody can write and in all three outputs: it is shown,
 * and acts on no terminal. The places include names, which an honest server keeps plain.
 */
import assert from "node:assert/strict";
import type { ChatEvent, HistoryMessage } from "../../../client/events.ts";
import { PlainView } from "../../../client/ui/plain.ts";
import { safeJson } from "../../../protocol/safe_text.ts";
import { TestTui } from "../../helpers/test_tui.ts";

/** Controls, a title, colours, C1, overrides of directions, and 300 marks on one letter. */
const HOSTILE =
  "evil\u001b]0;owned\u0007\u001b[2J\u001b[38;5;196m\u009b7m\u0085\u202ereversed\u2066" +
  "\u0008\r\u007f\u000e\u001b(0\u001b[?1049h" + "e" + "\u0301".repeat(300);

/** A name like that. Tab offers it for the beginning of somebody's who is there as well. */
const NAMED = `bob${HOSTILE}`;

const ID = "01J00000000000000000000001";
const NOW = 1_800_000_000_000;
const at = new Date(NOW).toISOString();
const IN_ROOM = { conversation: "room:general", seq: 1, id: ID, at } as const;
const IN_TECH = { ...IN_ROOM, conversation: "room:tech" } as const;
const PRIVATE = { ...IN_ROOM, conversation: "dm:ann:bob" } as const;
const FILE = { number: 1, name: HOSTILE, size: 2, from: "bob" } as const;
const PROGRESS = {
  number: 1,
  conversation: "room:general",
  name: HOSTILE,
  transferred: 1,
  size: 2,
  rate: 1,
} as const;
const FILE_THERE = {
  number: 1,
  id: ID,
  direction: "down",
  conversation: "room:tech",
  name: HOSTILE,
  size: 2,
  path: `/home/ann/${HOSTILE}`,
} as const;
const PERSON = { number: 2, name: NAMED, status: "normal" } as const;
const PLACE = { conversation: "room:tech", people: 1, topic: HOSTILE, member: false } as const;
const TECH = { event: "changed", conversation: "room:tech" } as const;

const past = (fields: Partial<HistoryMessage>): ChatEvent[] => [
  {
    event: "history",
    conversation: "room:tech",
    messages: [{ ...IN_TECH, from: "bob", ...fields }],
    more: false,
  },
  { event: "search", words: "x", messages: [{ ...IN_ROOM, from: "bob", ...fields }], more: false },
];

const PLACES: Readonly<Record<string, readonly ChatEvent[]>> = {
  messages: [
    { event: "message", ...IN_ROOM, from: "bob", text: HOSTILE },
    { event: "message", ...IN_ROOM, from: "bob", text: `ann: ${HOSTILE}` },
    { event: "message", ...IN_TECH, from: "bob", text: HOSTILE },
    { event: "message", ...PRIVATE, from: "bob", text: HOSTILE },
    { event: "opened", id: ID, from: "bob", text: HOSTILE },
    ...past({ text: HOSTILE }),
    { event: "sending", id: ID, conversation: "room:general", text: HOSTILE },
  ],
  names: [
    { event: "users", users: [PERSON, { ...PERSON, number: 3, name: "bob" }] },
    { event: "presence", user: NAMED, number: 2, status: "away" },
    { event: "message", ...IN_ROOM, from: NAMED, text: "ann?" },
    { event: "sealed", ...IN_ROOM, number: 1, from: NAMED },
    { event: "opened", id: ID, from: NAMED, text: "x" },
    { event: "offer", ...IN_ROOM, ...FILE, name: "x", from: NAMED },
    ...past({ from: NAMED, text: "x" }),
    { event: "members", conversation: "room:tech", creator: NAMED, users: [PERSON] },
    { ...TECH, change: "joined", by: NAMED },
    { ...TECH, change: "added", by: "bob", users: [NAMED] },
    { event: "authenticated", user: NAMED, number: 1, created: false },
  ],
  topics: [
    { event: "rooms", rooms: [PLACE] },
    { event: "groups", groups: [{ ...PLACE, conversation: "group:crew" }] },
    { ...TECH, change: "topic", by: "bob", topic: HOSTILE },
    { ...TECH, change: "created", by: "bob", topic: HOSTILE },
  ],
  "file names": [
    { event: "offer", ...IN_ROOM, ...FILE },
    ...past({ name: HOSTILE, size: 2, number: 1 }),
    { event: "files", offers: [{ ...IN_ROOM, ...FILE }], transfers: [] },
    { event: "files", offers: [], transfers: [{ ...PROGRESS, direction: "down" }] },
    { event: "progress", ...PROGRESS, id: ID, direction: "down" },
    { event: "file", ...FILE_THERE },
    { event: "sending", id: ID, conversation: "room:general", name: HOSTILE, size: 2 },
  ],
  "what a server says": [
    { event: "error", code: "busy", message: HOSTILE },
    { event: "notice", code: "away", text: HOSTILE },
    { event: "notice", code: "reconnecting", text: HOSTILE, in: 3 },
  ],
};

/** What acts on a terminal, or hides, or piles up. */
const ACTING =
  // deno-lint-ignore no-control-regex -- the output must have no control characters
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{M}{9}/u;

/** All that the interface itself says to a terminal: modes, movements of the cursor, weights. */
// deno-lint-ignore no-control-regex -- escape sequences are what it takes away
const OWN = /\u001b\[\?(2004|1004|25|2026|7)[hl]|\u001b\[\d*[ACHJK]|\u001b\[(1|2|7|22|27)m|[\r\n]/g;
const BELL = "\u0007";

for (const [place, events] of Object.entries(PLACES)) {
  Deno.test(`PlainView shows what is hostile in ${place}, and it acts on no terminal`, () => {
    for (const event of events) {
      const view = new PlainView({ now: () => NOW, echoed: false, timeZone: "UTC" });
      view.show({ event: "authenticated", user: "ann", number: 1, created: false });
      const lines = [...view.show(event), ...view.show({ event: "ack", ...IN_ROOM })];
      assert.match(lines.join(" "), /evil/, JSON.stringify(event));
      for (const line of lines) assert.doesNotMatch(line, ACTING);
    }
  });

  Deno.test(`safeJson prints what is hostile in ${place} whole, and it acts on no terminal`, () => {
    for (const event of [...events, { event: "closed", code: "x", message: HOSTILE } as const]) {
      const line = safeJson(event);
      assert.deepEqual(JSON.parse(line), event);
      assert.doesNotMatch(line, ACTING);
    }
  });

  Deno.test(`Tui shows what is hostile in ${place}, and it acts on no terminal`, async () => {
    for (const event of events) {
      using terminal = new TestTui();
      await terminal.show(
        { event: "authenticated", user: "ann", number: 1, created: false },
        { event: "rooms", rooms: [] },
        { event: "groups", groups: [] },
      );
      await terminal.press("\u001b[O"); // Nobody looks: what calls, rings.
      for (const one of [event, { event: "ack", ...IN_ROOM } as const]) {
        await terminal.tui.show(one);
        await terminal.clock.pass(50);
      }
      for (const key of ["b", "\t", "\t", "\t", "\u0015", "@b", "\t"]) await terminal.keys(key);
      const pieces = terminal.takePieces().filter((piece) => piece !== BELL);
      assert.match(pieces.join(""), /evil/, JSON.stringify(event));
      for (const piece of pieces) assert.doesNotMatch(piece.replaceAll(OWN, ""), ACTING);
    }
  });
}
