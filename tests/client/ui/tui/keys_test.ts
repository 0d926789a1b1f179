import assert from "node:assert/strict";
import fc from "fast-check";
import { type Key, KeyDecoder } from "../../../../client/ui/tui/keys.ts";

function decode(...chunks: string[]): Key[] {
  const decoder = new KeyDecoder();
  return chunks.flatMap((chunk) => decoder.push(chunk));
}

const names = (text: string) => decode(text).map((key) => key.type === "key" ? key.name : key.type);

Deno.test("KeyDecoder knows the keys that terminals send", () => {
  assert.deepEqual(names("\r\n\t\u007f\b"), ["Enter", "Enter", "Tab", "Backspace", "Backspace"]);
  assert.deepEqual(names("\u0001\u0005\u000b\u0019"), ["C-a", "C-e", "C-k", "C-y"]);
  assert.deepEqual(names("\u001b[A\u001b[B\u001b[C\u001b[D"), ["Up", "Down", "Right", "Left"]);
  assert.deepEqual(names("\u001bOA\u001bOH\u001bOF\u001b[H"), ["Up", "Home", "End", "Home"]);
  assert.deepEqual(names("\u001b[3~\u001b[1~\u001b[4~"), ["Delete", "Home", "End"]);
  assert.deepEqual(names("\u001b[1;5C\u001b[1;3D\u001b[Z"), ["C-Right", "M-Left", "S-Tab"]);
  assert.deepEqual(names("\u001bb\u001bF\u001b\u007f\u001b\r"), [
    "M-b",
    "M-f",
    "M-Backspace",
    "M-Enter",
  ]);
});

Deno.test("KeyDecoder gives text as it is, and leaves out what is no key", () => {
  assert.deepEqual(decode("añ日👨‍👩‍👧"), [{ type: "text", text: "añ日👨‍👩‍👧" }]);
  assert.deepEqual(decode("a\u0085\u001b[15~\u001b[<0;1;1M\u0000b"), [
    { type: "text", text: "a" },
    { type: "text", text: "b" },
  ]);
});

Deno.test("KeyDecoder takes a paste as one, with line feeds, whatever it contains", () => {
  const paste = "\u001b[200~one\r\ntwo\rthree\u001b[A\u001b[201~x";
  assert.deepEqual(decode(paste), [
    { type: "paste", text: "one\ntwo\nthree\u001b[A" },
    { type: "text", text: "x" },
  ]);
});

Deno.test("KeyDecoder cuts a paste that has no end in sight", () => {
  const decoder = new KeyDecoder();
  decoder.push("\u001b[200~");
  for (let piece = 0; piece < 200; piece++) decoder.push("x".repeat(1000));
  const [key] = decoder.push("\u001b[201~");
  assert.equal(key?.type === "paste" && key.text.length, 64 * 1024);
});

Deno.test("KeyDecoder tells whether the window has the focus", () => {
  assert.deepEqual(decode("\u001b[O\u001b[I"), [
    { type: "focus", focused: false },
    { type: "focus", focused: true },
  ]);
});

Deno.test("KeyDecoder waits for what follows an escape, until it is told that nothing does", () => {
  const decoder = new KeyDecoder();
  assert.deepEqual(decoder.push("\u001b"), []);
  assert.ok(decoder.pending);
  assert.deepEqual(decoder.flush(), [{ type: "key", name: "Escape" }]);
  assert.ok(!decoder.pending);
  assert.deepEqual(decoder.push("\u001b["), []);
  assert.deepEqual(decoder.flush(), [
    { type: "key", name: "Escape" },
    { type: "text", text: "[" },
  ]);
});

Deno.test("KeyDecoder is not led astray by a sequence without an end", () => {
  assert.ok(decode(`\u001b[${"1;".repeat(1000)}`, "hello").length > 0);
});

Deno.test("KeyDecoder gives the same keys however the input is torn apart", () => {
  const pieces = ["a", "日", "\r", "\u001b[A", "\u001b[1;5C", "\u001bOB", "\u001bf", "\u0001"];
  const pasted = "\u001b[200~x\ny\u001b[201~";
  const input = fc.array(fc.constantFrom(...pieces, pasted)).map((all) => all.join(""));
  const joined = (keys: Key[]) =>
    keys.reduce<Key[]>((sum, key) => {
      const last = sum.at(-1);
      if (key.type !== "text" || last?.type !== "text") return [...sum, key];
      return [...sum.slice(0, -1), { type: "text", text: last.text + key.text }];
    }, []);
  fc.assert(fc.property(input, (input) => {
    assert.deepEqual(joined(decode(...input)), joined(decode(input)));
  }));
});
