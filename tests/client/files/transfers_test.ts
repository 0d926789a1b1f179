import assert from "node:assert/strict";
import { RefusedError } from "../../../client/session/refused_error.ts";
import type { ChatEvent } from "../../../client/events.ts";
import { Transfers } from "../../../client/files/transfers.ts";
import { EventQueue } from "../../../client/event_queue.ts";
import { FakeClock, settle } from "../../helpers/fake_clock.ts";

const NOTHING = Promise.resolve();
const NO_SESSION = { connection: undefined, next: () => Promise.resolve(undefined) };

class Scene {
  readonly clock = new FakeClock();
  readonly events: ChatEvent[] = [];
  readonly passages = new Transfers({
    clock: this.clock,
    random: () => 0,
    events: { put: (event) => event !== undefined && void this.events.push(event) },
    session: NO_SESSION,
  });
  readonly started: number[] = [];
  readonly ends = new Map<number, (done: boolean) => void>();

  start(number: number, before: Promise<void> = NOTHING): Promise<void> {
    const way = {
      number,
      direction: "up",
      conversation: "room:general",
      name: `file ${number}`,
      size: 1000,
    } as const;
    return this.passages.start(way, before, (passage) => {
      this.started.push(number);
      passage.name(`ID ${number}`);
      passage.moved(10);
      passage.signal.addEventListener("abort", () => this.ends.get(number)?.(false));
      return new Promise((resolve) => this.ends.set(number, resolve));
    });
  }
}

Deno.test("Passages lets three move at once, and refuses the thirty-third", async () => {
  const scene = new Scene();
  const { passages, started, ends, events } = scene;
  const all = Array.from({ length: 32 }, (_, index) => scene.start(index + 1));
  assert.throws(() => passages.checkRoom(1), (failure) => {
    return failure instanceof RefusedError && failure.code === "too_many_files";
  });
  await settle();
  assert.deepEqual(started, [1, 2, 3]);
  assert.equal(events.filter(({ event }) => event === "notice").length, 29);
  ends.get(2)?.(true);
  await settle();
  assert.deepEqual(started, [1, 2, 3, 4]);
  passages.checkRoom(1);
  passages.stop();
  await Promise.all(all);
  assert.deepEqual(started, [1, 2, 3, 4], "who waited is not begun any more");
  assert.equal(events.filter(({ event }) => event === "error").length, 31);
  assert.equal(passages.size, 0);
  assert.equal(passages.moved, 40);
});

Deno.test("Passages begins one after another where that is asked for", async () => {
  const scene = new Scene();
  const first = scene.start(1);
  const second = scene.start(2, first);
  await settle();
  assert.deepEqual(scene.started, [1]);
  scene.ends.get(1)?.(true);
  await first;
  await settle();
  assert.deepEqual(scene.started, [1, 2]);
  await scene.passages.end(2);
  await second;
  const [error] = scene.events.filter((event) => event.event === "error");
  assert.deepEqual([error?.code, error?.id], ["stopped", "ID 2"]);
  assert.match(error?.message ?? "", /^file 2 is not across\. \/send it again/);
});

Deno.test("Passages finds one by its number, its ID, or as the newest", async () => {
  const scene = new Scene();
  void scene.start(1);
  void scene.start(2);
  await settle();
  const { passages } = scene;
  assert.equal(passages.find("1").way.number, 1);
  assert.equal(passages.find("ID 2").way.number, 2);
  assert.equal(passages.find(undefined).way.number, 2);
  assert.throws(() => passages.find("3"), RefusedError);
  passages.stop();
  await passages.idle();
  assert.throws(() => passages.find(undefined), RefusedError);
});

Deno.test("Passage tells how far it is no faster than it is read", async () => {
  const clock = new FakeClock();
  const events = new EventQueue();
  const passages = new Transfers({ clock, random: () => 0, events, session: NO_SESSION });
  const way = {
    number: 1,
    direction: "down",
    conversation: "room:general",
    name: "file",
    size: 1000,
  } as const;
  await passages.start(way, NOTHING, async (passage) => {
    passage.name("ID");
    passage.begun(100);
    for (let step = 0; step < 8; step++) {
      await clock.pass(1000);
      passage.moved(100);
    }
    passage.moved(100);
    passage.arrived("/where");
    return true;
  });
  events.end();
  const told: ChatEvent[] = [];
  for await (const event of events) told.push(event);
  assert.deepEqual(told.map(({ event }) => event), ["progress", "file"]);
  const [first, last] = told;
  assert.deepEqual(first, { event: "progress", ...way, id: "ID", transferred: 100, rate: 0 });
  assert.deepEqual(last, { event: "file", ...way, id: "ID", path: "/where" });
});
