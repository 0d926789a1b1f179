import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmod, link, mkdir, readdir, readFile, stat } from "node:fs/promises";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RefusedError } from "../../../client/session/refused_error.ts";
import type { AnnouncedFile } from "../../../client/files/file_store.ts";
import { discardPart, DiskDownload, partName } from "../../../client/platform/disk_download.ts";
import { ulidOf } from "../../helpers/messages.ts";
import { inFolder } from "../../helpers/temp_folder.ts";

const BYTES = crypto.getRandomValues(new Uint8Array(1000));

function expected(name = "plan.pdf", bytes = BYTES): AnnouncedFile {
  const hash = new Uint8Array(createHash("sha256").update(bytes).digest());
  return { name, file: ulidOf(1), size: bytes.length, hash };
}

async function write(
  folder: string,
  file: AnnouncedFile,
  ...chunks: Uint8Array[]
): Promise<string> {
  await using download = await DiskDownload.open(folder, file);
  for (const chunk of chunks) await download.append(chunk);
  return await download.finish();
}

function refusedAs(code: string) {
  return (failure: unknown) => failure instanceof RefusedError && failure.code === code;
}

Deno.test("DiskDownload makes its folder, and writes a file that only its owner may read", () =>
  inFolder(async (parent) => {
    const folder = join(parent, "a", "b");
    const path = await write(folder, expected(), BYTES.subarray(0, 7), BYTES.subarray(7));
    assert.equal(path, join(folder, "plan.pdf"));
    assert.deepEqual(new Uint8Array(await readFile(path)), BYTES);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(folder), ["plan.pdf"]);
  }));

Deno.test("DiskDownload writes an empty file", () =>
  inFolder(async (folder) => {
    const path = await write(folder, expected("empty", new Uint8Array()));
    assert.equal((await stat(path)).size, 0);
  }));

Deno.test("DiskDownload never replaces a file", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "plan.pdf"), "mine");
    await mkdir(join(folder, "plan (1).pdf"));
    await symlink("nowhere", join(folder, "plan (2).pdf"));
    assert.equal(await write(folder, expected(), BYTES), join(folder, "plan (3).pdf"));
    assert.equal(await readFile(join(folder, "plan.pdf"), "utf8"), "mine");
    assert.deepEqual((await readdir(folder)).length, 4);
  }));

Deno.test("DiskDownload writes outside its folder for no name", () =>
  inFolder(async (parent) => {
    const folder = join(parent, "in");
    for (const name of ["../../etc/passwd", "/etc/passwd", "..", ".bashrc", "a\0b", "CON"]) {
      const path = await write(folder, expected(name), BYTES);
      assert.match(path.slice(folder.length), /^\/[^/.][^/]*$/);
    }
    assert.deepEqual(await readdir(parent), ["in"]);
  }));

Deno.test("DiskDownload continues a download that broke off", () =>
  inFolder(async (folder) => {
    {
      await using download = await DiskDownload.open(folder, expected());
      await download.append(BYTES.subarray(0, 400));
    }
    assert.deepEqual(await readdir(folder), [partName(expected())]);
    await using download = await DiskDownload.open(folder, expected());
    assert.equal(download.length, 400);
    await download.append(BYTES.subarray(400));
    assert.equal(await download.finish(), join(folder, "plan.pdf"));
    assert.deepEqual(await readdir(folder), ["plan.pdf"]);
  }));

Deno.test("DiskDownload keeps nothing of a file that is not as announced", () =>
  inFolder(async (folder) => {
    const wrong = BYTES.slice();
    wrong[500] = (wrong[500] ?? 0) ^ 1;
    await assert.rejects(write(folder, expected(), wrong), refusedAs("damaged_file"));
    assert.deepEqual(await readdir(folder), []);
    await assert.rejects(write(folder, expected(), BYTES, BYTES), refusedAs("damaged_file"));
    await discardPart(folder, expected());
    await assert.rejects(write(folder, expected(), BYTES.subarray(1)), refusedAs("damaged_file"));
    assert.deepEqual(await readdir(folder), []);
  }));

Deno.test("DiskDownload starts again when the part is too long", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, partName(expected())), new Uint8Array(2000), { mode: 0o600 });
    await using download = await DiskDownload.open(folder, expected());
    assert.equal(download.length, 0);
  }));

Deno.test("DiskDownload continues no file that it did not make", () =>
  inFolder(async (folder) => {
    const part = join(folder, partName(expected()));
    const other = join(folder, "other");
    await writeFile(other, "other", { mode: 0o600 });
    const plants = [
      () => symlink(other, part),
      () => link(other, part),
      () => mkdir(part),
      () => writeFile(part, "").then(() => chmod(part, 0o666)),
    ];
    for (const plant of plants) {
      await plant();
      await assert.rejects(write(folder, expected(), BYTES), refusedAs("not_written"));
      await Deno.remove(part);
    }
    assert.equal(await readFile(other, "utf8"), "other");
  }));

Deno.test("DiskDownload lets two clients download the same file at once", () =>
  inFolder(async (folder) => {
    await using one = await DiskDownload.open(folder, expected());
    await one.append(BYTES.subarray(0, 600));
    await using other = await DiskDownload.open(folder, expected());
    await one.append(BYTES.subarray(600));
    await other.append(BYTES.subarray(600, 800));
    const path = await one.finish();
    await other.append(BYTES.subarray(800));
    await assert.rejects(other.finish(), refusedAs("not_written"));
    assert.deepEqual(new Uint8Array(await readFile(path)), BYTES);
    assert.deepEqual(await readdir(folder), ["plan.pdf"]);
  }));

Deno.test("DiskDownload says why it cannot write", () =>
  inFolder(async (parent) => {
    await writeFile(join(parent, "file"), "");
    for (const folder of [join(parent, "file"), join(parent, "file", "in")]) {
      await assert.rejects(DiskDownload.open(folder, expected()), (failure) => {
        assert.ok(failure instanceof RefusedError);
        assert.equal(failure.code, "not_written");
        assert.match(failure.message, /: it is not a folder\./);
        return true;
      });
    }
  }));
