import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { MAX_BYTES, numberedName, safeFileName } from "../../../client/files/safe_file_name.ts";
import { safeText } from "../../../protocol/safe_text.ts";

const NAMES: readonly (readonly [given: string, name: string])[] = [
  ["plan.pdf", "plan.pdf"],
  ["Übersicht (2).tar.gz", "Übersicht (2).tar.gz"],
  ["../../etc/passwd", "passwd"],
  ["..\\..\\windows\\win.ini", "win.ini"],
  ["/etc/passwd", "passwd"],
  ["folder/", "file"],
  ["..", "file"],
  [".", "file"],
  ["", "file"],
  [" . . ", "file"],
  [".bashrc", "bashrc"],
  ["..\u200b.bashrc", "bashrc"],
  ["a\u202egpj.exe", "agpj.exe"],
  ["a\0b", "ab"],
  ["a\nb\x1b[2Jc", "a b[2Jc"],
  ["\x9b31mred", "31mred"],
  ["CON", "_CON"],
  ["con.txt", "_con.txt"],
  ["Nul .txt", "_Nul .txt"],
  ["com1", "_com1"],
  ["console.log", "console.log"],
  ["what?*.txt", "what__.txt"],
  ["file.txt:stream", "file.txt_stream"],
  ["-rf", "rf"],
  ["trailing. . ", "trailing"],
  ["spaces\u00a0 \u3000here", "spaces here"],
  ["e\u0301", "\u00e9"],
  ["می\u200cخواهم.txt", "می\u200cخواهم.txt"],
  [`${"ä".repeat(300)}.jpeg`, `${"ä".repeat(97)}.jpeg`],
  ["x".repeat(500), "x".repeat(200)],
  [`x.${"y".repeat(300)}`, `x.${"y".repeat(198)}`],
];

for (const [given, name] of NAMES) {
  Deno.test(`safeFileName makes ${JSON.stringify(given.slice(0, 20))} safe`, () => {
    assert.equal(safeFileName(given), name);
  });
}

Deno.test("safeFileName leaves eight marks of three hundred on one character", () => {
  assert.equal([...safeFileName(`x${"\u0323".repeat(300)}.txt`)].length, "x.txt".length + 8);
});

const odd = fc.constantFrom(
  ...["/", "\\", "..", ".", " ", "\0", "\u202e", "\u200d", "\u0301", "\u0323\u0307", "con", "NUL"],
  ...["-", ":", "a", "\u1100", "\u1161", "ä", "\ud800", "\u2028", ".txt", "com1", "💾", "~", "$"],
);
const anyName = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.oneof(odd, odd, fc.string({ unit: "binary", maxLength: 3 })), { maxLength: 300 })
    .map((parts) => parts.join("")),
);

Deno.test("safeFileName never leaves the folder, whatever it is given", () => {
  const folder = join("/", "home", "ann", "Downloads");
  fc.assert(
    fc.property(anyName, fc.integer({ min: 0, max: 999 }), (given, number) => {
      for (const name of [safeFileName(given), numberedName(safeFileName(given), number)]) {
        assert.equal(dirname(join(folder, name)), folder);
        assert.doesNotMatch(name, /[/\\\0]/);
        assert.doesNotMatch(name, /^[.\s-]|[.\s]$/);
        assert.notEqual(name, "");
        assert.doesNotMatch(name, /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
        assert.ok(name.isWellFormed());
        assert.equal(safeText(name), name, "what is shown is what is written");
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("safeFileName keeps to its length and to what it gave before", () => {
  fc.assert(
    fc.property(anyName, (given) => {
      const name = safeFileName(given);
      assert.ok(new TextEncoder().encode(name).length <= MAX_BYTES);
      assert.equal(safeFileName(name), name);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("numberedName counts before the extension", () => {
  assert.equal(numberedName("plan.pdf", 0), "plan.pdf");
  assert.equal(numberedName("plan.pdf", 2), "plan (2).pdf");
  assert.equal(numberedName("plan", 1), "plan (1)");
});
