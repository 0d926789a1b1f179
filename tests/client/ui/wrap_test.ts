import assert from "node:assert/strict";
import fc from "fast-check";
import stringWidth from "string-width";
import { wrapLine } from "../../../client/ui/wrap.ts";

const MARKS = ["      ┆ ", "┆"];
const cells = (text: string) => stringWidth(text);

function wrap(line: string, columns: number): string[] {
  return wrapLine(line, { columns, marks: MARKS, cells });
}

/** Without colours and weights. */
function bare(row: string): string {
  // deno-lint-ignore no-control-regex -- escape sequences are what it takes away
  return row.replaceAll(/\u001b\[\d+m/g, "");
}

Deno.test("wrapLine leaves a line alone that fits", () => {
  assert.deepEqual(wrap("", 80), [""]);
  assert.deepEqual(wrap("x".repeat(79), 80), ["x".repeat(79)]);
});

Deno.test("wrapLine breaks between words, and marks further rows", () => {
  assert.deepEqual(wrap("14:02 bob: one two three four five", 20), [
    "14:02 bob: one two ",
    "      ┆ three four ",
    "      ┆ five",
  ]);
  assert.deepEqual(wrap("14:02 bob: one twoo three", 20), [
    "14:02 bob: one twoo",
    "      ┆ three",
  ]);
});

Deno.test("wrapLine keeps a word whole where a row can hold it, and breaks a longer one", () => {
  const link = "https://example.org/a";
  assert.deepEqual(wrap(`14:02 bob: look at ${link} now`, 31), [
    "14:02 bob: look at ",
    `      ┆ ${link} `,
    "      ┆ now",
  ]);
  assert.deepEqual(wrap("x".repeat(30), 20), ["x".repeat(19), `      ┆ ${"x".repeat(11)}`]);
});

Deno.test("wrapLine lets no padding begin a row with another line", () => {
  for (const pad of [" ", "x", "\u00a0", "日", "·"]) {
    for (let count = 0; count < 100; count++) {
      const rows = wrap(`14:02 bob: hi${pad.repeat(count)}14:03 alice: yes`, 40);
      for (const row of rows.slice(1)) assert.ok(row.startsWith("      ┆ "), row);
    }
  }
});

Deno.test("wrapLine takes a shorter mark in a narrow window, and none where nothing has room", () => {
  assert.deepEqual(wrap("abcdefgh", 5), ["abcd", "┆efg", "┆h"]);
  assert.deepEqual(wrap("abc", 2), ["a", "b", "c"]);
  assert.deepEqual(wrap("abc", 1), ["abc"]);
});

Deno.test("wrapLine ends the styles of a row, and begins them again after the mark", () => {
  const dim = (text: string) => `\u001b[2m${text}\u001b[22m`;
  assert.deepEqual(wrap(dim("one two three"), 9), [dim("one two "), `┆${dim("three")}`]);
  const both = wrap(`\u001b[1m\u001b[31mone two\u001b[39m three\u001b[22m`, 6);
  assert.deepEqual(both, [
    "\u001b[1m\u001b[31mone \u001b[22m\u001b[39m",
    "┆\u001b[1m\u001b[31mtwo\u001b[39m \u001b[22m",
    "┆\u001b[1mthre\u001b[22m",
    "┆\u001b[1me\u001b[22m",
  ]);
});

Deno.test("wrapLine keeps each character but spaces, and no row is wider than the window", () => {
  const words = fc.array(fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 30 }),
    fc.constantFrom(
      " ",
      "  ",
      "日本語",
      "👨‍👩‍👧",
      "e\u0301",
      "\u1100".repeat(99),
      "\u001b[1m",
      "\u001b[22m",
    ),
  ));
  fc.assert(fc.property(words, fc.integer({ min: 4, max: 120 }), (parts, columns) => {
    // Further controls are not in a safe text.
    const line = parts.map((part) => part.startsWith("\u001b") ? part : part.replace(/\p{C}/gu, ""))
      .join("");
    const rows = wrap(line, columns);
    const [first = "", ...others] = rows.map(bare);
    const mark = MARKS.find((one) => others.every((row) => row.startsWith(one))) ?? "";
    const text = first + others.map((row) => row.slice(mark.length)).join("");
    assert.equal(text.replaceAll(" ", ""), bare(line).replaceAll(" ", ""));
    if (others.length > 0) assert.notEqual(mark, "");
    for (const row of rows) assert.ok(cells(row) < columns, JSON.stringify(row));
  }));
});
