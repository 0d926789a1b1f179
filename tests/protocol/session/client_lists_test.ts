/** Lists that come in several frames: the client's session counts what has not ended. */
import assert from "node:assert/strict";
import { encodeFrame } from "../../../protocol/codec.ts";
import type { ServerFrames } from "../../../protocol/frame.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import type { ClientSession } from "../../../protocol/session/client.ts";
import { clientIn, START } from "../../helpers/sessions.ts";

/** A part of a list, of about 32 KiB, with the length before it. */
function listPart(fields: Partial<ServerFrames["users"]>): Uint8Array {
  const users = Array.from({ length: LIMITS.list }, (_, number) => ({
    number: number + 1,
    name: `a${number}`.padEnd(32, "x"),
    status: "normal" as const,
  }));
  return encodeFrame({ type: "users", users, more: true, ...fields }).subarray(4);
}

/** How many such parts the session takes before it closes; at most `most`. */
function partsTaken(session: ClientSession, next: (part: number) => Uint8Array, most = 1000) {
  for (let part = 0; part < most; part++) {
    const output = session.handleBody(next(part), START);
    if (output.type !== "close") continue;
    assert.deepEqual([output.by, output.code, output.close], ["client", "list_too_long", 0x10d]);
    assert.match(output.message, /list/);
    return part;
  }
  return most;
}

Deno.test("ClientSession ends a session in which a list does not end", () => {
  const part = listPart({});
  const most = Math.floor(LIMITS.lists / part.length);
  assert.equal(partsTaken(clientIn("AUTHENTICATED"), () => part), most);
  const asking = clientIn("AUTHENTICATED");
  const { id } = asking.request({ type: "who" }, START);
  const answer = listPart({ re: id });
  assert.equal(partsTaken(asking, () => answer), Math.floor(LIMITS.lists / answer.length));
});

Deno.test("ClientSession counts all unfinished lists together, those that failed among them", () => {
  const session = clientIn("AUTHENTICATED");
  let taken = 0;
  while (taken < 1000) {
    const { id: re } = session.request({ type: "who" }, START);
    const output = session.handleBody(listPart({ re }), START);
    if (output.type === "close") break;
    session.handleFrame({ type: "error", re, code: "busy", message: "" }, START);
    taken++;
  }
  assert.equal(taken, Math.floor(LIMITS.lists / listPart({ re: 100 }).length));
});

Deno.test("ClientSession takes any number of lists that end, and forgets those of before a resync", () => {
  const session = clientIn("AUTHENTICATED");
  const ends = (part: number) => listPart({ more: part % 50 !== 0 });
  assert.equal(partsTaken(session, ends, 500), 500);
  const restarts = clientIn("AUTHENTICATED");
  for (let round = 0; round < 5; round++) {
    assert.equal(partsTaken(restarts, () => listPart({}), 100), 100);
    restarts.handleFrame({ type: "resync" }, START);
  }
});
