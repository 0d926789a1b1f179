import assert from "node:assert/strict";
import { describe, LOG_LEVELS, makeLogger } from "../../server/log.ts";
import type { LogFormat, LogLevel } from "../../server/log.ts";

function setUp(level: LogLevel = "debug", format: LogFormat = "text") {
  const lines: string[] = [];
  const log = makeLogger({ level, format, now: () => 0, write: (line) => lines.push(line) });
  return { log, lines };
}

Deno.test("makeLogger() writes one line for an event, as text", () => {
  const { log, lines } = setUp();
  log.info("signed_in", { user: "ann", peer: "192.0.2.1", created: true, left: undefined });
  log.error("internal", { error: 'Error: it said "no"' });
  assert.deepEqual(lines, [
    "1970-01-01T00:00:00.000Z info  signed_in user=ann peer=192.0.2.1 created=true",
    '1970-01-01T00:00:00.000Z error internal error="Error: it said \\"no\\""',
  ]);
});

Deno.test("makeLogger() writes one line for an event, as JSON", () => {
  const { log, lines } = setUp("debug", "json");
  log.debug("closed", { code: 256, reason: "" });
  assert.deepEqual(lines.map((line) => JSON.parse(line)), [
    { time: "1970-01-01T00:00:00.000Z", level: "debug", event: "closed", code: 256, reason: "" },
  ]);
});

Deno.test("makeLogger() leaves out what is below its level", () => {
  for (const [index, level] of LOG_LEVELS.entries()) {
    const { log, lines } = setUp(level);
    for (const one of ["error", "warn", "info", "debug"] as const) log[one]("event");
    assert.equal(lines.length, Math.min(index + 1, 4));
    assert.deepEqual(LOG_LEVELS.filter((one) => log.writes(one)), LOG_LEVELS.slice(0, index + 1));
  }
});

for (const format of ["text", "json"] as const) {
  Deno.test(`makeLogger() writes nothing that a terminal would act on, as ${format}`, () => {
    const { log, lines } = setUp("debug", format);
    const hostile = "\u001b[31m\u0007\r\n\u0000\u007f\u009b\u202e\u2066\u200f\u2028\ufeff end";
    log.warn("closed", { reason: hostile });
    const [line = ""] = lines;
    const unsafe = [...hostile].filter((character) =>
      line.includes(character) && character !== " "
    );
    assert.deepEqual(unsafe.join(""), "[31mend");
    assert.match(line, /\\u001b\[31m.* end/);
    if (format === "json") assert.equal(JSON.parse(line).reason, hostile);
  });
}

Deno.test("describe() says what an error is, and what is thrown otherwise", () => {
  assert.equal(describe(new TypeError("no such thing")), "TypeError: no such thing");
  assert.equal(describe("thrown"), "thrown");
});
