import assert from "node:assert/strict";
import { Pacer } from "../../server/pacer.ts";
import { FakeClock, settle } from "../helpers/fake_clock.ts";

const MANY = 1024 * 1024;

function setUp() {
  const clock = new FakeClock(0);
  const turns: (() => void)[] = [];
  let unread = 0;
  const pacer = new Pacer({ clock, schedule: (turn) => turns.push(turn) });
  pacer.watch(() => unread);
  const done: string[] = [];
  const note = (name: string, waiting: Promise<void>) => void waiting.then(() => done.push(name));
  /** The next turn begins, so many milliseconds after the last. */
  const turn = async (ms = 0): Promise<string[]> => {
    clock.work(ms);
    for (const each of turns.splice(0)) each();
    await settle();
    return done.splice(0);
  };
  return { pacer, note, turn, turns, read: (bytes: number) => unread = bytes };
}

Deno.test("Pacer lets everything go on at the next turn while few datagrams wait", async () => {
  const { note, pacer, turn, turns } = setUp();
  for (const name of ["one", "two"]) note(name, pacer.caughtUp(10));
  assert.deepEqual(await turn(), ["one", "two"]);
  assert.equal(turns.length, 0);
});

Deno.test("Pacer lets what waits go on when the datagrams have been read, or after its time", async () => {
  const { note, pacer, read, turn } = setUp();
  read(MANY);
  note("short", pacer.caughtUp(10));
  note("long", pacer.caughtUp(1_000));
  assert.deepEqual(await turn(), []);
  assert.deepEqual(await turn(10), ["short"]);
  read(0);
  assert.deepEqual(await turn(), ["long"]);
});

Deno.test("Pacer lets one chunk go on in each turn, in the order in which they came", async () => {
  const { note, pacer, turn, turns } = setUp();
  for (const name of ["one", "two", "three"]) note(name, pacer.turn("chunk"));
  assert.deepEqual(await turn(), ["one"]);
  assert.deepEqual(await turn(), ["two"]);
  assert.deepEqual(await turn(), ["three"]);
  assert.equal(turns.length, 0);
});

Deno.test("Pacer lets a chunk go on now and then while the server is behind", async () => {
  const { note, pacer, read, turn } = setUp();
  read(MANY);
  for (const name of ["one", "two"]) note(name, pacer.turn("chunk"));
  assert.deepEqual(await turn(), ["one"]);
  assert.deepEqual(await turn(10), []);
  assert.deepEqual(await turn(10), ["two"]);
});

Deno.test("Pacer lets handshakes begin for half of the time, however long one takes", async () => {
  const { note, pacer, turn } = setUp();
  for (const name of ["one", "two"]) note(name, pacer.turn("handshake"));
  assert.deepEqual(await turn(), ["one"]);
  // The turn took four milliseconds, with the handshake in it.
  assert.deepEqual(await turn(4), []);
  assert.deepEqual(await turn(3), []);
  assert.deepEqual(await turn(1), ["two"]);
});
