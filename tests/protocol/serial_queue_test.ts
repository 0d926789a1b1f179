import assert from "node:assert/strict";
import { queryObjects } from "node:v8";
import { SerialQueue } from "../../protocol/serial_queue.ts";

Deno.test("SerialQueue.run() runs one piece of work at a time, in order", async () => {
  const queue = new SerialQueue();
  const log: string[] = [];
  const first = Promise.withResolvers<void>();
  const one = queue.run(async () => {
    log.push("one begins");
    await first.promise;
    log.push("one ends");
    return 1;
  });
  const two = queue.run(() => Promise.resolve(log.push("two")));
  await Promise.resolve();
  first.resolve();
  assert.equal(await one, 1);
  assert.equal(await two, 3);
  assert.deepEqual(log, ["one begins", "one ends", "two"]);
});

Deno.test("SerialQueue.run() rejects with what its work throws, and goes on", async () => {
  const queue = new SerialQueue();
  const failed = queue.run(() => Promise.reject(new Error("no")));
  const next = queue.run(() => Promise.resolve("next"));
  await assert.rejects(failed, /no/);
  assert.equal(await next, "next");
});

Deno.test("SerialQueue.share() runs at once with its neighbours, and with nothing else", async () => {
  const queue = new SerialQueue();
  const log: string[] = [];
  const step = (name: string) => async () => {
    log.push(`${name} begins`);
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
    log.push(`${name} ends`);
  };
  await Promise.all([
    queue.run(step("one")),
    queue.share(step("two")),
    queue.share(step("three")),
    queue.run(step("four")),
    queue.share(step("five")),
  ]);
  const order = ["one begins", "one ends", "two begins", "three begins", "two ends", "three ends"];
  assert.deepEqual(log, [...order, "four begins", "four ends", "five begins", "five ends"]);
  await queue.idle();
});

Deno.test("SerialQueue.share() rejects with what its work throws, and the others go on", async () => {
  const queue = new SerialQueue();
  const failed = queue.share(() => Promise.reject(new Error("no")));
  const beside = queue.share(() => Promise.resolve("beside"));
  const next = queue.run(() => Promise.resolve("next"));
  await assert.rejects(failed, /no/);
  assert.deepEqual(await Promise.all([beside, next]), ["beside", "next"]);
});

Deno.test("SerialQueue.idle() waits for what was given so far, even if it fails", async () => {
  const queue = new SerialQueue();
  let done = false;
  const failed = queue.run(async () => {
    await Promise.resolve();
    done = true;
    throw new Error("no");
  });
  failed.catch(() => {});
  await queue.idle();
  assert.ok(done);
});

Deno.test("SerialQueue keeps nothing of what its work returned", async () => {
  class Result {}
  const queue = new SerialQueue();
  const work = () => Promise.resolve(new Result());
  for (let count = 0; count < 10; count++) {
    await queue.run(work);
    await queue.share(work);
  }
  for (let count = 0; count < 10; count++) await queue.share(work);
  await queue.idle();
  assert.equal(queryObjects(Result, { format: "count" }), 0);
});
