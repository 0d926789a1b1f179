import assert from "node:assert/strict";
import fc from "fast-check";
import { formatSize, parseSize } from "../../protocol/size.ts";

Deno.test("parseSize reads what people write", () => {
  const sizes: readonly (readonly [text: string, bytes: number])[] = [
    ["0", 0],
    ["500", 500],
    ["500B", 500],
    ["500K", 500 * 1024],
    ["10M", 10 * 1024 ** 2],
    ["10m", 10 * 1024 ** 2],
    ["10Mi", 10 * 1024 ** 2],
    ["10MiB", 10 * 1024 ** 2],
    ["10MB", 10_000_000],
    ["1.5 GiB", 1.5 * 1024 ** 3],
    ["1kB", 1000],
    ["1T", 1024 ** 4],
    [" 1G ", 1024 ** 3],
  ];
  for (const [text, bytes] of sizes) assert.equal(parseSize(text), bytes, text);
});

Deno.test("parseSize refuses what is no size", () => {
  const odd = ["", "M", "-1", "1e3", "1,5M", "10X", "10 M B", "0x10", "1.M", "NaN", "9".repeat(16)];
  for (const text of [...odd, "99999999T"]) assert.equal(parseSize(text), undefined, text);
});

Deno.test("parseSize reads what formatSize writes, but for its rounding", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 49 }), (bytes) => {
      const text = formatSize(bytes);
      assert.doesNotMatch(text, /^102[4-9]|^1\d{4}/, text);
      const read = parseSize(text) ?? NaN;
      assert.ok(Math.abs(read - bytes) <= bytes * 0.06, `${bytes}: ${text}`);
    }),
  );
});

Deno.test("formatSize rounds for reading", () => {
  const shown = [0, 1023, 1024, 1536, 1024 ** 2 - 1, 1024 ** 2, 12.34 * 1024 ** 2, 1024 ** 3];
  assert.deepEqual(shown.map(formatSize), [
    ...["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 MiB", "1.0 MiB", "12.3 MiB", "1.0 GiB"],
  ]);
});
