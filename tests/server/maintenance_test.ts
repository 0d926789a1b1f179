import assert from "node:assert/strict";
import { GENERAL } from "../../protocol/names.ts";
import { startMaintenance } from "../../server/maintenance.ts";
import { makeLogger, SILENT } from "../../server/log.ts";
import { FakeClock, settle } from "../helpers/fake_clock.ts";
import { messageOf } from "../helpers/messages.ts";
import { tempStore } from "../helpers/temp_store.ts";

const HOUR = 60 * 60 * 1000;
const files = {
  removeExpired: () => Promise.resolve(false),
  removeOrphans: () => Promise.resolve(),
};

Deno.test("startMaintenance() fills the index of words piece by piece, with pauses between", async () => {
  await using temp = await tempStore("ann");
  const { store } = temp;
  const clock = new FakeClock();
  await store.messages.append(Array.from({ length: 250 }, (_, index) => messageOf(index)));
  const found = async () =>
    (await store.search.find("ann", ["message"], undefined, 1_000)).messages.length;
  const end = startMaintenance({ store, files, clock, log: SILENT });
  const counts: number[] = [];
  for (const wait of [0, 100, 100, 1_000]) {
    await clock.pass(wait);
    counts.push(await found());
  }
  assert.deepEqual(counts, [100, 200, 250, 250]);
  await store.messages.append([messageOf(999)]);
  await clock.pass(1_000);
  assert.equal((await store.search.find("ann", ["999"], undefined, 1)).messages.length, 1);
  end();
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
  await settle();
  // It can be said again: nothing is left of it.
  assert.equal((await store.messages.append([messageOf(1)]))[0]?.stored, true);
  assert.equal((await store.messages.history(GENERAL, 0, 10)).length, 2);
  assert.notEqual(await store.logins.get("one"), undefined);
  await clock.pass(HOUR);
  assert.equal(await store.logins.get("one"), undefined);
  end();
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
  const store = { ...temp.store, search: { index: fail }, logins: { removeExpired: fail } };
  const end = startMaintenance({ store, files, clock, log });
  await settle();
  await clock.pass(2_000);
  assert.equal(rounds, 4);
  assert.match(lines.join("\n"), /maintenance_failed.*index.*disk full/);
  end();
  await clock.pass(HOUR);
  assert.equal(rounds, 4);
});
