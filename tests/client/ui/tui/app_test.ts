/** The rows at the bottom, drawn by Ink as in the program. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { render } from "ink-testing-library";
import { createElement } from "react";
import type { ProgressEvent } from "../../../../client/events.ts";
import { INITIAL, type State } from "../../../../client/ui/state.ts";
import { App, frameOf, type Model } from "../../../../client/ui/tui/app.ts";
import { cells } from "../../../../client/ui/tui/graphemes.ts";
import { layoutInput } from "../../../../client/ui/tui/input_layout.ts";
import { pendingRows } from "../../../../client/ui/tui/pending.ts";
import { fitParts, statusRow } from "../../../../client/ui/tui/status_line.ts";
import { suggestionRow } from "../../../../client/ui/tui/suggestions.ts";
import { transferText } from "../../../../client/ui/tui/transfers.ts";

const online = ["ann", "bob", "cleo"].map((name, index) =>
  [name, { number: index + 1, status: name === "cleo" ? "away" : "normal" }] as const
);
const STATE: State = {
  ...INITIAL,
  connection: "connected",
  transport: "quic",
  roundTrip: 12.3,
  user: "ann",
  people: new Map(online),
  unread: new Map([["room:tech", 3], ["dm:ann:bob", 1]]),
};
const PROGRESS: ProgressEvent = {
  event: "progress",
  number: 1,
  id: "01J00000000000000000000001",
  direction: "up",
  conversation: "dm:ann:bob",
  name: "plan.pdf",
  transferred: 43,
  size: 100,
  rate: 1024 * 1024,
  remaining: 80,
};
const MODEL: Model = {
  state: STATE,
  prompt: "> ",
  text: "hello",
  cursor: 5,
  suggestions: { words: [], chosen: undefined },
  retryIn: undefined,
  missed: undefined,
  columns: 80,
  rows: 24,
};

// deno-lint-ignore no-control-regex -- weights are not what is tested here
const bare = (text = "") => text.replaceAll(/\u001b\[\d+m/g, "");

Deno.test("statusRow says where one is, what is unread, how it is connected and who is online", () => {
  const row = statusRow({ state: STATE, columns: 79, retryIn: undefined, missed: undefined });
  assert.equal(cells(row), 79);
  assert.equal(
    bare(row).trim(),
    "#general · 3 #tech, 1 bob · quic 12 ms · bob, cleo (away)",
  );
});

Deno.test("statusRow keeps the most important parts in a narrow window", () => {
  const status = (columns: number, state = STATE, retryIn?: number) =>
    bare(statusRow({ state, columns, retryIn, missed: undefined })).trim();
  assert.equal(status(39), "#general · 3 #tech, 1 bob · quic");
  assert.equal(status(29), "#general · 3 #tech, 1 bob");
  assert.equal(status(24), "#general · 4 unread");
  assert.equal(status(19), "#general · +4");
  const offline: State = { ...STATE, connection: "reconnecting" };
  assert.equal(status(79, offline, 7), "#general · 3 #tech, 1 bob · reconnecting in 7 s");
  assert.equal(status(28, offline, 7), "#general · +4 · offline");
});

Deno.test("statusRow counts what arrived while the window had no focus", () => {
  const missed = { count: 12, since: "14:02" };
  const row = statusRow({ state: STATE, columns: 79, retryIn: undefined, missed });
  assert.match(bare(row), / · 12 new since 14:02 · /);
});

Deno.test("fitParts shortens the least important part first", () => {
  const parts = [
    { ways: ["#general"], weight: 3 },
    { ways: ["quic 12 ms", "quic", ""], weight: 1 },
    { ways: ["ann, bob, cleo", "3 online", ""], weight: 0 },
  ];
  assert.deepEqual(fitParts(parts, 60), ["#general", "quic 12 ms", "ann, bob, cleo"]);
  assert.deepEqual(fitParts(parts, 32), ["#general", "quic 12 ms", "3 online"]);
  assert.deepEqual(fitParts(parts, 22), ["#general", "quic 12 ms", ""]);
  assert.deepEqual(fitParts(parts, 15), ["#general", "quic", ""]);
  assert.deepEqual(fitParts(parts, 3), ["#general", "", ""]);
});

Deno.test("pendingRows shows what is not stored yet, and counts what does not fit", () => {
  const texts = ["one", "two", "three\nfour"];
  const sending = new Map(
    texts.map((text, id) => [`${id}`, { conversation: "room:general", text }] as const),
  );
  const pending = (state: State, rows: number) => pendingRows(state, rows, 40).map(bare);
  assert.deepEqual(pending({ ...STATE, sending }, 3), ["… one", "… two", "… three␊four"]);
  const offline: State = { ...STATE, sending, connection: "reconnecting" };
  assert.deepEqual(pending(offline, 2), ["waiting: one", "waiting: and 2 more"]);
  assert.deepEqual(pending(offline, 0), []);
});

Deno.test("transferText draws a bar, and gives way where it is narrow", () => {
  assert.equal(
    transferText(PROGRESS, 79),
    "↑ plan.pdf ████████████░░░░░░░░░░░░░░░░░░ 43 % 1.0 MiB/s 1 min 20 s left",
  );
  for (const columns of [79, 50, 39, 25, 19, 10]) {
    const text = transferText({ ...PROGRESS, name: "日本語".repeat(30) }, columns);
    assert.ok(cells(text) <= columns, `${columns}: ${text}`);
    assert.match(text, /43 %/);
  }
});

Deno.test("suggestionRow shows as many as fit, the chosen one among them", () => {
  const words = Array.from({ length: 40 }, (_, index) => `name${index}`);
  for (const chosen of [0, 20, 39]) {
    const row = suggestionRow({ words, chosen, columns: 39 });
    assert.match(bare(row), new RegExp(`\\bname${chosen}\\b`));
    assert.ok(cells(row) <= 39);
  }
});

Deno.test("App draws each row as it is, in order", () => {
  const rows = ["one", "\u001b[1mtwo\u001b[22m", "日本語"];
  const { lastFrame } = render(createElement(App, { rows, width: 20 }));
  assert.deepEqual(lastFrame()?.split("\n"), rows);
});

Deno.test("frameOf puts each part in its place", () => {
  const { rows } = frameOf({
    ...MODEL,
    state: {
      ...STATE,
      sending: new Map([["1", { conversation: "room:general", text: "on its way" }]]),
      transfers: new Map([[PROGRESS.id, PROGRESS]]),
    },
    suggestions: { words: ["ann", "anton"], chosen: 1 },
  });
  assert.equal(rows.length, 5);
  const order = [/^ann {2}anton/, /plan\.pdf/, /… on its way/, /#general/, /^> hello/];
  order.forEach((pattern, row) => assert.match(bare(rows[row]), pattern));
});

Deno.test("frameOf fits every window, and knows where the cursor is", () => {
  const sending = new Map(
    Array.from(
      { length: 9 },
      (_, id) => [`${id}`, { conversation: "room:general", text: "x".repeat(200) }],
    ),
  );
  const transfers = new Map(
    Array.from({ length: 9 }, (_, id) => [`${id}`, { ...PROGRESS, id: `${id}` }] as const),
  );
  const state: State = { ...STATE, sending, transfers };
  for (const columns of [2, 3, 10, 20, 40, 80, 200]) {
    for (const rows of [2, 3, 5, 10, 24]) {
      const text = "日本語 hello ".repeat(20);
      const model = { ...MODEL, state, text, cursor: text.length, columns, rows };
      const frame = frameOf(model);
      assert.ok(frame.rows.length < rows, `${columns}x${rows}: ${frame.rows.length} rows`);
      for (const row of frame.rows) assert.ok(cells(row) < columns, `${columns}: ${row}`);
      assert.ok(frame.cursor.row < frame.rows.length);
    }
  }
});

Deno.test("frameOf shows letters with many marks in the cells that they take", () => {
  const text = "e\u0301".repeat(5);
  const { rows, cursor } = frameOf({ ...MODEL, text, cursor: text.length });
  assert.equal(rows.at(-1), `> ${text}`);
  assert.equal(cursor.column, 7);
});

Deno.test("frameOf paints what is typed as it was laid out, whatever script it is in", () => {
  const pieces = [
    "a",
    " ",
    "日",
    "e\u0301",
    "नि",
    "ก็",
    "한",
    "👨‍👩‍👧",
    "🇩🇪",
    "1️⃣",
    "❤️",
    "ﷺ",
    "\u1100\u1161",
    "ع",
  ];
  const text = fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((all) => all.join(""));
  fc.assert(fc.property(text, fc.integer({ min: 20, max: 80 }), (text, columns) => {
    const cursor = text.length;
    const { rows } = layoutInput({ prompt: "> ", text, cursor, columns: columns - 1, rows: 8 });
    const frame = frameOf({ ...MODEL, text, cursor, columns, rows: 24 });
    assert.deepEqual(
      frame.rows.slice(-rows.length).map((row) => row.trimEnd()),
      rows.map((row) => row.trimEnd()),
    );
  }));
});
