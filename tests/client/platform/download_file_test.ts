import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmod, link, mkdir, readdir, readFile, stat } from "node:fs/promises";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RefusedError } from "../../../client/session/requests.ts";
import {
  type AnnouncedFile,
  discardPart,
  DownloadFile,
  partName,
} from "../../../client/platform/download_file.ts";
import { ulidOf } from "../../helpers/messages.ts";
import { inFolder } from "../../helpers/temp_folder.ts";

const BYTES = crypto.getRandomValues(new Uint8Array(1000));

function expected(name = "plan.pdf", bytes = BYTES): AnnouncedFile {
  const hash = new Uint8Array(createHash("sha256").update(bytes).digest());
  return { name, file: ulidOf(1), size: bytes.length, hash };
}

async function land(folder: string, file: AnnouncedFile, ...chunks: Uint8Array[]): Promise<string> {
  await using landing = await DownloadFile.open(folder, file);
  for (const chunk of chunks) await landing.append(chunk);
  return await landing.finish();
}

function refusedAs(code: string) {
  return (failure: unknown) => failure instanceof RefusedError && failure.code === code;
}

Deno.test("Landing writes a file into a folder that it makes, for its owner alone", () =>
  inFolder(async (parent) => {
    const folder = join(parent, "a", "b");
    const path = await land(folder, expected(), BYTES.subarray(0, 7), BYTES.subarray(7));
    assert.equal(path, join(folder, "plan.pdf"));
    assert.deepEqual(new Uint8Array(await readFile(path)), BYTES);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(folder), ["plan.pdf"]);
  }));

Deno.test("Landing writes an empty file", () =>
  inFolder(async (folder) => {
    const path = await land(folder, expected("empty", new Uint8Array()));
    assert.equal((await stat(path)).size, 0);
  }));

Deno.test("Landing never takes the place of what is there", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "plan.pdf"), "mine");
    await mkdir(join(folder, "plan (1).pdf"));
    await symlink("nowhere", join(folder, "plan (2).pdf"));
    assert.equal(await land(folder, expected(), BYTES), join(folder, "plan (3).pdf"));
    assert.equal(await readFile(join(folder, "plan.pdf"), "utf8"), "mine");
    assert.deepEqual((await readdir(folder)).length, 4);
  }));

Deno.test("Landing leaves the folder for no name", () =>
  inFolder(async (parent) => {
    const folder = join(parent, "in");
    for (const name of ["../../etc/passwd", "/etc/passwd", "..", ".bashrc", "a\0b", "CON"]) {
      const path = await land(folder, expected(name), BYTES);
      assert.match(path.slice(folder.length), /^\/[^/.][^/]*$/);
    }
    assert.deepEqual(await readdir(parent), ["in"]);
  }));

Deno.test("Landing goes on with what broke off", () =>
  inFolder(async (folder) => {
    {
      await using landing = await DownloadFile.open(folder, expected());
      await landing.append(BYTES.subarray(0, 400));
    }
    assert.deepEqual(await readdir(folder), [partName(expected())]);
    await using landing = await DownloadFile.open(folder, expected());
    assert.equal(landing.length, 400);
    await landing.append(BYTES.subarray(400));
    assert.equal(await landing.finish(), join(folder, "plan.pdf"));
    assert.deepEqual(await readdir(folder), ["plan.pdf"]);
  }));

Deno.test("Landing keeps nothing that is not what was announced", () =>
  inFolder(async (folder) => {
    const wrong = BYTES.slice();
    wrong[500] = (wrong[500] ?? 0) ^ 1;
    await assert.rejects(land(folder, expected(), wrong), refusedAs("damaged_file"));
    assert.deepEqual(await readdir(folder), []);
    await assert.rejects(land(folder, expected(), BYTES, BYTES), refusedAs("damaged_file"));
    await discardPart(folder, expected());
    await assert.rejects(land(folder, expected(), BYTES.subarray(1)), refusedAs("damaged_file"));
    assert.deepEqual(await readdir(folder), []);
  }));

Deno.test("Landing begins again when more is there than there should be", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, partName(expected())), new Uint8Array(2000), { mode: 0o600 });
    await using landing = await DownloadFile.open(folder, expected());
    assert.equal(landing.length, 0);
  }));

Deno.test("Landing goes on with nothing that somebody else put there", () =>
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
      await assert.rejects(land(folder, expected(), BYTES), refusedAs("not_written"));
      await Deno.remove(part);
    }
    assert.equal(await readFile(other, "utf8"), "other");
  }));

Deno.test("Landing lets two fetch the same file at once", () =>
  inFolder(async (folder) => {
    await using one = await DownloadFile.open(folder, expected());
    await one.append(BYTES.subarray(0, 600));
    await using other = await DownloadFile.open(folder, expected());
    await one.append(BYTES.subarray(600));
    await other.append(BYTES.subarray(600, 800));
    const path = await one.finish();
    await other.append(BYTES.subarray(800));
    await assert.rejects(other.finish(), refusedAs("not_written"));
    assert.deepEqual(new Uint8Array(await readFile(path)), BYTES);
    assert.deepEqual(await readdir(folder), ["plan.pdf"]);
  }));

Deno.test("Landing says why it cannot write", () =>
  inFolder(async (parent) => {
    await writeFile(join(parent, "file"), "");
    for (const folder of [join(parent, "file"), join(parent, "file", "in")]) {
      await assert.rejects(DownloadFile.open(folder, expected()), (failure) => {
        assert.ok(failure instanceof RefusedError);
        assert.equal(failure.code, "not_written");
        assert.match(failure.message, /that is no folder/);
        return true;
      });
    }
  }));
