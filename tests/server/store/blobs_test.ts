import assert from "node:assert/strict";
import { mkdir, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { blobName, NAME_BYTES } from "../../../server/store/blob_name.ts";
import { DiskBlobs } from "../../../server/store/blobs.ts";
import { hashOf } from "../../helpers/files.ts";
import { ulidOf } from "../../helpers/messages.ts";

const BLOB = blobName(new Uint8Array(NAME_BYTES).fill(7));
const BYTES = Uint8Array.from({ length: 700_000 }, (_, index) => index * 7 + (index >> 8));

async function tempBlobs() {
  const folder = await Deno.makeTempDir({ prefix: "sotto-blobs-" });
  return {
    folder,
    blobs: new DiskBlobs(folder),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** Appends to a blob, which is made if it is not there. */
async function append(blobs: DiskBlobs, bytes: Uint8Array) {
  await using writer = await blobs.open(BLOB) ?? await blobs.create(BLOB);
  await writer.append(bytes);
  return { length: writer.length, hash: await writer.finish() };
}

Deno.test("DiskBlobs goes on where a blob ends, and hashes all of it", async () => {
  await using temp = await tempBlobs();
  const { blobs } = temp;
  assert.equal(await blobs.length(BLOB), undefined);
  await append(blobs, BYTES.subarray(0, 600_000));
  assert.equal(await blobs.length(BLOB), 600_000);
  assert.deepEqual(await append(blobs, BYTES.subarray(600_000)), {
    length: BYTES.length,
    hash: hashOf(BYTES),
  });
});

Deno.test("DiskBlobs makes a blob only under a name that nothing has, and touches nothing else", async () => {
  await using temp = await tempBlobs();
  const { blobs, folder } = temp;
  await append(blobs, BYTES);
  await assert.rejects(blobs.create(BLOB), { code: "EEXIST" });
  assert.equal(await blobs.length(BLOB), BYTES.length);
  await blobs.remove(BLOB);
  // Nor behind a link, which could lead anywhere.
  await symlink(join(folder, "elsewhere"), join(folder, BLOB));
  await assert.rejects(blobs.create(BLOB), { code: "EEXIST" });
  assert.deepEqual(await readdir(folder), [BLOB]);
});

Deno.test("DiskBlobs opens no blob that is not there", async () => {
  await using temp = await tempBlobs();
  assert.equal(await temp.blobs.open(BLOB), undefined);
  assert.deepEqual(await readdir(temp.folder), []);
});

Deno.test("DiskBlobs opens the blobs of earlier versions, which have ULIDs for names", async () => {
  await using temp = await tempBlobs();
  const { blobs, folder } = temp;
  await writeFile(join(folder, ulidOf(1)), BYTES.subarray(0, 9));
  assert.deepEqual(await Array.fromAsync(blobs.names()), [ulidOf(1)]);
  await using writer = await blobs.open(ulidOf(1));
  await writer?.append(BYTES.subarray(9));
  assert.deepEqual(await writer?.finish(), hashOf(BYTES));
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
  await mkdir(join(temp.folder, ulidOf(2)));
  assert.deepEqual(await Array.fromAsync(temp.blobs.names()), [BLOB]);
});

Deno.test("DiskBlobs never leaves its folder", async () => {
  await using temp = await tempBlobs();
  for (const name of ["../x", "a/b", "", ".."]) {
    await assert.rejects(temp.blobs.create(name), /not the name of one/);
    await assert.rejects(temp.blobs.open(name), /not the name of one/);
    await assert.rejects(temp.blobs.read(name), /not the name of one/);
    await assert.rejects(async () => await temp.blobs.remove(name), /not the name of one/);
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
  await using writer = await temp.blobs.open(BLOB);
  assert.ok(writer !== undefined);
  await assert.rejects(writer.append(new Uint8Array(10)), { code: "disk_full" });
});

Deno.test("DiskBlobs empties a blob that it could not sync: the disk may lack what can be read", async () => {
  await using temp = await tempBlobs();
  const failing = new DiskBlobs(temp.folder, () => Promise.reject(new Error("EIO: i/o error")));
  await assert.rejects(append(failing, BYTES), /EIO/);
  assert.equal(await temp.blobs.length(BLOB), 0);
  assert.deepEqual((await append(temp.blobs, BYTES)).hash, hashOf(BYTES));
});
