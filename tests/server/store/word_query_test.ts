import assert from "node:assert/strict";
import { WordQuery } from "../../../server/store/word_query.ts";

Deno.test("WordQuery matches texts that have all words, whole, in any order", () => {
  const query = new WordQuery(["red", "Apple"]);
  assert.deepEqual(query.words, ["apple", "red"]);
  for (const text of ["red apple", "An APPLE: réd."]) assert.ok(query.matches(text), text);
  for (const text of ["red", "apple", "red apples", "bored apple", ""]) {
    assert.ok(!query.matches(text), text);
  }
});

Deno.test("WordQuery matches the parts of a phrase only one after the other", () => {
  const query = new WordQuery(["e-mail"]);
  assert.deepEqual(query.words, ["mail", "e"]);
  assert.ok(query.matches("my E. mail"));
  assert.ok(!query.matches("mail e"));
  assert.ok(!query.matches("e or mail"));
});

Deno.test("WordQuery names each word once, and none where there is none", () => {
  assert.deepEqual(new WordQuery(["a-b", "b", "A"]).words, ["a", "b"]);
  assert.deepEqual(new WordQuery(["-", "\u0000"]).words, []);
});
