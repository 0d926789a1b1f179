import assert from "node:assert/strict";
import { QUICK } from "../../bench/harness/settings.ts";
import type { Load } from "../../bench/measures/fan_out.ts";
import { report, type Results, type Run } from "../../bench/report.ts";

const RUN: Run = {
  date: "2026-11-20 12:00 UTC",
  processor: "2 × test",
  memory: "1 GiB",
  system: "Linux",
  runtime: "Deno",
  load: 0,
  minutes: 1,
  placement: "All share the processors.",
};

const NOTHING: Results = {
  fanOut: new Map(),
  roundTrips: new Map(),
  throughput: new Map(),
  memory: new Map(),
  signIns: new Map(),
  churn: new Map(),
  starts: [],
  remains: [],
  floods: new Map(),
};

function fanOut(cpu: number, p99: number) {
  const load: Load = { cpu, deliveries: 1000, serverShare: 0.5, loadShare: 0.5, dropped: 3 };
  return { steady: { ...load, p50: 1, p99 }, saturated: load };
}

Deno.test("report says what was asked for, and whether it was met", () => {
  const text = report(
    {
      ...NOTHING,
      fanOut: new Map([[
        100,
        new Map([
          ["floor", [fanOut(10, 4), fanOut(30, 4), fanOut(20, 4)]],
          ["quiche", [fanOut(32, 1)]],
          ["sotto-builtin", [fanOut(31, 9)]],
        ]),
      ]]),
    },
    QUICK,
    RUN,
  );
  const line = (of: string) => text.split("\n").find((each) => each.includes(of)) ?? "";
  assert.match(line("quiche bare: CPU of the floor's, at a pace, 100"), /1\.6× \| 1\.60× \| yes/);
  assert.match(
    line("Sotto on builtin: CPU of the floor's, at a pace"),
    /1\.5× \| 1\.55× \| \*\*no/,
  );
  assert.match(line("Sotto on builtin: p99 of the floor's"), /2× \| 2\.25× \| \*\*no/);
});

Deno.test("report says how soon a client can be typed at, and whether that is soon enough", () => {
  const text = report(
    { ...NOTHING, starts: [{ ui: "interface", times: [250, 410.4, 240, 410.4, 600] }] },
    QUICK,
    RUN,
  );
  assert.match(text, /interface: from its start .* \| 400 ms \| 410 ms \| \*\*no/);
  assert.match(text, /\| A client with its interface \| 410 ms \| 240 ms \| 600 ms \| 5 \|/);
});

Deno.test("report says what others notice of a flood, as a ratio of medians", () => {
  const window = (p99: number) => ({ p50: 1, p99, late: 0.5, unanswered: 0 });
  const rate = { requests: 1_234, connections: 0.5, signedIn: 0 };
  const pair = (quiet: number, flooded: number) => ({
    quiet: window(quiet),
    flooded: window(flooded),
    rate,
  });
  const floods = new Map([["joins", [pair(2, 5), pair(4, 100), pair(3, 12)]] as const]);
  const text = report(
    { ...NOTHING, floods: new Map([["sotto-quiche", [floods]]]) },
    QUICK,
    RUN,
  );
  assert.match(text, /flood of joins and leaves, of its quiet value \| 3× \| 4\.00× \| \*\*no/);
  assert.match(text, /\| 3\.0 ms \| 12\.0 ms \| 4\.00× \| 2\.5, 4\.0, 25\.0 \|.* 1,234 \| 0\.5 \|/);
});

Deno.test("report leaves out what was not measured", () => {
  const text = report(NOTHING, QUICK, RUN);
  assert.match(text, /^# Results/);
  assert.ok(!text.includes("\n## "), text);
  assert.ok(!text.includes("NaN"), text);
});
