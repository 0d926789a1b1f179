import assert from "node:assert/strict";
import type { Announcement, AnnounceOptions } from "../../protocol/discovery/announce.ts";
import { DiscoveryError } from "../../protocol/discovery/interfaces.ts";
import { startAnnouncer } from "../../server/announcer.ts";
import { makeLogger } from "../../server/log.ts";
import type { ListedRoom } from "../../protocol/frame.ts";
import { FakeClock, settle } from "../helpers/fake_clock.ts";
import { poll } from "../helpers/within.ts";
import { tempStore } from "../helpers/temp_store.ts";

type Activity = AnnounceOptions["activity"];

const PIN = "SHA256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";
const ADDRESS = { hostname: "::", port: 4433 };

/** Takes what is announced. */
class Recorder {
  readonly clock = new FakeClock();
  readonly presence = { count: 0 };
  readonly log: string[] = [];
  readonly updates: Activity[] = [];
  options: AnnounceOptions | undefined;
  withdrawn = 0;

  readonly announce = (options: AnnounceOptions): Announcement => {
    assert.equal(this.options, undefined, "once");
    this.options = options;
    return {
      name: options.name,
      update: (activity) => this.updates.push(activity),
      [Symbol.asyncDispose]: () => {
        this.withdrawn++;
        return Promise.resolve();
      },
    };
  };

  /** What is announced: the store's lists come when they are on the disk. */
  announced(): Promise<AnnounceOptions> {
    return poll(() => this.options, "an announcement");
  }

  start(rooms: Parameters<typeof startAnnouncer>[0]["rooms"], announce = this.announce) {
    const { clock, presence } = this;
    const log = makeLogger({
      level: "info",
      format: "json",
      write: (line) => this.log.push(JSON.parse(line).reason),
    });
    return startAnnouncer({ address: ADDRESS, pin: PIN, presence, rooms, clock, log, announce });
  }
}

Deno.test("startAnnouncer() announces the server with its rooms and users, and updates them", async () => {
  const recorder = new Recorder();
  const { clock, presence, updates } = recorder;
  await using temp = await tempStore("ann");
  const { store } = temp;
  {
    await using _announcing = recorder.start(store.rooms);
    const options = await recorder.announced();
    assert.equal(options.host, "::");
    assert.equal(options.port, 4433);
    assert.equal(options.pin, PIN);
    assert.match(options.name, /^[^.]+$/);
    assert.deepEqual(options.activity, { rooms: ["general", "random", "tech"], people: 0 });

    presence.count = 2;
    await clock.pass(2_000);
    await poll(() => updates.at(-1)?.people === 2 || undefined, "two people");

    await store.rooms.create({ conversation: "room:builds", topic: "", creator: "ann" }, ["ann"]);
    await clock.pass(2_000);
    await poll(() => updates.at(-1)?.rooms.length === 4 || undefined, "the new room");
    assert.deepEqual(updates.at(-1)?.rooms, ["builds", "general", "random", "tech"]);
  }
  assert.equal(recorder.withdrawn, 1);
  assert.equal(clock.waiting, 0);
});

Deno.test("startAnnouncer() logs the first failure, and goes on", async () => {
  const recorder = new Recorder();
  let broken = true;
  const rooms = {
    countRooms: () => broken ? Promise.reject(new Error("disk")) : Promise.resolve(1),
    list: (): Promise<ListedRoom[]> => Promise.resolve([]),
  };
  await using _announcing = recorder.start(rooms);
  await settle(10);
  await recorder.clock.pass(60_000);
  broken = false;
  await recorder.clock.pass(2_000);
  await settle(10);
  assert.equal(recorder.log.length, 1);
  assert.match(recorder.log[0] ?? "", /disk/);
  assert.equal(recorder.options?.port, 4433);
});

Deno.test("startAnnouncer() logs that there is no network", async () => {
  const recorder = new Recorder();
  await using temp = await tempStore();
  await using _announcing = recorder.start(temp.store.rooms);
  (await recorder.announced()).onFailure(new DiscoveryError("there is no network"));
  assert.deepEqual(recorder.log, ["there is no network"]);
});

Deno.test("startAnnouncer() announces nothing after it has been stopped", async () => {
  const recorder = new Recorder();
  const counted = Promise.withResolvers<number>();
  const announcing = recorder.start({
    countRooms: () => counted.promise,
    list: () => Promise.resolve([]),
  });
  const stopped = announcing[Symbol.asyncDispose]();
  counted.resolve(3);
  await stopped;
  assert.equal(recorder.options, undefined);
  assert.equal(recorder.clock.waiting, 0);
});
