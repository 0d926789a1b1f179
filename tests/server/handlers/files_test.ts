import assert from "node:assert/strict";
import { rename, stat, truncate, writeFile } from "node:fs/promises";
import type { ClientFrame } from "../../../protocol/frame.ts";
import { LIMITS, OFFENCES } from "../../../protocol/limits.ts";
import { dmOf, GENERAL } from "../../../protocol/names.ts";
import { blobPath, sizesIn } from "../../helpers/blobs.ts";
import { settle } from "../../helpers/fake_clock.ts";
import {
  download,
  fileOf,
  FileStream,
  hashOf,
  type TestFile,
  upload,
  uploadOf,
  wordOf,
} from "../../helpers/files.ts";
import { ulidOf } from "../../helpers/messages.ts";
import { startSocketless } from "../../helpers/socketless.ts";

const SIZE = 3 * LIMITS.chunk + 1;

type Server = Awaited<ReturnType<typeof startSocketless>>;

/** Begins an upload, sends as many bytes, and leaves the stream open. */
async function begin(
  peer: Parameters<typeof FileStream.open>[0],
  file: TestFile,
  bytes = 0,
): Promise<FileStream> {
  const stream = await FileStream.open(peer);
  await stream.write(uploadOf(file));
  const offset = await stream.ready();
  await stream.chunks(file.bytes.subarray(offset, offset + bytes));
  return stream;
}

/** Waits until the disk has as much of a file. */
async function until(server: Server, file: TestFile, bytes: number): Promise<void> {
  const size = async () => (await stat(await blobPath(server, file.file))).size;
  for (let look = 0; look < 500 && await size() !== bytes; look++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.equal(await size(), bytes);
}

Deno.test("upload stores a file, and every member of the conversation can download it", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const bob = await server.signIn("bob");
  for (const [number, size] of [0, 1, LIMITS.chunk, SIZE].entries()) {
    const file = fileOf(number, size);
    assert.equal(await upload(ann, file), "0, stored");
    for (const peer of [ann, bob]) {
      const [word, bytes] = await download(peer, file.file);
      assert.equal(word, "end");
      assert.deepEqual(hashOf(bytes), file.hash);
    }
  }
});

Deno.test("download begins at an offset, and ends at once where nothing follows", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const file = fileOf(1, SIZE);
  await upload(ann, file);
  const [, bytes] = await download(ann, file.file, 1_000);
  assert.deepEqual(bytes, file.bytes.subarray(1_000));
  assert.deepEqual(await download(ann, file.file, SIZE), ["end", new Uint8Array()]);
  assert.equal((await download(ann, file.file, SIZE + 1))[0], "bad_frame");
});

Deno.test("upload goes on where it stopped, from what is on the disk", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const file = fileOf(1, SIZE);
  const first = await begin(ann, file, LIMITS.chunk + 5);
  await until(server, file, LIMITS.chunk + 5);
  // Nobody has it as long as it is not whole.
  assert.equal((await download(ann, file.file))[0], "no_such_file");
  first.stream.reset(0);
  assert.equal(await upload(ann, file), `${LIMITS.chunk + 5}, stored`);
  assert.deepEqual((await download(ann, file.file))[1], file.bytes);
});

Deno.test("upload goes on on another connection, after the first has gone", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const file = fileOf(1, SIZE);
  await begin(ann, file, 10);
  await until(server, file, 10);
  await ann[Symbol.asyncDispose]();
  assert.equal(await upload(await server.signIn("ann"), file), "10, stored");
});

Deno.test("upload says that a stream has ended too early, and keeps what came", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const file = fileOf(1, SIZE);
  await using stream = await begin(ann, file, 10);
  // And with half a frame at the end: only this stream has lost its framing.
  await stream.stream.write(Uint8Array.of(0, 0, 1));
  await stream.stream.end();
  assert.equal(wordOf(await stream.next()), "unfinished_file");
  assert.equal(await stream.next(), undefined);
  assert.equal(await upload(ann, file), "10, stored");
});

Deno.test("upload of what is there has nothing to send", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const file = fileOf(1, SIZE);
  await upload(ann, file);
  assert.equal(await upload(ann, file), `${SIZE}, stored`);
  // For other people too: the bytes are there once.
  const again = { ...file, file: ulidOf(2), conversation: dmOf("ann", "bob") };
  const bob = await server.signIn("bob");
  assert.equal(await upload(ann, again), `${SIZE}, stored`);
  assert.deepEqual(await sizesIn(server.blobs), [SIZE]);
  assert.deepEqual((await download(bob, again.file))[1], file.bytes);
});

Deno.test("upload does not tell one account what another has", async () => {
  await using server = await startSocketless();
  const file = fileOf(1, SIZE);
  await upload(await server.signIn("ann"), file);
  const bob = await server.signIn("bob");
  assert.equal(await upload(bob, { ...file, file: ulidOf(2) }), "0, stored");
});

Deno.test("upload forgets what has another hash than was said", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const file = fileOf(1, SIZE);
  const bad = { ...file, bytes: file.bytes.with(SIZE - 1, file.bytes[SIZE - 1]! ^ 1) };
  assert.equal(await upload(ann, bad), "0, damaged_file");
  assert.deepEqual(await sizesIn(server.blobs), []);
  assert.equal((await download(ann, file.file))[0], "no_such_file");
  assert.equal(await upload(ann, file), "0, stored");
});

Deno.test("upload hashes again what was on the disk before", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const file = fileOf(1, SIZE);
  (await begin(ann, file, LIMITS.chunk)).stream.reset(0);
  await until(server, file, LIMITS.chunk);
  await writeFile(await blobPath(server, file.file), new Uint8Array(LIMITS.chunk));
  assert.equal(await upload(ann, file), `${LIMITS.chunk}, damaged_file`);
  assert.equal(await upload(ann, file), "0, stored");
});

Deno.test("upload refuses another file with the ID of a stored one, from any account", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const bob = await server.signIn("bob");
  const file = fileOf(1, SIZE);
  await begin(ann, file, 10);
  for (
    const other of [
      { ...fileOf(2, SIZE), file: file.file },
      { ...file, bytes: file.bytes.subarray(1) },
      { ...file, conversation: "room:tech" },
    ]
  ) {
    await server.rooms.join(server.presence.sessionsOf("ann")[0]!, "room:tech");
    assert.equal(await upload(ann, other), "other_file");
  }
  assert.equal(await upload(bob, file), "other_file");
});

Deno.test("upload is for conversations that one may write in, download for those one may read", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const bob = await server.signIn("bob");
  const eve = await server.signIn("eve");
  const refused = async (conversation: string) => await upload(ann, fileOf(1, 9, conversation));
  assert.equal(await refused("room:tech"), "not_a_member");
  assert.equal(await refused("group:none"), "unknown_conversation");
  assert.equal(await refused(dmOf("bob", "eve")), "unknown_conversation");
  assert.equal(await refused(dmOf("ann", "nobody")), "unknown_user");
  assert.deepEqual(await sizesIn(server.blobs), []);

  const file = fileOf(2, 9, dmOf("ann", "bob"));
  assert.equal(await upload(ann, file), "0, stored");
  assert.equal((await download(bob, file.file))[0], "end");
  // What one may not have is not told from what is not there.
  assert.deepEqual(await download(eve, file.file), await download(eve, ulidOf(77)));
  assert.equal((await download(eve, file.file))[0], "no_such_file");
});

Deno.test("upload that comes anew wins over the one that is under way", async () => {
  await using server = await startSocketless();
  const file = fileOf(1, SIZE);
  const first = await begin(await server.signIn("ann"), file, 10);
  await until(server, file, 10);
  assert.equal(await upload(await server.signIn("ann"), file), "10, stored");
  await assert.rejects(first.next(), { name: "StreamError" });
  // It takes nothing from others, who may send what they like.
  const second = await begin(await server.signIn("ann"), fileOf(2, SIZE), 10);
  assert.equal(await upload(await server.signIn("eve"), fileOf(2, SIZE)), "other_file");
  await second.chunks(fileOf(2, SIZE).bytes.subarray(10));
  assert.equal(wordOf(await second.next()), "stored");
});

Deno.test("upload refuses what has no place on its stream, and counts it as an offence", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const file = fileOf(1, SIZE);
  const chunk = { type: "chunk", bytes: file.bytes.subarray(0, 9) } as const;
  const say = async (...frames: readonly ClientFrame[]) => {
    await using stream = await FileStream.open(ann);
    await stream.write(...frames);
    return wordOf(await stream.next());
  };
  assert.equal(await say(chunk), "bad_state");
  assert.equal(await say(uploadOf(file), chunk), "bad_state");
  await using twice = await begin(ann, file, 10);
  await twice.write(uploadOf(file));
  assert.equal(wordOf(await twice.next()), "bad_state");
  await using more = await begin(ann, fileOf(2, 10));
  await more.chunks(new Uint8Array(11));
  assert.equal(wordOf(await more.next()), "bad_frame");
  assert.equal(await upload(ann, file), "10, stored");

  for (let offence = 4; offence < OFFENCES; offence++) await say(chunk);
  await say(chunk).catch(() => {});
  const last = await ann.next("error");
  assert.equal(last.code, "too_many_offences");
});

Deno.test("upload says that a file is too large, and that the quota is used up", async () => {
  await using server = await startSocketless({}, { largest: 1_000, quota: 1_500 });
  const ann = await server.signIn("ann");
  assert.equal(await upload(ann, fileOf(1, 1_001)), "file_too_large");
  // What was announced counts, whether it has come or not.
  await begin(ann, fileOf(2, 1_000), 10);
  assert.equal(await upload(ann, fileOf(3, 501)), "quota_exceeded");
  assert.equal(await upload(ann, fileOf(4, 500)), "0, stored");
  // What is there once counts once.
  assert.equal(await upload(ann, { ...fileOf(4, 500), file: ulidOf(5) }), "500, stored");
  assert.equal(await upload(ann, fileOf(6, 1)), "quota_exceeded");
  assert.equal(await upload(await server.signIn("bob"), fileOf(7, 1_000)), "0, stored");
});

Deno.test("upload says how much is free, and what to do", async () => {
  await using server = await startSocketless({}, { quota: 4_096, keep: 864e5 });
  const ann = await server.signIn("ann");
  await using stream = await FileStream.open(ann);
  await stream.write(uploadOf(fileOf(1, 5_000)));
  const error = await stream.next();
  assert.ok(error?.type === "error");
  assert.equal(
    error.message,
    "The file has 4.9 KiB, and 4.0 KiB of your 4.0 KiB are free. Files are kept for 1 days.",
  );
});

Deno.test("upload names the unknown user, or the room that the account is not in", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  for (const [conversation, named] of [[dmOf("ann", "zoe"), "zoe"], ["room:tech", "tech"]]) {
    await using stream = await FileStream.open(ann);
    await stream.write(uploadOf({ ...fileOf(1, 1), conversation: String(conversation) }));
    const error = await stream.next();
    assert.ok(error?.type === "error");
    assert.match(error.message, new RegExp(`\\b${named}\\b`));
  }
});

Deno.test("upload has a bound on files that are small", async () => {
  await using server = await startSocketless({}, { count: 2 });
  const ann = await server.signIn("ann");
  for (const number of [1, 2]) assert.equal(await upload(ann, fileOf(number, 0)), "0, stored");
  assert.equal(await upload(ann, fileOf(3, 0)), "quota_exceeded");
});

Deno.test("upload leaves room on the disk", async () => {
  await using server = await startSocketless({}, { spare: Number.MAX_SAFE_INTEGER });
  assert.equal(await upload(await server.signIn("ann"), fileOf(1, 1)), "disk_full");
  assert.deepEqual(await sizesIn(server.blobs), []);
});

Deno.test("upload and download are so many at once for each connection, and for all", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const bob = await server.signIn("bob");
  const whole = fileOf(99, 1);
  await upload(ann, whole);
  const streams = [];
  for (let number = 0; number < LIMITS.transfers; number++) {
    streams.push(await begin(ann, fileOf(number, SIZE)));
  }
  assert.equal(await upload(ann, fileOf(50, SIZE)), "busy");
  assert.equal((await download(ann, whole.file))[0], "busy");
  // The third takes one of ann's four. Then both have as many.
  for (const number of [60, 61, 62]) await begin(bob, fileOf(number, SIZE));
  assert.equal((await download(bob, whole.file))[0], "busy");
  for (const { stream } of streams) stream.reset(0);
  await settle(10);
  assert.equal((await download(bob, whole.file))[0], "end");
});

Deno.test("upload loses its stream, and nothing else, when the disk fails", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const file = fileOf(1, 10);
  await rename(server.blobs, `${server.blobs}.away`);
  await assert.rejects(upload(ann, file), { name: "StreamError" });
  await rename(`${server.blobs}.away`, server.blobs);
  await ann.say(GENERAL, ulidOf(5), "still here");
  await ann.next("ack");
  assert.equal(await upload(ann, file), "0, stored");
});

Deno.test("download says that a file is not there when its bytes are not", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const file = fileOf(1, SIZE);
  await upload(ann, file);
  await truncate(await blobPath(server, file.file), 5);
  assert.equal((await download(ann, file.file))[0], "no_such_file");
  // It can be sent again, under another ID or the same.
  for (const id of [ulidOf(2), file.file]) {
    assert.match(await upload(ann, { ...file, file: id }), /stored$/);
    assert.deepEqual((await download(ann, id))[1], file.bytes);
  }
});

Deno.test("download loses its stream, and nothing else, if the client does not read", async () => {
  await using server = await startSocketless();
  const ann = await server.signIn("ann");
  const file = fileOf(1, 900_000);
  await upload(ann, file);
  await using stream = await FileStream.open(ann);
  await stream.write({ type: "download", id: 2, file: file.file, offset: 0 });
  assert.equal(wordOf(await stream.next()), "chunk");
  for (let second = 0; second < 32; second++) {
    // The disk is a real one, and takes real time to fill what is waited for.
    await new Promise((resolve) => setTimeout(resolve, 5));
    await server.pass(1_000);
    await ann.write({ type: "ping", id: ann.nextId() });
  }
  await assert.rejects(async () => {
    while (await stream.next() !== undefined);
  }, { name: "StreamError" });
  await ann.say(GENERAL, ulidOf(5), "still here");
  await ann.next("ack");
});
