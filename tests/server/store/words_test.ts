import assert from "node:assert/strict";
import { wordsOf } from "../../../server/store/words.ts";

for (
  const [text, words] of [
    ["Hello, wörld!", ["hello", "world"]],
    ["e-mail a*b x\u0000y", ["e", "mail", "a", "b", "x", "y"]],
    ["ΟΔΟΣ οδος", ["οδοσ", "οδοσ"]],
    ["\u212Aelvin 1,5 km²", ["kelvin", "1", "5", "km²"]],
    ["नमस्ते", ["नमस्ते"]],
    ["a\u0323\u0301 ạ́", ["a", "a"]],
    ["👍 \n\u0301 …", []],
    ["", []],
  ] as const
) {
  Deno.test(`wordsOf() folds the words of ${JSON.stringify(text)}`, () => {
    assert.deepEqual(wordsOf(text), words);
  });
}

Deno.test("wordsOf() keeps eight marks of a letter: sorting many would take long", () => {
  const marks = "\u0591".repeat(8);
  assert.deepEqual(wordsOf(`x${"\u0591".repeat(5_000)} y`), [`x${marks}`, "y"]);
  assert.deepEqual(wordsOf(`x${"\u0301\u0323".repeat(4_000)} y`), ["x", "y"]);
});
