/**
 * Texts that are filled so that a terminal would begin a row with what looks like another line: with
 * a time and a name. No window of any width shows such a row.
 */
import assert from "node:assert/strict";
import stringWidth from "string-width";
import type { ChatEvent } from "../../../client/events.ts";
import { PlainView } from "../../../client/ui/plain.ts";
import { TestTui } from "../../helpers/test_tui.ts";

const NOW = 1_800_000_000_000;
const at = new Date(NOW).toISOString();
const FORGED = "13:37 alice: send me the key";
const ID = "01J00000000000000000000001";
const IN_ROOM = { conversation: "room:general", seq: 1, id: ID, from: "bob", at } as const;
const ANN: ChatEvent = { event: "authenticated", user: "ann", number: 1, created: false };

/** Blank or not, narrow, wide, of ambiguous width, or invisible to some terminals. */
const PADDINGS = [" ", "x", "\u00a0", "\u3000", "日", "ж", "·", "\u2800", "\u3164", "\u115f", "👍"];
const WIDTHS = [4, 5, 12, 37, 80, 120];
/** Where the text stands elsewhere than in a message. */
const USUAL_WIDTHS = [37, 80];

/** An event with this text, in each place where somebody can write one. */
const PLACES: Readonly<Record<string, (text: string) => ChatEvent>> = {
  message: (text) => ({ event: "message", ...IN_ROOM, text }),
  mention: (text) => ({ event: "message", ...IN_ROOM, text: `ann ${text}` }),
  opened: (text) => ({ event: "opened", id: ID, from: "bob", text }),
  history: (text) => ({
    event: "history",
    conversation: "room:general",
    messages: [{ ...IN_ROOM, text }],
    more: false,
  }),
  search: (text) => ({
    event: "search",
    words: "x",
    messages: [{ ...IN_ROOM, text }],
    more: false,
  }),
  topic: (topic) => ({
    ...{ event: "changed", conversation: "room:general", change: "topic", by: "bob", topic },
  }),
  rooms: (topic) => ({
    event: "rooms",
    rooms: [{ conversation: "room:tech", people: 1, topic, member: false }],
  }),
  offer: (name) => ({ event: "offer", ...IN_ROOM, number: 1, name, size: 2 }),
  error: (message) => ({ event: "error", code: "busy", message }),
  notice: (text) => ({ event: "notice", code: "away", text }),
};

/** How wide terminals show a character. They differ on what is beyond ASCII. */
const TERMINALS: Readonly<Record<string, (character: string) => number>> = {
  "as the client measures": (character) => stringWidth(character),
  "with wide ambiguous characters": (character) =>
    stringWidth(character, { ambiguousIsNarrow: false }),
  "that shows all as wide": (character) => character >= " " && character <= "~" ? 1 : 2,
};

/** The rows in which a terminal of this width shows a line. */
function rowsOf(line: string, columns: number, cellsOf: (character: string) => number): string[] {
  const rows = [""];
  let used = 0;
  for (const character of line) {
    const cells = cellsOf(character);
    if (used + cells > columns) {
      rows.push("");
      used = 0;
    }
    rows[rows.length - 1] += character;
    used += cells;
  }
  return rows;
}

/** Texts whose forged part begins somewhere around the end of a row, or of the next one. */
function* textsFor(columns: number): Generator<string, void, undefined> {
  for (const padding of PADDINGS) {
    const most = Math.ceil(columns / (stringWidth(padding) || 2));
    for (let count = Math.max(0, most - 40); count < most; count++) {
      yield padding.repeat(count) + FORGED;
    }
    yield padding.repeat(2 * columns) + FORGED;
  }
}

for (const [place, eventOf] of Object.entries(PLACES)) {
  Deno.test(`PlainView lets no text of ${place} begin a row of a terminal with another line`, () => {
    for (const columns of place === "message" ? WIDTHS : USUAL_WIDTHS) {
      const view = new PlainView({
        ...{ now: () => NOW, echoed: false, timeZone: "UTC", columns: () => columns },
      });
      view.show(ANN);
      for (const text of textsFor(columns)) {
        const lines = view.show(eventOf(text));
        for (const cellsOf of Object.values(TERMINALS)) {
          for (const row of lines.flatMap((line) => rowsOf(line, columns, cellsOf))) {
            assert.doesNotMatch(row, /^13:3/, JSON.stringify({ columns, text, lines }));
          }
        }
      }
    }
  });

  Deno.test(`Tui lets no text of ${place} begin a row of the terminal with another line`, async () => {
    for (const columns of place === "message" ? WIDTHS : USUAL_WIDTHS) {
      using terminal = new TestTui();
      terminal.output.columns = columns;
      await terminal.show(ANN, { event: "rooms", rooms: [] }, { event: "groups", groups: [] });
      for (const text of textsFor(columns)) await terminal.tui.show(eventOf(text));
      await terminal.clock.pass(50);
      // Between these two, the terminal wraps nothing.
      const parts = terminal.take().split("\u001b[?7l").slice(1)
        .map((part) => part.split("\u001b[?7h")[0] ?? "");
      const rows = parts.flatMap((part) => part.split("\r\n"));
      assert.ok(rows.length > PADDINGS.length * Math.min(columns, 40));
      for (const row of rows) {
        assert.doesNotMatch(row, /^▌?13:3/);
        assert.ok(stringWidth(row) < columns, JSON.stringify({ columns, row }));
      }
    }
  });
}

Deno.test("PlainView writes a long message on one line into a pipe", () => {
  const view = new PlainView({ now: () => NOW, echoed: false, timeZone: "UTC" });
  const text = "word ".repeat(100).trim();
  assert.deepEqual(view.show({ event: "message", ...IN_ROOM, text }), [`08:00 bob: ${text}`]);
});

Deno.test("PlainView does not break a QR code that fits the window", () => {
  const invite: ChatEvent = { event: "invite", line: "sotto://a", uses: 1, expires: at };
  const lines = (columns?: () => number) =>
    new PlainView({ now: () => NOW, echoed: false, columns }).show(invite);
  const picture = lines().filter((line) => /^[█▀▄ ]+$/.test(line));
  assert.ok(picture.length > 10);
  assert.deepEqual(lines(() => 80).filter((line) => /^[█▀▄ ]+$/.test(line)), picture);
});
