import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { LIMITS } from "../../../protocol/limits.ts";
import { blobPath, sizesIn } from "../../helpers/blobs.ts";
import { settle } from "../../helpers/fake_clock.ts";
import { download, fileOf, FileStream, upload, uploadOf, wordOf } from "../../helpers/files.ts";
import { ulidOf } from "../../helpers/messages.ts";
import { startSocketless } from "../../helpers/socketless.ts";

const HOUR = 60 * 60 * 1000;
const MINUTE = 60 * 1000;
const CREW = "group:crew";

/** An upload that has broken off. */
async function breakOff(peer: Parameters<typeof FileStream.open>[0], number: number) {
  const file = fileOf(number, 2 * LIMITS.chunk);
  const stream = await FileStream.open(peer);
  await stream.write(uploadOf(file));
  await stream.ready();
  return { file, stream };
}

/** Some time later; no connection lives as long as that. */
function later(server: Awaited<ReturnType<typeof startSocketless>>, ms: number) {
  server.clock.set(server.clock.time() + ms);
}

Deno.test("Files removes complete files after their time, and keeps what others still have", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const file = fileOf(1, 100);
  await upload(ann, file);
  later(server, HOUR / 2);
  await upload(ann, { ...file, file: ulidOf(2) });
  assert.equal(await server.files.removeExpired(10), false);
  later(server, HOUR / 2 + 1);
  await server.files.removeExpired(10);
  assert.equal((await download(ann, file.file))[0], "no_such_file");
  assert.equal((await download(ann, ulidOf(2)))[0], "end");
  later(server, HOUR / 2);
  await server.files.removeExpired(10);
  assert.equal((await download(ann, ulidOf(2)))[0], "no_such_file");
  assert.deepEqual(await readdir(server.blobs), []);
});

Deno.test("Files removes uploads that broke off sooner, but none that is under way", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const broken = await breakOff(ann, 1);
  const going = await breakOff(ann, 2);
  await upload(ann, fileOf(9, 10));
  later(server, MINUTE + 1);
  await server.files.removeExpired(10);
  assert.deepEqual(await sizesIn(server.blobs), [0, 0, 10]);
  broken.stream.stream.reset(0);
  later(server, MINUTE + 1);
  // The disk is a real one, and takes real time to let go of.
  for (let look = 0; look < 500 && (await readdir(server.blobs)).length === 3; look++) {
    await settle();
    later(server, MINUTE + 1);
    await server.files.removeExpired(10);
  }
  assert.deepEqual(await sizesIn(server.blobs), [0, 10]);
  assert.equal(await server.store.files.get(broken.file.file), undefined);
  await going.stream.chunks(going.file.bytes);
  assert.equal(wordOf(await going.stream.next()), "stored");
});

Deno.test("Files removes a few at a time, and says whether there are more", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  for (const number of [1, 2, 3]) await upload(ann, fileOf(number, 10));
  later(server, 2 * HOUR);
  assert.equal(await server.files.removeExpired(2), true);
  assert.equal((await readdir(server.blobs)).length, 1);
  assert.equal(await server.files.removeExpired(2), false);
  assert.deepEqual(await readdir(server.blobs), []);
});

Deno.test("Files frees what was sent to a group that has been deleted", async () => {
  await using server = await startSocketless({}, { quota: 1_000 });
  const ann = await server.signIn("ann");
  const crew = "group:crew";
  await ann.ask({ type: "create", conversation: crew });
  await upload(ann, fileOf(1, 900, crew));
  const going = await FileStream.open(ann);
  await going.write(uploadOf(fileOf(2, 10, crew)));
  await going.ready();
  await ann.ask({ type: "delete", conversation: crew });
  await ann.ask({ type: "create", conversation: crew });
  assert.equal((await download(ann, ulidOf(1)))[0], "no_such_file");
  await going.chunks(fileOf(2, 10).bytes);
  assert.equal(wordOf(await going.next()), "unknown_conversation");
  assert.equal(await upload(ann, fileOf(3, 900)), "quota_exceeded");
  await server.files.removeExpired(10);
  assert.deepEqual(await readdir(server.blobs), []);
  assert.equal(await upload(ann, fileOf(3, 900)), "0, stored");
});

Deno.test("Files removes blobs that no file has, and leaves alone what is not a blob", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  await upload(ann, fileOf(1, 10));
  const kept = await blobPath(server, ulidOf(1));
  for (const name of [ulidOf(2), "0".repeat(32)]) {
    await writeFile(join(server.blobs, name), "left by a crash");
  }
  await writeFile(join(server.blobs, "notes.txt"), "not ours");
  await server.files.removeOrphans();
  assert.deepEqual((await readdir(server.blobs)).sort(), [basename(kept), "notes.txt"].sort());
});

Deno.test("Files keeps the bytes of a file when another account takes an ID that has expired", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const eve = await server.signIn("eve");
  const first = fileOf(1, 2 * LIMITS.chunk);
  const twin = { ...first, file: ulidOf(2) };
  await upload(ann, first);
  later(server, HOUR / 2);
  await upload(ann, twin);
  later(server, HOUR / 2 + 1);
  await server.files.removeExpired(10);
  // The same ID, hash and size: nobody is given bytes that they have not sent.
  const claim = await FileStream.open(eve);
  await claim.write(uploadOf(first));
  assert.equal(await claim.ready(), 0);
  await claim.chunks(new Uint8Array(2 * LIMITS.chunk));
  assert.equal(wordOf(await claim.next()), "damaged_file");
  assert.deepEqual((await download(ann, twin.file))[1], first.bytes);
  // A shorter file under the same ID.
  assert.equal(await upload(eve, { ...fileOf(3, 10), file: first.file }), "0, stored");
  assert.deepEqual((await download(ann, twin.file))[1], first.bytes);
  assert.deepEqual((await download(eve, first.file))[1], fileOf(3, 10).bytes);
});

/** A group of ann and eve, with a large file of ann's; and eve's download of it, one chunk of which has come. */
async function beginDownload(server: Awaited<ReturnType<typeof startSocketless>>) {
  const ann = await server.signIn("ann");
  const eve = await server.signIn("eve");
  await ann.ask({ type: "create", conversation: CREW, members: ["eve"] });
  const file = fileOf(1, 10 * LIMITS.chunk, CREW);
  assert.equal(await upload(ann, file), "0, stored");
  const stream = await FileStream.open(eve);
  await stream.write({ type: "download", id: 1, file: file.file, offset: 0 });
  assert.equal(wordOf(await stream.next()), "chunk");
  await server.pass(1_000);
  /** How many chunks still come, and the last word. */
  const rest = async () => {
    for (let chunks = 0;; chunks++) {
      const word = wordOf(await stream.next());
      if (word !== "chunk") return { chunks, word };
    }
  };
  return { ann, eve, rest };
}

Deno.test("Files ends a download when its reader is removed from the group", async () => {
  await using server = await startSocketless();
  const { ann, rest } = await beginDownload(server);
  await ann.ask({ type: "remove", conversation: CREW, users: ["eve"] });
  const { chunks, word } = await rest();
  assert.equal(word, "no_such_file");
  assert.ok(chunks <= 2, `${chunks} chunks`);
});

Deno.test("Files ends a download when the group is deleted, though another gets its name", async () => {
  await using server = await startSocketless();
  const { ann, eve, rest } = await beginDownload(server);
  await ann.ask({ type: "delete", conversation: CREW });
  await eve.ask({ type: "create", conversation: CREW });
  const { chunks, word } = await rest();
  assert.equal(word, "no_such_file");
  assert.ok(chunks <= 2, `${chunks} chunks`);
});

Deno.test("Files takes no file from someone who was removed from the group meanwhile", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const eve = await server.signIn("eve");
  await ann.ask({ type: "create", conversation: CREW, members: ["eve"] });
  const file = fileOf(1, 100, CREW);
  const going = await FileStream.open(eve);
  await going.write(uploadOf(file));
  await going.ready();
  await ann.ask({ type: "remove", conversation: CREW, users: ["eve"] });
  await going.chunks(file.bytes);
  assert.equal(wordOf(await going.next()), "unknown_conversation");
  assert.equal(await server.store.files.get(file.file), undefined);
  assert.deepEqual(await readdir(server.blobs), []);
});
