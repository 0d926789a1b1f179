import assert from "node:assert/strict";
import { join } from "node:path";
import { WalSync } from "../../../server/store/wal_sync.ts";

async function tempLog() {
  const folder = await Deno.makeTempDir({ prefix: "sotto-wal-" });
  const file = join(folder, "log");
  await Deno.writeTextFile(file, "committed");
  return { file, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

Deno.test("WalSync.synced() makes one further call for all calls during a sync", async () => {
  await using log = await tempLog();
  const disk = new WalSync(log.file);
  const first = disk.synced();
  disk.committed();
  const second = disk.synced();
  assert.notEqual(second, first);
  assert.equal(disk.synced(), second);
  const order: number[] = [];
  first.then(() => order.push(1));
  second.then(() => order.push(2));
  await second;
  assert.deepEqual(order, [1, 2]);
  disk.committed();
  assert.notEqual(disk.synced(), second);
  await disk.close();
});

Deno.test("WalSync syncs what an earlier process has committed, and nothing twice", async () => {
  await using log = await tempLog();
  const calls: ((error: Error | null) => void)[] = [];
  const disk = new WalSync(log.file, (_, done) => void calls.push(done));
  const first = disk.synced();
  assert.equal(disk.synced(), first, "it covers what was committed before it began");
  assert.equal(calls.length, 1);
  calls[0]?.(null);
  await first;
  await disk.synced();
  assert.equal(calls.length, 1, "nothing was committed since");
  disk.committed();
  const second = disk.synced();
  assert.equal(calls.length, 2);
  calls[1]?.(null);
  await second;
  await disk.close();
});

Deno.test("WalSync.close() waits for what is under way", async () => {
  await using log = await tempLog();
  const disk = new WalSync(log.file);
  let done = 0;
  for (let call = 0; call < 3; call++) {
    disk.committed();
    void disk.synced().then(() => done += 1);
  }
  await disk.close();
  assert.equal(done, 3);
});

Deno.test("WalSync refuses everything after a failure", async () => {
  await using log = await tempLog();
  const disk = new WalSync(join(log.file, "is no folder"));
  await assert.rejects(disk.synced(), { code: "ENOTDIR" });
  const again = [disk.synced(), disk.synced()];
  for (const promise of again) await assert.rejects(promise, { code: "ENOTDIR" });
  await disk.close();
});
