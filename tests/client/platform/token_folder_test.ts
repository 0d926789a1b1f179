import assert from "node:assert/strict";
import { chmod, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TokenFolder } from "../../../client/platform/token_folder.ts";
import { inFolder } from "../../helpers/temp_folder.ts";

const PIN = `SHA256:${"A".repeat(43)}`;
const POSIX = { ignore: Deno.build.os === "windows" };

Deno.test(
  "TokenFolder keeps its files private, and refuses those that are not",
  POSIX,
  () =>
    inFolder(async (parent) => {
      const folder = join(parent, "tokens");
      const tokens = new TokenFolder(folder);
      await tokens.save(PIN, "ann", { token: "one", expires: 100 });
      const [name = ""] = await readdir(folder);
      const path = join(folder, name);
      assert.equal((await stat(path)).mode & 0o777, 0o600);
      assert.equal((await stat(folder)).mode & 0o777, 0o700);
      await chmod(path, 0o644);
      await assert.rejects(tokens.load(PIN, "ann", 0), /chmod 600/);
      await chmod(path, 0o600);
      await chmod(folder, 0o750);
      const token = { token: "two", expires: 100 };
      await assert.rejects(tokens.load(PIN, "ann", 0), /chmod 700/);
      await assert.rejects(tokens.save(PIN, "ann", token), /chmod 700/);
      await chmod(folder, 0o700);
      assert.equal((await tokens.load(PIN, "ann", 0))?.token, "one");
    }),
);

Deno.test("TokenFolder ignores a damaged file", () =>
  inFolder(async (folder) => {
    const tokens = new TokenFolder(folder);
    await tokens.save(PIN, "ann", { token: "one", expires: 100 });
    const [name = ""] = await readdir(folder);
    for (const text of ["", "{", "[]", `{"token":"","expires":1e9}`, `{"token":1,"expires":1e9}`]) {
      await writeFile(join(folder, name), text);
      assert.equal(await tokens.load(PIN, "ann", 0), undefined, text);
    }
  }));

Deno.test("TokenFolder makes a file name only of a valid pin and user name", () =>
  inFolder(async (folder) => {
    const tokens = new TokenFolder(folder);
    const token = { token: "one", expires: 1 };
    await assert.rejects(tokens.save(PIN, "../ann", token), /Cannot name/);
    await assert.rejects(tokens.save("../x", "ann", token), /Cannot name/);
    assert.deepEqual(await readdir(folder), []);
  }));
