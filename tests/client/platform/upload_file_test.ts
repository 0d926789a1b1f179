import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFile, mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RefusedError } from "../../../client/session/requests.ts";
import { UploadFile } from "../../../client/platform/upload_file.ts";
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

Deno.test("Source reads a file, wherever it is asked to, and hashes it once", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "a b.txt"), BYTES);
    await using source = await UploadFile.open("~/a b.txt", folder);
    assert.deepEqual([source.name, source.size], ["a b.txt", BYTES.length]);
    let read = 0;
    const hash = await source.hash((bytes) => read += bytes);
    assert.deepEqual(hash, new Uint8Array(createHash("sha256").update(BYTES).digest()));
    assert.equal(await source.hash(), hash);
    assert.equal(read, BYTES.length);
    assert.deepEqual(await source.read(new Uint8Array(4), 7), BYTES.subarray(7, 11));
    assert.deepEqual(await source.read(new Uint8Array(99), 7), BYTES.subarray(7));
    await source.check();
  }));

Deno.test("Source takes an empty file, and one behind a link by its own name", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "empty"), "");
    await symlink("empty", join(folder, "link"));
    await using source = await UploadFile.open(join(folder, "link"), folder);
    assert.deepEqual([source.name, source.size], ["empty", 0]);
    assert.equal((await source.hash()).length, 32);
  }));

Deno.test("Source refuses what is no ordinary file, and says what it is", () =>
  inFolder(async (folder) => {
    await mkdir(join(folder, "folder"));
    execFileSync("mkfifo", [join(folder, "fifo")]);
    const refusals: readonly (readonly [path: string, code: string, words: RegExp])[] = [
      [join(folder, "folder"), "not_a_file", /is a folder\. Pack it/],
      [folder, "not_a_file", /is a folder/],
      [join(folder, "fifo"), "not_a_file", /is no ordinary file/],
      ["/dev/zero", "not_a_file", /is no ordinary file/],
      [join(folder, "nothing"), "no_file", /there is no file .*nothing/],
      [join(folder, "no", "thing"), "no_file", /there is no file/],
      ["a\0b", "no_file", /there is no file/],
      ["x".repeat(5000), "no_file", /there is no file/],
      ["", "no_file", /there is no file/],
    ];
    for (const [path, code, words] of refusals) {
      await assert.rejects(UploadFile.open(path, folder), refusedAs(code, words), path);
    }
  }));

Deno.test("Source finds out that a file was changed", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await writeFile(path, BYTES);
    {
      await using source = await UploadFile.open(path, folder);
      await source.hash();
      await appendFile(path, "more");
      await assert.rejects(source.check(), refusedAs("file_changed", /changed meanwhile/));
    }
    await using source = await UploadFile.open(path, folder);
    await writeFile(path, "less");
    await assert.rejects(source.hash(), refusedAs("file_changed", /changed meanwhile/));
  }));

Deno.test("Source stays with the file that was named, whatever takes its name", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await writeFile(path, BYTES);
    await writeFile(join(folder, "other"), "something else altogether");
    await using source = await UploadFile.open(path, folder);
    await rename(join(folder, "other"), path);
    assert.deepEqual(await source.read(new Uint8Array(99), 0), BYTES);
    await source.check();
  }));

Deno.test("Source is closed by the last who holds it", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "file"), BYTES);
    const source = await UploadFile.open(join(folder, "file"), folder);
    const share = source.share();
    await source[Symbol.asyncDispose]();
    assert.deepEqual(await share.read(new Uint8Array(1), 0), BYTES.subarray(0, 1));
    await share[Symbol.asyncDispose]();
    await assert.rejects(share.read(new Uint8Array(1), 0));
  }));
