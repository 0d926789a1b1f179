import assert from "node:assert/strict";
import { EventQueue } from "../../../client/event_queue.ts";
import type { ChatEvent } from "../../../client/events.ts";
import { Transfer, type TransferInfo } from "../../../client/files/transfer.ts";
import { FakeClock } from "../../helpers/fake_clock.ts";

const INFO: TransferInfo = {
  number: 1,
  direction: "down",
  conversation: "room:general",
  name: "file",
  size: 1000,
};

Deno.test("Transfer reports progress no faster than it is read", async () => {
  const clock = new FakeClock();
  const events = new EventQueue();
  const transfer = new Transfer(INFO, clock, events);
  transfer.identify("ID");
  transfer.startAttempt(100);
  for (let step = 0; step < 8; step++) {
    await clock.pass(1000);
    transfer.addTransferred(100);
  }
  transfer.addTransferred(100);
  transfer.complete("/where");
  events.end();
  const reports: ChatEvent[] = [];
  for await (const event of events) reports.push(event);
  assert.deepEqual(reports, [
    { event: "progress", ...INFO, id: "ID", transferred: 100, rate: 0 },
    { event: "file", ...INFO, id: "ID", path: "/where" },
  ]);
});

Deno.test("Transfer lists what it knows at each moment", async () => {
  const clock = new FakeClock();
  const transfer = new Transfer(INFO, clock, new EventQueue());
  assert.deepEqual(transfer.listing, { ...INFO, transferred: 0, rate: 0 });
  transfer.identify("ID");
  transfer.addHashed(1000);
  transfer.startAttempt(500);
  await clock.pass(1000);
  transfer.addTransferred(100);
  assert.deepEqual(
    transfer.listing,
    { ...INFO, id: "ID", transferred: 600, rate: 100, remaining: 4 },
  );
  assert.equal(transfer.movedBytes, 1100);
});

Deno.test("Transfer keeps its ID, counts within an attempt, and is completed once", () => {
  const transfer = new Transfer(INFO, new FakeClock(), new EventQueue());
  assert.throws(() => transfer.addTransferred(1), /Broken invariant/);
  assert.throws(() => transfer.complete(), /Broken invariant/);
  transfer.identify("ID");
  assert.throws(() => transfer.identify("other"), /Broken invariant/);
  transfer.complete();
  assert.throws(() => transfer.complete(), /Broken invariant/);
});
