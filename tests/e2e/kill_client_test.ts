/**
 * A client is killed with SIGKILL in the middle of 200 messages, and started again: whoever listens
 * has each of the messages that it was told are stored once, and in order.
 */
import assert from "node:assert/strict";
import { eventsOf, Sandbox } from "../helpers/sandbox.ts";
import type { Program } from "../helpers/program.ts";

const LINES = Array.from({ length: 200 }, (_, index) => `line ${index + 1}`);
/** After how many acknowledgements of its own a client is killed; the last one is left alone. */
const LIVES = [40, 60, Infinity];

/** What a client has said and was told is stored, in that order. What it was printing is torn. */
function acknowledged(client: Program): string[] {
  const whole = client.lines.filter((line) => line.endsWith("}"));
  const events = eventsOf({ lines: whole });
  const texts = new Map(
    events.filter(({ event }) => event === "sending").map(({ id, text }) => [id, `${text}`]),
  );
  return events.filter(({ event }) => event === "ack").map(({ id }) => texts.get(id) ?? "nothing");
}

Deno.test("sotto client: delivers what was acknowledged once and in order although it was killed", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const bob = await sandbox.signIn("bob", server);
  const told: string[] = [];
  let next = 0;
  for (const enough of LIVES) {
    const ann = await sandbox.signIn("ann", server);
    for (let said = 0; next < LINES.length && acknowledged(ann).length < enough;) {
      ann.writeLine(LINES[next++] ?? "");
      said++;
      const few = said - 10;
      await ann.until("acknowledgements", () => acknowledged(ann).length >= few);
    }
    if (enough === Infinity) {
      ann.end();
      assert.equal(await ann.exit(), 0, ann.stderr);
    } else {
      // Whether these are stored stays unknown.
      for (const line of LINES.slice(next, next += 20)) ann.writeLine(line);
      ann.kill("SIGKILL");
      assert.equal(await ann.exit(), "SIGKILL");
    }
    told.push(...acknowledged(ann));
  }
  assert.equal(told.at(-1), LINES.at(-1));
  await bob.event({ event: "message", text: LINES.at(-1) });
  const heard = eventsOf(bob).filter(({ event }) => event === "message").map(({ text }) => text);
  assert.deepEqual(heard.filter((text) => told.includes(`${text}`)), told);
  // What was not acknowledged may have been stored as well, in its place and not twice.
  const stored = new Set(heard);
  assert.deepEqual(heard, LINES.filter((line) => stored.has(line)));
});
