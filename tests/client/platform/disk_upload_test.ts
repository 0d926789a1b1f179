import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFile, mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RefusedError } from "../../../client/session/refused_error.ts";
import { DiskUpload } from "../../../client/platform/disk_upload.ts";
import { inFolder } from "../../helpers/temp_folder.ts";

const BYTES = new TextEncoder().encode("a file of some bytes");

function refusedAs(code: string, words: RegExp) {
  return (failure: unknown) => {
    assert.ok(failure instanceof RefusedError, String(failure));
    assert.equal(failure.code, code);
    assert.match(failure.message, words);
    return true;
  };
}

Deno.test("DiskUpload reads from any offset, and hashes the file once", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "a b.txt"), BYTES);
    await using file = await DiskUpload.open("~/a b.txt", folder);
    assert.deepEqual([file.name, file.size], ["a b.txt", BYTES.length]);
    let read = 0;
    const hash = await file.hash((bytes) => read += bytes);
    assert.deepEqual(hash, new Uint8Array(createHash("sha256").update(BYTES).digest()));
    assert.equal(await file.hash(() => {}), hash);
    assert.equal(read, BYTES.length);
    assert.deepEqual(await file.read(new Uint8Array(4), 7), BYTES.subarray(7, 11));
    assert.deepEqual(await file.read(new Uint8Array(99), 7), BYTES.subarray(7));
    await file.check();
  }));

Deno.test("DiskUpload accepts an empty file, and names the target of a link", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "empty"), "");
    await symlink("empty", join(folder, "link"));
    await using file = await DiskUpload.open(join(folder, "link"), folder);
    assert.deepEqual([file.name, file.size], ["empty", 0]);
    assert.equal((await file.hash(() => {})).length, 32);
  }));

Deno.test("DiskUpload refuses what is not an ordinary file, and says what it is", () =>
  inFolder(async (folder) => {
    await mkdir(join(folder, "folder"));
    execFileSync("mkfifo", [join(folder, "fifo")]);
    const refusals: readonly (readonly [path: string, code: string, words: RegExp])[] = [
      [join(folder, "folder"), "not_a_file", /is a folder\. Pack it/],
      [folder, "not_a_file", /is a folder/],
      [join(folder, "fifo"), "not_a_file", /is not an ordinary file/],
      ["/dev/zero", "not_a_file", /is not an ordinary file/],
      [join(folder, "nothing"), "no_file", /there is no file .*nothing/],
      [join(folder, "no", "thing"), "no_file", /there is no file/],
      ["a\0b", "no_file", /there is no file/],
      ["x".repeat(5000), "no_file", /there is no file/],
      ["", "no_file", /there is no file/],
    ];
    for (const [path, code, words] of refusals) {
      await assert.rejects(DiskUpload.open(path, folder), refusedAs(code, words), path);
    }
  }));

Deno.test("DiskUpload detects that a file was changed", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await writeFile(path, BYTES);
    {
      await using file = await DiskUpload.open(path, folder);
      await file.hash(() => {});
      await appendFile(path, "more");
      await assert.rejects(file.check(), refusedAs("file_changed", /the file changed while/));
    }
    await using file = await DiskUpload.open(path, folder);
    await writeFile(path, "less");
    await assert.rejects(file.hash(() => {}), refusedAs("file_changed", /the file changed while/));
  }));

Deno.test("DiskUpload keeps to the file that it opened when another takes the name", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await writeFile(path, BYTES);
    await writeFile(join(folder, "other"), "something else altogether");
    await using file = await DiskUpload.open(path, folder);
    await rename(join(folder, "other"), path);
    assert.deepEqual(await file.read(new Uint8Array(99), 0), BYTES);
    await file.check();
  }));

Deno.test("DiskUpload stops hashing when it is disposed of", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await writeFile(path, new Uint8Array(2_000_000));
    const file = await DiskUpload.open(path, folder);
    let read = 0;
    const hash = file.hash((bytes) => read += bytes);
    const stopped = assert.rejects(hash, /closed while it was hashed/);
    await file[Symbol.asyncDispose]();
    await stopped;
    assert.ok(read < 2_000_000, `${read} bytes were read`);
    await assert.rejects(file.read(new Uint8Array(1), 0));
  }));
