import assert from "node:assert/strict";
import { GENERAL } from "../../protocol/names.ts";
import { startMaintenance } from "../../server/maintenance.ts";
import { makeLogger, SILENT } from "../../server/log.ts";
import { FakeClock, settle } from "../helpers/fake_clock.ts";
import { messageOf } from "../helpers/messages.ts";
import { tempStore } from "../helpers/temp_store.ts";
import { poll } from "../helpers/within.ts";

const HOUR = 60 * 60 * 1000;
const files = {
  removeExpired: () => Promise.resolve(false),
  removeOrphans: () => Promise.resolve(),
};

/** For tests of pauses: the real one waits for the disk. */
const rooms = { freeDeleted: () => Promise.resolve(false) };

Deno.test("startMaintenance() fills the index of words piece by piece, with pauses between", async () => {
  await using temp = await tempStore();
  const clock = new FakeClock();
  let pieces = 0;
  const search = { index: () => Promise.resolve(++pieces % 3 !== 0) };
  const store = { ...temp.store, rooms, search };
  const end = startMaintenance({ store, files, clock, log: SILENT });
  await settle();
  const counts: number[] = [pieces];
  for (const wait of [9, 1, 10, 999, 1]) {
    await clock.pass(wait);
    counts.push(pieces);
  }
  assert.deepEqual(counts, [1, 1, 2, 3, 3, 4]);
  await end();
  assert.equal(clock.waiting, 0);
});

Deno.test("startMaintenance() frees what deleted groups leave behind, and expired sessions", async () => {
  await using temp = await tempStore("ann");
  const { store } = temp;
  const clock = new FakeClock();
  const crew = { conversation: "group:crew", topic: "", creator: "ann" };
  await store.rooms.create(crew, ["ann"]);
  await store.messages.append([messageOf(1, { conversation: "group:crew" }), messageOf(2)]);
  await store.rooms.delete("group:crew");
  const expiresAt = clock.time() + HOUR;
  await store.logins.create({ id: "one", account: "ann", createdAt: 0, expiresAt });
  const end = startMaintenance({ store, files, clock, log: SILENT });
  // It can be said again when nothing is left of it.
  const sayAgain = async () =>
    (await store.messages.append([messageOf(1)]))[0]?.stored || undefined;
  await poll(sayAgain, "the end of the group", 1);
  assert.equal((await store.messages.history(GENERAL, 0, 10)).length, 2);
  assert.notEqual(await store.logins.get("one"), undefined);
  await clock.pass(HOUR);
  assert.equal(await store.logins.get("one"), undefined);
  await end();
});

Deno.test("startMaintenance() goes on after a failure, and logs it", async () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = makeLogger({ level: "info", format: "text", write: (line) => lines.push(line) });
  let rounds = 0;
  const fail = () => {
    rounds++;
    return Promise.reject(new Error("disk full"));
  };
  await using temp = await tempStore();
  const store = { ...temp.store, rooms, search: { index: fail }, logins: { removeExpired: fail } };
  const end = startMaintenance({ store, files, clock, log });
  await settle();
  await clock.pass(2_000);
  assert.equal(rounds, 4);
  assert.match(lines.join("\n"), /maintenance_failed.*index.*disk full/);
  await end();
  await clock.pass(HOUR);
  assert.equal(rounds, 4);
});
