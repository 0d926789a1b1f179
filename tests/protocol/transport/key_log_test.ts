import assert from "node:assert/strict";
import { chmod, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openKeyLog } from "../../../protocol/transport/key_log.ts";
import { tempFolder } from "../../helpers/temp_folder.ts";
import { poll } from "../../helpers/within.ts";

Deno.test("openKeyLog() appends, and closes the file to others", async () => {
  await using folder = await tempFolder();
  const path = join(folder.path, "keys");
  await writeFile(path, "old\n");
  await chmod(path, 0o644);
  const takeKeys = await openKeyLog(path);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  takeKeys("new\n");
  await poll(async () => await readFile(path, "utf8") === "old\nnew\n" || undefined, "the line");
});

Deno.test("openKeyLog() follows no link, and says what it cannot open", async () => {
  await using folder = await tempFolder();
  const [target, link] = [join(folder.path, "target"), join(folder.path, "link")];
  await writeFile(target, "");
  await symlink(target, link);
  await assert.rejects(openKeyLog(link), { code: "ELOOP" });
  await assert.rejects(openKeyLog(folder.path), { code: "EISDIR" });
});
