import assert from "node:assert/strict";
import { chmod, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { PrivateFileError } from "../../certs/private_file.ts";
import { DATABASE_FILE, openDataFolder } from "../../server/data_folder.ts";
import { startTestServer } from "../helpers/server.ts";
import { tempFolder } from "../helpers/temp_folder.ts";

const HAS_MODES = process.platform !== "win32";

/** A folder that everyone may look into. */
async function openFolder(parent: string, file?: string): Promise<string> {
  const folder = join(parent, "data");
  await mkdir(folder);
  await chmod(folder, 0o755);
  if (file !== undefined) await writeFile(join(folder, file), "");
  return folder;
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

Deno.test("openDataFolder() closes an empty folder, or one with a database, to others", {
  ignore: !HAS_MODES,
}, async () => {
  for (const file of [undefined, DATABASE_FILE]) {
    await using parent = await tempFolder();
    const folder = await openFolder(parent.path, file);
    await openDataFolder(folder);
    assert.equal(await modeOf(folder), 0o700);
  }
  await using parent = await tempFolder();
  const absent = join(parent.path, "a", "b");
  await openDataFolder(absent);
  assert.equal(await modeOf(absent), 0o700);
});

Deno.test(
  "openDataFolder() refuses a folder that is open and has other files, and changes nothing",
  {
    ignore: !HAS_MODES,
  },
  async () => {
    await using parent = await tempFolder();
    const folder = await openFolder(parent.path, "letter.txt");
    await assert.rejects(openDataFolder(folder), (error) => {
      assert.ok(error instanceof PrivateFileError);
      assert.match(error.message, /others may read it \(mode 0755\)\. Run: chmod 700/);
      return true;
    });
    assert.equal(await modeOf(folder), 0o755);
    await chmod(folder, 0o777);
    await writeFile(join(folder, DATABASE_FILE), "");
    await assert.rejects(openDataFolder(folder), /others may write to it/);
  },
);

Deno.test(
  "startServer() lets nobody else look into its folder",
  { ignore: !HAS_MODES },
  async () => {
    await using parent = await tempFolder();
    const data = await openFolder(parent.path);
    await using _server = await startTestServer({ data });
    assert.equal(await modeOf(data), 0o700);
    assert.equal(await modeOf(join(data, "sotto.db.lock")), 0o600);
  },
);
