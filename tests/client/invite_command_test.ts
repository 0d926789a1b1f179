/** `/invite`, as it is typed: `commands/commands_test.ts` has the other commands. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseLine } from "../../client/commands/commands.ts";
import type { Intent } from "../../client/events.ts";
import { LIMITS, TIMES } from "../../protocol/limits.ts";
import { formatIntent } from "../helpers/format_intent.ts";

const HOUR = 60 * 60 * 1000;

Deno.test("parseLine reads /invite with how many people and for how long", () => {
  const lines: [line: string, intent: Intent][] = [
    ["/invite", { type: "invite" }],
    ["/invite 20", { type: "invite", uses: 20 }],
    ["/invite 12H", { type: "invite", lifetime: 12 * HOUR }],
    ["/invite 1000 30d", { type: "invite", uses: 1000, lifetime: 30 * 24 * HOUR }],
  ];
  for (const [line, intent] of lines) {
    assert.deepEqual(parseLine(line), { type: "intent", intent }, line);
  }
});

Deno.test("parseLine refuses an /invite that the server would refuse", () => {
  for (const rest of ["0", "1001", "ann", "1 367d", "1 1d 1", "-1", "1 0d", "1d 1"]) {
    const parsed = parseLine(`/invite ${rest}`);
    assert.ok(parsed.type === "error" && parsed.code === "bad_command", rest);
    assert.match(parsed.message, /\/invite \[N\] \[SPAN\].*1 to 1000.*12h or 30d/);
  }
});

Deno.test("formatIntent writes an invite that parseLine reads", () => {
  const spans = fc.integer({ min: 1, max: TIMES.invite / 60_000 }).map((minutes) =>
    minutes * 60_000
  );
  const uses = fc.integer({ min: 1, max: LIMITS.inviteUses });
  const invites = fc.record(
    { type: fc.constant("invite" as const), uses, lifetime: spans },
    { requiredKeys: ["type"] },
  );
  fc.assert(fc.property(invites, (intent) => {
    assert.deepEqual(parseLine(formatIntent(intent)), { type: "intent", intent: { ...intent } });
  }));
});
