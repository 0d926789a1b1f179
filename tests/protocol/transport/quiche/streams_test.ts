/** What the quiche engine does with streams beyond the contract: it gathers, and it finds them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  bytes,
  connect,
  delay,
  equalBytes,
  openPair,
  pattern,
  readAll,
  readExactly,
  staysPending,
} from "../contract/pair.ts";
import { within } from "../../../helpers/within.ts";
import { QUICHE } from "./subject.ts";

Deno.test("Stream.write keeps the order of chunks of all sizes, gathered or not", async () => {
  await using pair = await connect(QUICHE);
  // Around the sizes at which a chunk is gathered, fills the buffer, or goes straight in.
  const size = fc.oneof(
    fc.integer({ min: 0, max: 300 }),
    fc.integer({ min: 1020, max: 1030 }),
    fc.integer({ min: 4090, max: 4100 }),
    fc.integer({ min: 10_000, max: 60_000 }),
  );
  const write = fc.record({ size, awaited: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(write, { maxLength: 60 }), async (writes) => {
      const stream = await pair.client.openStream();
      const chunks = writes.map(({ size }, at) => pattern(size, at + 1));
      const writing = (async () => {
        for (const [at, chunk] of chunks.entries()) {
          await stream.write(chunk);
          if (writes[at]?.awaited) await delay(0);
        }
        await stream.end();
      })();
      const other = await within(pair.server.accept(), "the stream");
      assert.ok(other);
      const all = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
      assert.ok(equalBytes(await readAll(other), all));
      await writing;
      await other.end();
      assert.equal(await stream.read(), null);
    }),
    { numRuns: 40 },
  );
});

Deno.test("Stream.write returns one promise for all that is taken at once", async () => {
  await using pair = await connect(QUICHE);
  const [one, other] = await openPair(pair.client, pair.server);
  const promises = new Set([1, 2, 3].map(() => one.write(bytes("again "))));
  assert.equal(promises.size, 1);
  assert.equal((await readExactly(other, 18)).length, 18);
});

Deno.test("Stream.write refuses a second write while one is pending, and the first goes on", async () => {
  await using pair = await connect(QUICHE);
  const [one, other] = await openPair(pair.client, pair.server);
  const large = pattern(4_000_000);
  const writing = one.write(large);
  assert.ok(await staysPending(writing, 50));
  await assert.rejects(one.write(bytes("too soon")), TypeError);
  assert.ok(equalBytes(await readExactly(other, large.length), large));
  await writing;
});

Deno.test("Connection.close lets what was written leave first", async () => {
  await using pair = await connect(QUICHE);
  const [one, other] = await openPair(pair.server, pair.client);
  const reading = readExactly(other, 5);
  await one.write(bytes("bye"));
  await one.write(bytes("!!"));
  pair.server.close(7, "done");
  assert.deepEqual(await reading, bytes("bye!!"));
  assert.equal((await pair.client.closed).code, 7);
});

Deno.test("Connection.accept finds streams that nobody has read while another waits to be read", async () => {
  await using pair = await connect(QUICHE);
  const [first] = await openPair(pair.client, pair.server);
  await first.write(pattern(1000)); // stays unread
  for (const id of [4, 8, 12]) {
    const stream = await pair.client.openStream();
    await stream.write(bytes("here"));
    const found = await within(pair.server.accept(), "a stream");
    assert.equal(found?.id, id);
  }
});

Deno.test("Connection.accept finds a stream whose elder never says anything", async () => {
  await using pair = await connect(QUICHE);
  const [silent, speaking] = [await pair.client.openStream(), await pair.client.openStream()];
  await speaking.write(bytes("first"));
  assert.equal((await within(pair.server.accept(), "the second stream"))?.id, speaking.id);
  await silent.write(bytes("late"));
  assert.equal((await within(pair.server.accept(), "the first stream"))?.id, silent.id);
});

Deno.test("Connection holds no more streams than allowed that nobody accepts", async () => {
  await using pair = await connect(QUICHE, { listen: { limits: { maxStreams: 2 } } });
  const opened = [await pair.client.openStream(), await pair.client.openStream()];
  for (const stream of opened) {
    await stream.write(bytes("over"));
    await stream.end();
  }
  const third = pair.client.openStream();
  assert.ok(await staysPending(third, 50));
  for (const { id } of opened) {
    const taken = await within(pair.server.accept(), "a stream");
    assert.equal(taken?.id, id);
    await readAll(taken);
    await taken.end();
  }
  for (const stream of opened) await readAll(stream);
  await (await within(third, "room for a third")).write(bytes("here"));
  assert.equal((await within(pair.server.accept(), "the third"))?.id, 8);
});
