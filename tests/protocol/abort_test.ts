import assert from "node:assert/strict";
import { onAbort, untilAborted } from "../../protocol/abort.ts";

Deno.test("onAbort calls back once, and not after it was disposed of", () => {
  const abort = new AbortController();
  let calls = 0;
  const kept = onAbort(abort.signal, () => calls += 1);
  const disposed = onAbort(abort.signal, () => calls += 100);
  disposed[Symbol.dispose]();
  abort.abort();
  abort.abort();
  kept[Symbol.dispose]();
  assert.equal(calls, 1);
  onAbort(abort.signal, () => calls += 1);
  assert.equal(calls, 2, "the signal has fired before");
});

Deno.test("untilAborted resolves with the promise, or with undefined when the signal fires", async () => {
  const abort = new AbortController();
  assert.equal(await untilAborted(abort.signal, Promise.resolve(7)), 7);
  const failure = new Error("failed");
  await assert.rejects(untilAborted(abort.signal, Promise.reject(failure)), failure);
  const never = untilAborted(abort.signal, new Promise(() => {}));
  abort.abort();
  assert.equal(await never, undefined);
  assert.equal(await untilAborted(abort.signal, Promise.resolve(7)), undefined);
});
