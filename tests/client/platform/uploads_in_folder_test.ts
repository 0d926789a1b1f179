import assert from "node:assert/strict";
import { chmod, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { UploadKey } from "../../../client/files/resumable_uploads.ts";
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

Deno.test("UploadsInFolder hides what was sent, and trusts no file that others may read", () =>
  inFolder(async (parent) => {
    const folder = join(parent, "uploads");
    const uploads = new UploadsInFolder(folder);
    await uploads.remember(UPLOAD, ulidOf(1));
    const [name = ""] = await readdir(folder);
    assert.match(name, /^[0-9a-f]{64}$/);
    const path = join(folder, name);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    await writeFile(path, "nonsense");
    assert.equal(await uploads.recall(UPLOAD), undefined);
    await uploads.remember(UPLOAD, ulidOf(1));
    await chmod(path, 0o644);
    assert.equal(await uploads.recall(UPLOAD), undefined);
    await chmod(folder, 0o777);
    await uploads.remember({ ...UPLOAD, size: 9 }, ulidOf(3)); // Not kept there, and no failure.
    assert.equal(await uploads.recall({ ...UPLOAD, size: 9 }), undefined);
  }));
