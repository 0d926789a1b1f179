import assert from "node:assert/strict";
import fc from "fast-check";
import { boundaries, cells, fit } from "../../../../client/ui/tui/graphemes.ts";
import { layoutInput } from "../../../../client/ui/tui/input_layout.ts";

const shape = { prompt: "> ", text: "", cursor: 0, columns: 20, rows: 4 };

Deno.test("layoutInput puts the cursor behind wide characters, by cells", () => {
  const text = "日本👍e\u0301x";
  const { rows, cursor } = layoutInput({ ...shape, text, cursor: text.length });
  assert.deepEqual(rows, [`> ${text}`]);
  assert.deepEqual(cursor, { row: 0, column: 2 + 2 + 2 + 2 + 1 + 1 });
});

Deno.test("layoutInput wraps a long line, and keeps the cursor in sight", () => {
  const text = "0123456789".repeat(10);
  const end = layoutInput({ ...shape, text, cursor: text.length, rows: 3 });
  assert.equal(end.rows.length, 3);
  assert.equal(end.cursor.row, 2);
  assert.ok(end.rows.at(-1)?.endsWith("9"));
  const start = layoutInput({ ...shape, text, cursor: 0, rows: 3 });
  assert.deepEqual(start.cursor, { row: 0, column: 2 });
  assert.ok(start.rows[0]?.startsWith("> 0123"));
});

Deno.test("layoutInput breaks rows at line feeds, and shows what acts on a terminal", () => {
  const { rows, cursor } = layoutInput({ ...shape, text: "a\nb\u001b", cursor: 2 });
  assert.deepEqual(rows, ["> a", "b␛"]);
  assert.deepEqual(cursor, { row: 1, column: 0 });
});

Deno.test("layoutInput cuts a question that leaves no room for an answer", () => {
  const prompt = "Key of the message from somebody with a long name: ";
  const { rows } = layoutInput({ ...shape, prompt, columns: 40 });
  assert.ok(cells(rows[0] ?? "") <= 30);
});

Deno.test("layoutInput stays within its rows and columns, whatever is typed", () => {
  const pieces = fc.constantFrom("a", "日", "👨‍👩‍👧", "\n", "\u001b", "\u202e", "e\u0301\u0301", " ");
  const text = fc.array(pieces, { maxLength: 200 }).map((all) => all.join(""));
  const sizes = fc.record({
    columns: fc.integer({ min: 2, max: 90 }),
    rows: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(fc.property(text, sizes, fc.nat(), (text, size, at) => {
    const places = boundaries(text);
    const cursor = places[at % places.length] ?? 0;
    const layout = layoutInput({ prompt: "> ", text, cursor, ...size });
    assert.ok(layout.rows.length >= 1 && layout.rows.length <= size.rows);
    for (const row of layout.rows) assert.ok(cells(row) <= size.columns, JSON.stringify(row));
    assert.ok(layout.cursor.row >= 0 && layout.cursor.row < layout.rows.length);
    assert.ok(layout.cursor.column >= 0 && layout.cursor.column < size.columns);
  }));
});

Deno.test("fit cuts between clusters, and says that it has cut", () => {
  assert.equal(fit("hello", 5), "hello");
  assert.equal(fit("hello", 4), "hel…");
  assert.equal(fit("日本語", 4), "日…");
  assert.equal(fit("日本語", 0), "");
});
