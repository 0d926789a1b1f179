import assert from "node:assert/strict";
import fc from "fast-check";
import { edit, type Editor, EMPTY, replace } from "../../../../client/ui/tui/editor.ts";
import { boundaries, graphemes } from "../../../../client/ui/tui/graphemes.ts";
import type { Key } from "../../../../client/ui/tui/keys.ts";

const FAMILY = "👨‍👩‍👧";

/** Types text and presses keys: `hello`, `<C-a>`. */
function after(typed: string, from: Editor = EMPTY): Editor {
  return [...typed.matchAll(/<([^>]+)>|([^<]+)/g)].reduce((editor, [, name, text]) => {
    const key: Key = name === undefined
      ? { type: "text", text: text ?? "" }
      : { type: "key", name };
    return edit(editor, key)[0];
  }, from);
}

/** The text with `|` where the cursor is. */
function shown({ text, cursor }: Editor): string {
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`;
}

Deno.test("edit moves as readline does", () => {
  assert.equal(shown(after("one two<C-a>")), "|one two");
  assert.equal(shown(after("one two<C-a><C-e>")), "one two|");
  assert.equal(shown(after("one two<C-b><Left>")), "one t|wo");
  assert.equal(shown(after("one two<C-a><C-f><Right>")), "on|e two");
  assert.equal(shown(after("one, two<M-b>")), "one, |two");
  assert.equal(shown(after("one, two<M-b><M-b>")), "|one, two");
  assert.equal(shown(after("one, two<Home><M-f>")), "one|, two");
  assert.equal(shown(after("one, two<Home><C-Right><C-Right>")), "one, two|");
});

Deno.test("edit deletes as readline does, and C-y brings back what was killed", () => {
  assert.equal(shown(after("one two<Backspace>")), "one tw|");
  assert.equal(shown(after("one two<C-a><C-d><Delete>")), "|e two");
  assert.equal(shown(after("one two<M-b><C-k>")), "one |");
  assert.equal(shown(after("one two<M-b><C-u>")), "|two");
  assert.equal(shown(after("one http://x.y/z<C-w>")), "one |");
  assert.equal(shown(after("one two<Home><M-d>")), "| two");
  assert.equal(shown(after("one two<M-b><C-u><C-e> <C-y>")), "two one |");
});

Deno.test("edit gathers what is killed by one key after the other", () => {
  assert.equal(shown(after("one two three<C-w><C-w><C-y>")), "one two three|");
  assert.equal(shown(after("one two<Home><M-d><M-d><C-y>")), "one two|");
  assert.equal(shown(after("one two<C-w><C-a><C-k><C-y>")), "one |");
});

Deno.test("edit transposes clusters, not halves of them", () => {
  assert.equal(shown(after("ab<C-t>")), "ba|");
  assert.equal(shown(after("abc<C-b><C-t>")), "acb|");
  assert.equal(shown(after(`a${FAMILY}<C-t>`)), `${FAMILY}a|`);
  assert.equal(shown(after("a<C-t>")), "a|");
  assert.equal(shown(after("<C-t>")), "|");
});

Deno.test("edit takes an emoji or a letter with its marks as one", () => {
  assert.equal(shown(after(`x${FAMILY}<Backspace>`)), "x|");
  assert.equal(shown(after(`x${FAMILY}y<C-b><C-b>`)), `x|${FAMILY}y`);
  assert.equal(shown(after("e\u0301<C-b>")), "|e\u0301");
  // Two halves of a flag that were typed apart are one from then on.
  assert.equal(shown(after("🇩🇪<C-b>")), "|🇩🇪");
});

Deno.test("edit submits, remembers, and brings lines back", () => {
  const [editor, action] = edit(after("hello"), { type: "key", name: "Enter" });
  assert.deepEqual(action, { type: "submit", text: "hello" });
  assert.equal(editor.text, "");
  const later = after("draft", after("second<Enter>", editor));
  assert.equal(shown(after("<Up>", later)), "second|");
  assert.equal(shown(after("<Up><Up><Up>", later)), "hello|");
  assert.equal(shown(after("<Up><Up><Down><Down>", later)), "draft|");
});

Deno.test("edit remembers no empty line, and none twice in a row", () => {
  const editor = after("a<Enter><Enter>a<Enter> <Enter>b<Enter>");
  assert.deepEqual(editor.history, ["a", "b"]);
});

Deno.test("edit forgets the oldest lines, and takes no more text than it can hold", () => {
  let editor = EMPTY;
  for (let line = 0; line < 600; line++) editor = after(`line ${line}<Enter>`, editor);
  assert.equal(editor.history.length, 500);
  assert.equal(editor.history[0], "line 100");
  const [full] = edit(EMPTY, { type: "paste", text: "x".repeat(1_000_000) });
  assert.equal(full.text.length, 64 * 1024);
});

Deno.test("edit tells what is for the interface", () => {
  const action = (editor: Editor, name: string) => edit(editor, { type: "key", name })[1].type;
  assert.equal(action(EMPTY, "C-c"), "interrupt");
  assert.equal(action(EMPTY, "C-d"), "end");
  assert.equal(action(after("x<Home>"), "C-d"), "none");
  assert.equal(action(EMPTY, "Tab"), "complete");
  assert.equal(action(EMPTY, "C-l"), "redraw");
  assert.equal(action(EMPTY, "F13"), "none");
});

Deno.test("edit keeps a paste of many lines as one text", () => {
  const [editor] = edit(after("see: "), { type: "paste", text: "one\ntwo" });
  assert.equal(shown(editor), "see: one\ntwo|");
  assert.equal(shown(after("<C-u>", editor)), "see: one\n|");
});

Deno.test("replace puts the cursor behind what it put in", () => {
  assert.equal(shown(replace(after("say an"), 4, 6, "ann ")), "say ann |");
});

const NAMES = [
  ...["C-a", "C-e", "C-b", "C-f", "M-b", "M-f", "Backspace", "Delete", "C-k", "C-u", "C-w", "C-y"],
  ...["M-d", "C-t", "M-Enter", "Up", "Down", "Enter", "Tab", "C-d", "C-c", "Escape"],
];
const PIECES = [
  "a",
  " ",
  "é",
  "e\u0301",
  "\u0301",
  "日",
  FAMILY,
  "👩",
  "\u200d",
  "🇩",
  "🇪",
  "\n",
  "\u1100",
  "\u1161",
];

const anyKey: fc.Arbitrary<Key> = fc.oneof(
  fc.constantFrom(...NAMES).map((name): Key => ({ type: "key", name })),
  fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 4 })
    .map((pieces): Key => ({ type: "text", text: pieces.join("") })),
  fc.string({ unit: "grapheme" }).map((text): Key => ({ type: "paste", text })),
);

Deno.test("edit never leaves the cursor within a cluster, whatever is pressed", () => {
  fc.assert(fc.property(fc.array(anyKey, { maxLength: 40 }), (keys) => {
    let editor = EMPTY;
    for (const key of keys) {
      [editor] = edit(editor, key);
      assert.ok(boundaries(editor.text).includes(editor.cursor), shown(editor));
    }
  }));
});

Deno.test("edit takes away whole clusters, or nothing", () => {
  const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((all) => all.join(""));
  fc.assert(fc.property(text, fc.nat(12), (text, moves) => {
    let [editor] = edit(EMPTY, { type: "paste", text });
    for (let move = 0; move < moves; move++) editor = after("<C-b>", editor);
    const { cursor } = editor;
    const before = graphemes(text).length;
    const gone = after("<Backspace>", editor);
    const left = text.slice(0, gone.text.length - (text.length - cursor)) + text.slice(cursor);
    assert.equal(gone.text, left);
    assert.ok(cursor === 0 ? gone.text === text : boundaries(text).includes(cursor), `${before}`);
  }));
});
