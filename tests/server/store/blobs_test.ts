import assert from "node:assert/strict";
import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DiskBlobs } from "../../../server/store/blobs.ts";
import { hashOf } from "../../helpers/files.ts";
import { ulidOf } from "../../helpers/messages.ts";

const BLOB = ulidOf(1);
const BYTES = Uint8Array.from({ length: 700_000 }, (_, index) => index * 7 + (index >> 8));

async function tempBlobs() {
  const folder = await Deno.makeTempDir({ prefix: "sotto-blobs-" });
  return {
    folder,
    blobs: new DiskBlobs(folder),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

async function append(blobs: DiskBlobs, bytes: Uint8Array, size = BYTES.length) {
  await using writer = await blobs.write(BLOB, size);
  await writer.append(bytes);
  return { length: writer.length, hash: await writer.finish() };
}

Deno.test("DiskBlobs goes on where a blob ends, and hashes all of it", async () => {
  await using temp = await tempBlobs();
  const { blobs } = temp;
  assert.equal(await blobs.length(BLOB), 0);
  await append(blobs, BYTES.subarray(0, 600_000));
  assert.equal(await blobs.length(BLOB), 600_000);
  assert.deepEqual(await append(blobs, BYTES.subarray(600_000)), {
    length: BYTES.length,
    hash: hashOf(BYTES),
  });
});

Deno.test("DiskBlobs begins anew where there is more than there can be", async () => {
  await using temp = await tempBlobs();
  await append(temp.blobs, BYTES);
  const { length, hash } = await append(temp.blobs, BYTES.subarray(0, 5), 10);
  assert.deepEqual([length, hash], [5, hashOf(BYTES.subarray(0, 5))]);
});

Deno.test("DiskBlobs reads from any offset, up to the end", async () => {
  await using temp = await tempBlobs();
  assert.equal(await temp.blobs.read(BLOB), undefined);
  await append(temp.blobs, BYTES);
  await using reader = await temp.blobs.read(BLOB);
  assert.equal(reader?.length, BYTES.length);
  const bytes = new Uint8Array(100);
  assert.equal(await reader?.into(bytes, 5_000), 100);
  assert.deepEqual(bytes, BYTES.subarray(5_000, 5_100));
  assert.equal(await reader?.into(bytes, BYTES.length - 3), 3);
  assert.equal(await reader?.into(bytes, BYTES.length), 0);
});

Deno.test("DiskBlobs makes blobs readable for their owner only", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await using temp = await tempBlobs();
  await append(temp.blobs, BYTES);
  assert.equal((await stat(join(temp.folder, BLOB))).mode & 0o777, 0o600);
});

Deno.test("DiskBlobs removes a blob, and needs none to be there", async () => {
  await using temp = await tempBlobs();
  await append(temp.blobs, BYTES);
  await temp.blobs.remove(BLOB);
  await temp.blobs.remove(BLOB);
  assert.deepEqual(await readdir(temp.folder), []);
});

Deno.test("DiskBlobs names blobs, and nothing else that is in the folder", async () => {
  await using temp = await tempBlobs();
  await append(temp.blobs, BYTES);
  await writeFile(join(temp.folder, "notes.txt"), "not ours");
  assert.deepEqual(await Array.fromAsync(temp.blobs.names()), [BLOB]);
});

Deno.test("DiskBlobs never leaves its folder", async () => {
  await using temp = await tempBlobs();
  for (const name of ["../x", "a/b", "", ".."]) {
    await assert.rejects(temp.blobs.write(name, 1), /not a ULID/);
    await assert.rejects(temp.blobs.read(name), /not a ULID/);
    await assert.rejects(async () => await temp.blobs.remove(name), /not a ULID/);
  }
});

Deno.test("DiskBlobs says how much is free on the disk", async () => {
  await using temp = await tempBlobs();
  assert.ok(await temp.blobs.free() > 0);
});

Deno.test("DiskBlobs tells a full disk from other failures", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  await using temp = await tempBlobs();
  // What is written to /dev/full finds no room, as on a full disk.
  await Deno.symlink("/dev/full", join(temp.folder, BLOB));
  await using writer = await temp.blobs.write(BLOB, 10);
  await assert.rejects(writer.append(new Uint8Array(10)), { code: "disk_full" });
});
