import assert from "node:assert/strict";
import type { ChatEvent } from "../../../client/events.ts";
import { Transfers } from "../../../client/files/transfers.ts";
import { RefusedError } from "../../../client/session/refused_error.ts";
import { FakeClock, settle } from "../../helpers/fake_clock.ts";

const NOTHING = Promise.resolve();
const NO_SESSION = { connection: undefined, next: () => Promise.resolve(undefined) };

class Scene {
  readonly events: ChatEvent[] = [];
  readonly transfers = new Transfers({
    clock: new FakeClock(),
    random: () => 0,
    events: { put: (event) => event !== undefined && void this.events.push(event) },
    session: NO_SESSION,
  });
  readonly started: number[] = [];
  readonly ends = new Map<number, (done: boolean) => void>();

  start(number: number, previous: Promise<void> = NOTHING): Promise<void> {
    const info = {
      number,
      direction: "up",
      conversation: "room:general",
      name: `file ${number}`,
      size: 1000,
    } as const;
    return this.transfers.start(info, previous, (transfer) => {
      this.started.push(number);
      transfer.identify(`ID ${number}`);
      transfer.addHashed(10);
      transfer.signal.addEventListener("abort", () => this.ends.get(number)?.(false));
      return new Promise((resolve) => this.ends.set(number, resolve));
    });
  }
}

Deno.test("Transfers lets three move at once, and refuses the thirty-third", async () => {
  const scene = new Scene();
  const { transfers, started, ends, events } = scene;
  const all = Array.from({ length: 32 }, (_, index) => scene.start(index + 1));
  assert.throws(() => transfers.checkRoom(1), (failure) => {
    return failure instanceof RefusedError && failure.code === "too_many_files";
  });
  assert.throws(() => scene.start(33), /Broken invariant: transfers are bounded/);
  await settle();
  assert.deepEqual(started, [1, 2, 3]);
  assert.equal(events.filter(({ event }) => event === "notice").length, 29);
  ends.get(2)?.(true);
  await settle();
  assert.deepEqual(started, [1, 2, 3, 4]);
  transfers.checkRoom(1);
  transfers.close();
  await Promise.all(all);
  assert.deepEqual(started, [1, 2, 3, 4], "those that wait do not start");
  assert.equal(events.filter(({ event }) => event === "error").length, 31);
  assert.equal(transfers.unfinished, 31);
  assert.deepEqual(transfers.all, []);
  assert.equal(transfers.movedBytes, 40);
});

Deno.test("Transfers starts one after another where that is asked for", async () => {
  const scene = new Scene();
  const first = scene.start(1);
  const second = scene.start(2, first);
  await settle();
  assert.deepEqual(scene.started, [1]);
  scene.ends.get(1)?.(true);
  await first;
  await settle();
  assert.deepEqual(scene.started, [1, 2]);
  await scene.transfers.stop(2);
  await second;
  const [error] = scene.events.filter((event) => event.event === "error");
  assert.deepEqual([error?.code, error?.id], ["stopped", "ID 2"]);
  assert.equal(error?.message, "file 2 was stopped. /send it again to continue.");
});

Deno.test("Transfers stops what is started after its end", async () => {
  const scene = new Scene();
  scene.transfers.close();
  await scene.start(1);
  assert.deepEqual(scene.started, []);
  assert.deepEqual(scene.events.map(({ event }) => event), ["error"]);
  assert.equal(scene.transfers.unfinished, 1);
});

Deno.test("Transfers says what failed, and goes on with the others", async () => {
  const { transfers, events } = new Scene();
  const failures = [
    new RefusedError("disk_full", "The server's disk is full."),
    Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" }),
  ];
  for (const [index, failure] of failures.entries()) {
    const info = {
      number: index + 1,
      direction: "down",
      conversation: "room:general",
      name: "plan.pdf",
      size: 1,
    } as const;
    await transfers.start(info, NOTHING, () => Promise.reject(failure));
  }
  assert.deepEqual(events, [
    { event: "error", code: "disk_full", message: "plan.pdf: The server's disk is full." },
    {
      event: "error",
      code: "failed",
      message: "plan.pdf could not be transferred: the disk reported an error.",
    },
  ]);
});

Deno.test("Transfers finds one by its number, its ID, or as the newest", async () => {
  const scene = new Scene();
  void scene.start(1);
  void scene.start(2);
  await settle();
  const { transfers } = scene;
  assert.equal(transfers.find("1").info.number, 1);
  assert.equal(transfers.find("ID 2").info.number, 2);
  assert.equal(transfers.find(undefined).info.number, 2);
  assert.throws(() => transfers.find("3"), RefusedError);
  transfers.close();
  await transfers.idle();
  assert.throws(() => transfers.find(undefined), RefusedError);
});
