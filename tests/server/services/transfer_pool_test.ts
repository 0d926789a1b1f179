/** The pool of transfers of a whole server, without ports: who gets a slot when all are taken. */
import assert from "node:assert/strict";
import { CLOSE_DONE } from "../../../protocol/errors.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { settle } from "../../helpers/fake_clock.ts";
import {
  download,
  fileOf,
  FileStream,
  type TestFile,
  upload,
  uploadOf,
  wordOf,
} from "../../helpers/files.ts";
import { startSocketless } from "../../helpers/socketless.ts";

type Peer = Parameters<typeof FileStream.open>[0];

/** More than any of these tests sends. */
const SIZE = 200_000;

/** Begins an upload, and sends nothing. */
async function begin(
  peer: Peer,
  number: number,
  file: TestFile = fileOf(number, SIZE),
): Promise<FileStream> {
  const stream = await FileStream.open(peer);
  await stream.write(uploadOf(file));
  assert.equal(await stream.ready(), 0);
  return stream;
}

/** Lets 20 s pass, after which each of the slow streams sends a byte, and the fast one a chunk. */
async function trickle(
  server: Awaited<ReturnType<typeof startSocketless>>,
  slow: readonly FileStream[],
  fast?: { readonly stream: FileStream; readonly bytes: Uint8Array },
): Promise<void> {
  await server.pass(20_000);
  for (const stream of slow) await stream.chunks(Uint8Array.of(1));
  if (fast !== undefined) await fast.stream.chunks(fast.bytes);
  await new Promise((resolve) => setTimeout(resolve, 20)); // The disk is a real one.
}

Deno.test("An account that holds every transfer, however many its sessions, gives up one for another account", async () => {
  await using server = await startSocketless({}, { transfers: 8 });
  const streams: FileStream[] = [];
  for (const session of [1, 2]) {
    const eve = await server.signIn("eve");
    for (let number = 0; number < LIMITS.transfers; number++) {
      streams.push(await begin(eve, 10 * session + number));
    }
  }
  const bob = await server.signIn("bob");
  assert.equal(await upload(bob, fileOf(1, 100)), "0, stored");
  assert.equal((await download(bob, fileOf(1, 100).file))[0], "end");
});

Deno.test("A slow transfer gives its slot up when others wait, and only then", async () => {
  await using server = await startSocketless({}, { transfers: 3 });
  const [eve, joe, ann] = await Promise.all([
    server.signIn("eve", "198.51.100.1"),
    server.signIn("joe", "198.51.100.2"),
    server.signIn("ann", "198.51.100.3"),
  ]);
  const file = fileOf(1, 7 * LIMITS.chunk);
  const slow = [await begin(eve, 2), await begin(joe, 3)];
  const fast = await begin(ann, 1, file);
  for (let round = 0; round < 6; round++) {
    const bytes = file.bytes.subarray(round * LIMITS.chunk, (round + 1) * LIMITS.chunk);
    await trickle(server, slow, { stream: fast, bytes });
  }
  const [bob, cem, dee] = await Promise.all([
    server.signIn("bob", "203.0.113.1"),
    server.signIn("cem", "203.0.113.2"),
    server.signIn("dee", "203.0.113.3"),
  ]);
  const begun = [await begin(bob, 4), await begin(cem, 5)];
  assert.equal(await upload(dee, fileOf(6, 1)), "busy");
  for (const stream of slow) {
    await assert.rejects(stream.next(), { name: "StreamError", code: CLOSE_DONE });
  }
  await fast.chunks(file.bytes.subarray(6 * LIMITS.chunk));
  assert.equal(wordOf(await fast.next()), "stored");
  // What was broken off goes on when there is room.
  for (const { stream } of begun) stream.reset(0);
  await settle(10);
  assert.match(await upload(eve, fileOf(2, SIZE)), /^6, damaged_file$/);
});

Deno.test("A download that is read slowly gives its slot up to others", async () => {
  await using server = await startSocketless({}, { transfers: 1 });
  const eve = await server.signIn("eve", "198.51.100.1");
  const file = fileOf(1, 900_000);
  await upload(eve, file);
  await using stream = await FileStream.open(eve);
  await stream.write({ type: "download", id: 1, file: file.file, offset: 0 });
  assert.equal((await stream.next())?.type, "chunk");
  const bob = await server.signIn("bob", "203.0.113.1");
  assert.equal((await download(bob, file.file))[0], "busy");
  // A chunk each 29 s: the stream is not reset for its silence.
  for (let round = 0; round < 6; round++) {
    await server.pass(29_000);
    await stream.next();
    await eve.ask({ type: "resolve", users: ["eve"] });
    await bob.ask({ type: "resolve", users: ["bob"] });
    await new Promise((resolve) => setTimeout(resolve, 20)); // The disk is a real one.
  }
  assert.equal((await download(bob, file.file))[0], "end");
  await assert.rejects(async () => {
    while (await stream.next() !== undefined);
  }, { name: "StreamError", code: CLOSE_DONE });
});
