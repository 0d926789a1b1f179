import assert from "node:assert/strict";
import { makeCounts } from "../../../bench/soak/counts.ts";
import { soakReport } from "../../../bench/soak/report.ts";

const MIB = 1024 * 1024;
const HELD = { rss: 100 * MIB, heap: 20 * MIB, descriptors: 50 };
const SOAK = {
  engine: "builtin",
  minutes: 10,
  clients: 300,
  staying: 10,
  machine: { date: "2026-11-21", processor: "test", memory: "", system: "", runtime: "", load: 0 },
  samples: [],
  counts: makeCounts(),
  before: HELD,
  after: HELD,
  objects: new Map([["PeerConnection", 11]]),
  findings: [{ what: "descriptors", second: 50, last: 51, unit: "", isFlat: true }],
} as const;

Deno.test("soakReport passes what is flat and leaves nothing", () => {
  const { text, passed } = soakReport(SOAK);
  assert.ok(passed);
  assert.match(text, /^### builtin: flat\n/);
  assert.match(text, /\| descriptors \| 50\.0 \| 51\.0 \| yes \|/);
  assert.match(text, /No object of a connection was left/);
  assert.match(text, /Errors: none\./);
});

Deno.test("soakReport fails what is not flat, and what leaves connections", () => {
  const [finding] = SOAK.findings;
  const grown = soakReport({ ...SOAK, findings: [{ ...finding, isFlat: false }] });
  assert.ok(!grown.passed);
  assert.match(grown.text, /^### builtin: NOT flat\n/);
  const left = soakReport({ ...SOAK, objects: new Map([["PeerConnection", 12]]) });
  assert.ok(!left.passed);
  assert.match(left.text, /were left: 12 PeerConnection; 10 clients had stayed/);
});

Deno.test("soakReport tells apart what the addon is known to lose", () => {
  const sample = {
    ...{ minute: 0, heap: 0, descriptors: 0, present: 0, cpu: 0, p50: 0, p99: 0, unanswered: 0 },
  };
  const { text } = soakReport({
    ...SOAK,
    engine: "quiche",
    samples: [
      { ...sample, rss: 100 * MIB, lost: 0 },
      { ...sample, rss: 130 * MIB, lost: 24 * MIB },
    ],
  });
  assert.match(text, /has grown by 30\.0 MiB\. The QUIC addon lost 24\.0 MiB of that/);
});
