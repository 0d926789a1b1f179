import assert from "node:assert/strict";
import { wordsOf } from "../../../server/store/words.ts";

for (
  const [text, words] of [
    ["Hello, wörld!", ["hello", "world"]],
    ["e-mail a*b x\u0000y", ["e", "mail", "a", "b", "x", "y"]],
    ["ΟΔΟΣ οδος", ["οδοσ", "οδοσ"]],
    ["\u212Aelvin 1,5 km²", ["kelvin", "1", "5", "km²"]],
    ["नमस्ते", ["नमस्ते"]],
    ["👍 \n\u0301 …", []],
    ["", []],
  ] as const
) {
  Deno.test(`wordsOf() folds the words of ${JSON.stringify(text)}`, () => {
    assert.deepEqual(wordsOf(text), words);
  });
}
