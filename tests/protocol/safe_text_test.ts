import assert from "node:assert/strict";
import fc from "fast-check";
import { safeJson, safeLabel, safeText } from "../../protocol/safe_text.ts";

// deno-lint-ignore no-control-regex -- the output must have no control characters
const ACTING = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

/** A surrogate that has no partner. */
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

const SAMPLES: readonly (readonly [what: string, text: string, safe: string])[] = [
  ["plain text", "Grüße, 世界!", "Grüße, 世界!"],
  ["a colour", "\u001b[31mred\u001b[0m", "␛[31mred␛[0m"],
  ["a line feed", "one\ntwo\r\n", "one␊two␍␊"],
  ["a tab", "a\tb", "a b"],
  ["a delete", "a\u007fb", "a␡b"],
  ["a C1 sequence", "\u009b2J", "\\u{9b}2J"],
  ["an override", "abc\u202etxt.exe", "abc\\u{202e}txt.exe"],
  ["an isolate", "\u2067a\u2069", "\\u{2067}a\\u{2069}"],
  ["a zero-width space", "pay\u200bpal", "pay\\u{200b}pal"],
  ["a line separator", "a\u2028b", "a\\u{2028}b"],
  ["half a surrogate pair", "a\ud800b", "a\\u{d800}b"],
  ["a family of emoji", "👩‍❤️‍👩", "👩‍❤️‍👩"],
  ["Vietnamese, decomposed", "Tiê\u0323ng", "Tiê\u0323ng"],
  ["300 marks", `e${"\u0301".repeat(300)}`, `e${"\u0301".repeat(8)}[+292 marks]`],
  ["300 joiners", `e${"\u200d".repeat(300)}`, `e${"\u200d".repeat(8)}[+292 marks]`],
];

for (const [what, text, safe] of SAMPLES) {
  Deno.test(`safeText shows ${what}`, () => assert.equal(safeText(text), safe));
}

const hostile = fc.array(
  fc.oneof(
    fc.constantFrom("\u001b]0;x\u0007", "\u202e", "\u0085", "\u0301\u0301\u0301\u0301", "\u2066"),
    fc.string({ unit: "binary" }),
    fc.nat(0xffff).map((unit) => String.fromCharCode(unit)),
  ),
  { maxLength: 20 },
).map((parts) => parts.join(""));

Deno.test("safeText leaves no character that acts on a terminal", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const safe = safeText(text);
      assert.doesNotMatch(safe, ACTING);
      assert.doesNotMatch(safe, LONE);
      assert.doesNotMatch(safe, /[\p{M}\u200c\u200d]{9}/u);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("safeJson changes no value, and leaves no character that acts on a terminal", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const json = safeJson({ text });
      assert.equal(JSON.parse(json).text, text);
      assert.doesNotMatch(json, ACTING);
      assert.doesNotMatch(json, /[\p{M}\u200c\u200d]{9}/u);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("safeLabel cuts what is too long", () => {
  assert.equal(safeLabel("short", 5), "short");
  assert.equal(safeLabel("longer", 5), "longe…");
  assert.ok(safeLabel("\u001b".repeat(1_000_000), 10).length <= 11);
});
