import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { type UploadKey, UploadsInMemory } from "../../../client/files/resumable_uploads.ts";
import { UploadsInFolder } from "../../../client/platform/uploads_in_folder.ts";
import { ulidOf } from "../../helpers/messages.ts";
import { inFolder } from "../../helpers/temp_folder.ts";

const UPLOAD: UploadKey = {
  pin: "SHA256:pin",
  user: "ann",
  conversation: "dm:ann:bob",
  name: "plan.pdf",
  size: 3,
  hash: new Uint8Array(32),
};

Deno.test("ResumableUploads recall an upload by its file, user and conversation", () =>
  inFolder(async (folder) => {
    for (const uploads of [new UploadsInMemory(), new UploadsInFolder(folder)]) {
      assert.equal(await uploads.recall(UPLOAD), undefined);
      await uploads.remember(UPLOAD, ulidOf(1));
      await uploads.remember(UPLOAD, ulidOf(2));
      assert.equal(await uploads.recall(UPLOAD), ulidOf(2));
      const hash = new Uint8Array(32).fill(1);
      const others = [{ pin: "other" }, { user: "bob" }, { conversation: "room:tech" }, { hash }];
      for (const other of others) {
        assert.equal(await uploads.recall({ ...UPLOAD, ...other }), undefined);
      }
      await uploads.forget(UPLOAD);
      await uploads.forget(UPLOAD);
      assert.equal(await uploads.recall(UPLOAD), undefined);
    }
  }));

Deno.test("ResumableUploads forget the oldest past their limit", () =>
  inFolder(async (folder) => {
    for (const uploads of [new UploadsInMemory(8), new UploadsInFolder(folder, 8)]) {
      for (let size = 0; size < 12; size++) {
        await uploads.remember({ ...UPLOAD, size }, ulidOf(size));
      }
      assert.equal(await uploads.recall({ ...UPLOAD, size: 11 }), ulidOf(11));
      assert.equal(await uploads.recall({ ...UPLOAD, size: 0 }), undefined);
    }
    assert.equal((await readdir(folder)).length, 8);
  }));
