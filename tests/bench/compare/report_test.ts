import assert from "node:assert/strict";
import type { Figures } from "../../../bench/compare/measure.ts";
import { EXPLANATION, table } from "../../../bench/compare/report.ts";

const QUIC: Figures = {
  firstHandshake: 12.345,
  handshake: 1.2345,
  reconnect: 123.45,
  message: { p50: 1, p99: 20, max: 300 },
  oneStream: 0.5,
  ownStream: 50,
  behindOne: { p50: 4, p99: 5, max: 6 },
  behindOwn: { p50: 7, p99: 8, max: 9 },
};

Deno.test("table has a row for each figure, and a column for each transport", () => {
  const rows = table({ quic: QUIC, tls: { ...QUIC, ownStream: 1234 } });
  const shown = rows.map((row) => row.trim().split(/\s{2,}/).slice(-2));
  assert.deepEqual(shown, [
    ["QUIC (UDP)", "TLS 1.3 (TCP)"],
    ["12.3 ms", "12.3 ms"],
    ["1.23 ms", "1.23 ms"],
    ["123 ms", "123 ms"],
    ["1.00 / 20.0 / 300 ms", "1.00 / 20.0 / 300 ms"],
    ["0.50 MB/s", "0.50 MB/s"],
    ["50.0 MB/s", "1234 MB/s"],
    ["4.00 / 5.00 / 6.00 ms", "4.00 / 5.00 / 6.00 ms"],
    ["7.00 / 8.00 / 9.00 ms", "7.00 / 8.00 / 9.00 ms"],
  ]);
  assert.equal(new Set(rows.map(({ length }) => length)).size, 1);
});

Deno.test("table keeps its columns apart when figures are long", () => {
  const slow = { p50: 12_345, p99: 123_456, max: 1_234_567 };
  const rows = table({ quic: { ...QUIC, behindOwn: slow }, tls: { ...QUIC, behindOwn: slow } });
  assert.deepEqual(rows.at(-1)?.trim().split(/\s{2,}/).slice(-2), [
    "12345 / 123456 / 1234567 ms",
    "12345 / 123456 / 1234567 ms",
  ]);
});

Deno.test("EXPLANATION explains each row, on lines that fit", () => {
  const numbered = (lines: readonly string[]) =>
    lines.flatMap((line) => /^(\d) /.exec(line)?.[1] ?? []);
  assert.deepEqual(numbered(EXPLANATION), numbered(table({ quic: QUIC, tls: QUIC })));
  for (const line of EXPLANATION) assert.ok(line.length <= 100, line);
});
