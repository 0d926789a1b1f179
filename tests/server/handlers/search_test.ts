import assert from "node:assert/strict";
import { dmOf, GENERAL } from "../../../protocol/names.ts";
import { ulidOf } from "../../helpers/messages.ts";
import type { TestPeer } from "../../helpers/peer.ts";
import { inShort } from "../../helpers/test_session.ts";
import { startSocketless } from "../../helpers/socketless.ts";

async function find(peer: TestPeer, words: string, limit = 100): Promise<string[]> {
  const frames = await peer.fetch({ type: "search", words, limit });
  return frames.map((frame) => frame.type === "end" ? `end, more: ${frame.more}` : inShort(frame));
}

Deno.test("search() finds what was said a moment ago, in all that one may read, newest first", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const bob = await server.signIn("bob");
  const eve = await server.signIn("eve");
  await ann.say(GENERAL, ulidOf(1), "the cake is in the drawer");
  await ann.say(dmOf("ann", "bob"), ulidOf(2), "Cake? Which cake?");
  await ann.next("ack");
  await ann.next("ack");
  assert.deepEqual(await find(bob, "cake"), [
    "message 1 ann: Cake? Which cake?",
    "message 1 ann: the cake is in the drawer",
    "end, more: false",
  ]);
  assert.deepEqual(await find(eve, " cake \t DRAWER "), [
    "message 1 ann: the cake is in the drawer",
    "end, more: false",
  ]);
  assert.deepEqual(await find(eve, "cake which"), ["end, more: false"]);
});

Deno.test("search() stops at the limit, and says that there may be more", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  for (let number = 1; number <= 60; number++) {
    await ann.say(GENERAL, ulidOf(number), `no ${number}`);
  }
  for (let number = 1; number <= 60; number++) await ann.next("ack");
  const found = await find(ann, "no", 50);
  assert.deepEqual(found.slice(0, 2), ["message 60 ann: no 60", "message 59 ann: no 59"]);
  assert.deepEqual(found.slice(-2), ["message 11 ann: no 11", "end, more: true"]);
  assert.equal((await find(ann, "no", 60)).length, 61);
});

for (
  const [what, words] of [
    ["nothing", ""],
    ["blanks", " \t\n "],
    ["no letter and no digit", '* " ( ) - :'],
    ["too many words", "x ".repeat(17)],
    ["too much", "ü".repeat(129)],
  ] as const
) {
  Deno.test(`search() refuses ${what}, and says what would do`, async () => {
    await using server = await startSocketless();
    const ann = await server.signIn("ann");
    const [error, ...rest] = await ann.fetch({ type: "search", words, limit: 10 });
    assert.ok(error?.type === "error" && rest.length === 0);
    assert.equal(error.code, "bad_search");
    assert.match(error.message, /Give 1 to 16 words/);
    assert.deepEqual(await find(ann, "still here"), ["end, more: false"]);
  });
}
