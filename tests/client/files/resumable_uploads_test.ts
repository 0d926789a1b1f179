import assert from "node:assert/strict";
import { chmod, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type UploadKey,
  UploadsInFolder,
  UploadsInMemory,
} from "../../../client/files/resumable_uploads.ts";
import { ulidOf } from "../../helpers/messages.ts";

const UPLOAD: UploadKey = {
  pin: "SHA256:pin",
  user: "ann",
  conversation: "dm:ann:bob",
  name: "plan.pdf",
  size: 3,
  hash: new Uint8Array(32),
};

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "sotto-memory-" });
  try {
    await test(join(folder, "uploads"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("UploadMemory recalls what was begun, for that file, person and place alone", () =>
  withFolder(async (folder) => {
    for (const memory of [new UploadsInMemory(), new UploadsInFolder(folder)]) {
      assert.equal(await memory.recall(UPLOAD), undefined);
      await memory.remember(UPLOAD, ulidOf(1));
      await memory.remember(UPLOAD, ulidOf(2));
      assert.equal(await memory.recall(UPLOAD), ulidOf(2));
      const hash = new Uint8Array(32).fill(1);
      const others = [{ pin: "other" }, { user: "bob" }, { conversation: "room:tech" }, { hash }];
      for (const other of others) {
        assert.equal(await memory.recall({ ...UPLOAD, ...other }), undefined);
      }
      await memory.forget(UPLOAD);
      await memory.forget(UPLOAD);
      assert.equal(await memory.recall(UPLOAD), undefined);
    }
  }));

Deno.test("UploadMemory keeps the newest, so many", () =>
  withFolder(async (folder) => {
    for (const memory of [new UploadsInMemory(8), new UploadsInFolder(folder, 8)]) {
      for (let size = 0; size < 12; size++) {
        await memory.remember({ ...UPLOAD, size }, ulidOf(size));
      }
      assert.equal(await memory.recall({ ...UPLOAD, size: 11 }), ulidOf(11));
      assert.equal(await memory.recall({ ...UPLOAD, size: 0 }), undefined);
    }
    assert.equal((await readdir(folder)).length, 8);
  }));

Deno.test("MemoryInFolder tells others nothing, and takes nothing from them", () =>
  withFolder(async (folder) => {
    const memory = new UploadsInFolder(folder);
    await memory.remember(UPLOAD, ulidOf(1));
    const [name = ""] = await readdir(folder);
    assert.match(name, /^[0-9a-f]{64}$/);
    const path = join(folder, name);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    await writeFile(path, "nonsense");
    assert.equal(await memory.recall(UPLOAD), undefined);
    await memory.remember(UPLOAD, ulidOf(1));
    await chmod(path, 0o644);
    assert.equal(await memory.recall(UPLOAD), undefined);
    await chmod(folder, 0o777);
    await memory.remember({ ...UPLOAD, size: 9 }, ulidOf(3)); // Not kept there, and no failure.
    assert.equal(await memory.recall({ ...UPLOAD, size: 9 }), undefined);
  }));
