import assert from "node:assert/strict";
import { endingOf } from "../../client/ending.ts";

Deno.test("endingOf tells what is left behind", () => {
  const endings:
    readonly (readonly [unsent: number, unfinished: number, code: string, text: string])[] = [
      [0, 0, "left", "Left."],
      [1, 0, "unsent", "Left; 1 message could not be sent."],
      [
        ...[2, 3, "unsent"] as const,
        "Left; 2 messages could not be sent; 3 files were not transferred completely. Send or accept again to continue.",
      ],
      [
        0,
        1,
        "unfinished",
        "Left; 1 file was not transferred completely. Send or accept again to continue.",
      ],
    ];
  for (const [unsent, unfinished, code, message] of endings) {
    assert.deepEqual(endingOf({ unsent, unfinished }), { code, message });
  }
});
