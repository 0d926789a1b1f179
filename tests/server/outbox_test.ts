import assert from "node:assert/strict";
import { Flusher, Outbox } from "../../server/outbox.ts";
import { settle } from "../helpers/fake_clock.ts";

/** A stream whose reader takes what was written only when the test says so. */
class SlowSink {
  readonly written: string[] = [];
  pending = 0;
  #release: (() => void) | undefined;
  #fail: ((error: Error) => void) | undefined;
  slow = false;

  write(chunk: Uint8Array): Promise<void> {
    this.written.push(new TextDecoder().decode(chunk));
    if (!this.slow) return Promise.resolve();
    this.pending += 1;
    assert.equal(this.pending, 1, "two writes at once");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#release = resolve;
    this.#fail = reject;
    return promise;
  }

  async read(): Promise<void> {
    this.pending = 0;
    this.#release?.();
    await settle();
  }

  async fail(): Promise<void> {
    this.pending = 0;
    this.#fail?.(new Error("the stream has ended"));
    await settle();
  }
}

function makeOutbox({ limit = 100, slow = false } = {}) {
  const sink = new SlowSink();
  sink.slow = slow;
  const flushes: (() => void)[] = [];
  const flusher = new Flusher((flush) => flushes.push(flush));
  let failures = 0;
  const outbox = new Outbox(sink, flusher, {
    limit,
    resync: frame("<resync>"),
    onFailed: () => failures += 1,
  });
  const turn = async () => {
    for (const flush of flushes.splice(0)) flush();
    await settle();
  };
  return { sink, flusher, outbox, turn, flushes, failures: () => failures };
}

function frame(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

Deno.test("Outbox writes what was pushed within one turn at once, in order", async () => {
  const { sink, outbox, turn } = makeOutbox();
  outbox.push(frame("a"));
  outbox.push(frame("b"));
  assert.deepEqual(sink.written, []);
  await turn();
  outbox.push(frame("c"));
  await turn();
  assert.deepEqual(sink.written, ["ab", "c"]);
  assert.equal(outbox.held, 0);
});

Deno.test("Outbox has one write under way, and sends what came meanwhile in the next", async () => {
  const { sink, outbox, turn } = makeOutbox({ slow: true });
  outbox.push(frame("a"));
  await turn();
  outbox.push(frame("b"));
  outbox.push(frame("c"));
  await turn();
  assert.deepEqual(sink.written, ["a"]);
  await sink.read();
  await turn();
  assert.deepEqual(sink.written, ["a", "bc"]);
  await sink.read();
  assert.equal(outbox.held, 0);
});

Deno.test("Outbox writes a frame that is alone as it is, without a copy", async () => {
  const chunks: Uint8Array[] = [];
  const flusher = new Flusher();
  const sink = { write: (chunk: Uint8Array) => Promise.resolve(void chunks.push(chunk)) };
  const outbox = new Outbox(sink, flusher, { limit: 9, resync: frame("") });
  const shared = frame("a");
  outbox.push(shared);
  await settle();
  assert.equal(chunks[0], shared);
});

Deno.test("Outbox drops past its limit, tells resync once it has drained, and takes frames again", async () => {
  const { sink, outbox, turn } = makeOutbox({ limit: 10, slow: true });
  outbox.push(frame("1234"));
  await turn();
  outbox.push(frame("5678"));
  outbox.push(frame("too much"));
  outbox.push(frame("x")); // would fit, but would come after a gap
  assert.equal(outbox.overflowed, true);
  assert.equal(outbox.held, 8);
  let room = false;
  outbox.accepting().then(() => room = true);

  await sink.read();
  await turn();
  assert.deepEqual([room, outbox.overflowed], [false, true]);
  await sink.read();
  assert.deepEqual([room, outbox.overflowed], [true, false]);
  outbox.push(frame("y"));
  await turn();
  await sink.read();
  assert.deepEqual(sink.written, ["1234", "5678", "<resync>y"]);
});

Deno.test("Outbox answers a chunk that could never fit with resync, and goes on", async () => {
  const { sink, outbox, turn } = makeOutbox({ limit: 10 });
  outbox.push(frame("more than the limit"));
  outbox.push(frame("a"));
  await turn();
  assert.deepEqual(sink.written, ["<resync>a"]);
});

Deno.test("Outbox never holds more than its limit, whatever is pushed", async () => {
  const { sink, outbox, turn } = makeOutbox({ limit: 1_000, slow: true });
  for (let number = 0; number < 500; number++) {
    outbox.push(frame("x".repeat(1 + number % 97)));
    if (number % 50 === 0) await turn();
    if (number % 120 === 0) await sink.read();
    assert.ok(outbox.held <= 1_000);
  }
});

Deno.test("Outbox.room() is there at once while nothing is dropped", async () => {
  const { outbox } = makeOutbox();
  outbox.push(frame("a"));
  await outbox.accepting();
});

Deno.test("Outbox.drained() waits for the last byte", async () => {
  const { sink, outbox, turn } = makeOutbox({ slow: true });
  await outbox.drained();
  outbox.push(frame("a"));
  await turn();
  outbox.push(frame("b"));
  let drained = false;
  outbox.drained().then(() => drained = true);
  await sink.read();
  assert.equal(drained, false);
  await turn();
  await sink.read();
  assert.equal(drained, true);
});

Deno.test("Outbox tells of a write that failed once, and holds nothing after it", async () => {
  const { sink, outbox, turn, failures } = makeOutbox({ limit: 4, slow: true });
  outbox.push(frame("a"));
  await turn();
  outbox.push(frame("four"));
  const room = outbox.accepting();
  const drained = outbox.drained();
  await sink.fail();
  await Promise.all([room, drained]);
  outbox.push(frame("b"));
  await turn();
  assert.deepEqual([failures(), outbox.held, sink.written], [1, 0, ["a"]]);
});

Deno.test("Outbox.close() drops what is held, and resolves all promises", async () => {
  const { sink, outbox, turn, failures } = makeOutbox({ limit: 4, slow: true });
  outbox.push(frame("a"));
  await turn();
  outbox.push(frame("four"));
  const waiting = [outbox.accepting(), outbox.drained()];
  outbox.close();
  await Promise.all(waiting);
  await sink.fail();
  assert.deepEqual([failures(), outbox.held], [0, 0]);
});

Deno.test("Flusher asks for one callback a turn, however many outboxes there are", async () => {
  const sink = new SlowSink();
  let scheduled = 0;
  const flusher = new Flusher((flush) => {
    scheduled += 1;
    queueMicrotask(flush);
  });
  const options = { limit: 9, resync: frame("") };
  const outboxes = Array.from({ length: 50 }, () => new Outbox(sink, flusher, options));
  for (const outbox of outboxes) outbox.push(frame("a"));
  for (const outbox of outboxes) outbox.push(frame("b"));
  await settle();
  assert.equal(scheduled, 1);
  assert.deepEqual(sink.written, outboxes.map(() => "ab"));
});

Deno.test("Flusher flushes many outboxes in several turns, and tells when that is done", async () => {
  const sink = new SlowSink();
  const turns: (() => void)[] = [];
  const flusher = new Flusher((flush) => turns.push(flush));
  const options = { limit: 9, resync: frame("") };
  for (let count = 0; count < 100; count++) new Outbox(sink, flusher, options).push(frame("a"));
  let isFlushed = false;
  void flusher.flushed().then(() => isFlushed = true);
  turns.shift()?.();
  await settle();
  assert.equal(sink.written.length, 64);
  assert.equal(isFlushed, false);
  // What comes meanwhile is behind the rest.
  new Outbox(sink, flusher, options).push(frame("b"));
  turns.shift()?.();
  await settle();
  assert.equal(sink.written.length, 101);
  assert.equal(sink.written.at(-1), "b");
  assert.equal(isFlushed, true);
  assert.equal(turns.length, 0);
});

Deno.test("Flusher.flushed() resolves at the end of the turn when there is nothing to flush", async () => {
  await new Flusher().flushed();
});

Deno.test("Flusher.flushed() does not wait for outboxes that become due again and again", async () => {
  const turns: (() => void)[] = [];
  const flusher = new Flusher((flush) => turns.push(flush));
  // Each is due again as soon as it is written.
  const sink = { write: () => Promise.resolve() };
  const options = { limit: 9, resync: frame("") };
  const outboxes = Array.from({ length: 200 }, (): Outbox => {
    const onWritten = () => outbox.push(frame("a"));
    const outbox: Outbox = new Outbox(sink, flusher, { ...options, onWritten });
    return outbox;
  });
  for (const outbox of outboxes) outbox.push(frame("a"));
  let isFlushed = false;
  void flusher.flushed().then(() => isFlushed = true);
  for (let turn = 0; turn < 4; turn++) {
    assert.equal(isFlushed, false);
    for (const each of turns.splice(0)) each();
    await settle();
  }
  assert.equal(isFlushed, true);
});
