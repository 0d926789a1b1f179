import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TokenFolder, TokenMemory, type Tokens } from "../../../client/session/tokens.ts";

const PIN = `SHA256:${"A".repeat(43)}`;
const OTHER = `SHA256:${"B".repeat(42)}A`;
const POSIX = { ignore: Deno.build.os === "windows" };

async function tokenFolder(): Promise<{ folder: string; tokens: Tokens } & AsyncDisposable> {
  const parent = await mkdtemp(join(tmpdir(), "sotto-"));
  const folder = join(parent, "tokens");
  return {
    folder,
    tokens: new TokenFolder(folder),
    [Symbol.asyncDispose]: () => rm(parent, { recursive: true }),
  };
}

async function keepsTokens(tokens: Tokens): Promise<void> {
  assert.equal(await tokens.load(PIN, "ann", 0), undefined);
  await tokens.save(PIN, "ann", { token: "one", expires: 100 });
  await tokens.save(OTHER, "ann", { token: "two", expires: 100 });
  await tokens.save(PIN, "bob", { token: "three", expires: 100 });
  await tokens.save(PIN, "bob", { token: "four", expires: 100 });
  assert.equal((await tokens.load(PIN, "ann", 0))?.token, "one");
  assert.equal((await tokens.load(OTHER, "ann", 0))?.token, "two");
  assert.equal((await tokens.load(PIN, "bob", 99))?.token, "four");
  assert.equal(await tokens.load(PIN, "bob", 100), undefined, "it has expired");
  await tokens.forget(PIN, "ann");
  await tokens.forget(PIN, "ann");
  assert.equal(await tokens.load(PIN, "ann", 0), undefined);
}

Deno.test("TokenFolder keeps a token for each server and account", async () => {
  await using made = await tokenFolder();
  await keepsTokens(made.tokens);
  assert.equal((await readdir(made.folder)).length, 2, "no drafts are left");
});

Deno.test("TokenMemory keeps a token for each server and account", async () => {
  await keepsTokens(new TokenMemory());
});

Deno.test(
  "TokenFolder keeps its files private, and refuses those that are not",
  POSIX,
  async () => {
    await using made = await tokenFolder();
    await made.tokens.save(PIN, "ann", { token: "one", expires: 100 });
    const [name = ""] = await readdir(made.folder);
    const path = join(made.folder, name);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(made.folder)).mode & 0o777, 0o700);
    await chmod(path, 0o644);
    await assert.rejects(made.tokens.load(PIN, "ann", 0), /chmod 600/);
    await chmod(path, 0o600);
    await chmod(made.folder, 0o750);
    const token = { token: "two", expires: 100 };
    await assert.rejects(made.tokens.load(PIN, "ann", 0), /chmod 700/);
    await assert.rejects(made.tokens.save(PIN, "ann", token), /chmod 700/);
    await chmod(made.folder, 0o700);
    assert.equal((await made.tokens.load(PIN, "ann", 0))?.token, "one");
  },
);

Deno.test("TokenFolder takes a damaged file for none", async () => {
  await using made = await tokenFolder();
  await made.tokens.save(PIN, "ann", { token: "one", expires: 100 });
  const [name = ""] = await readdir(made.folder);
  for (const text of ["", "{", "[]", `{"token":"","expires":1e9}`, `{"token":1,"expires":1e9}`]) {
    await writeFile(join(made.folder, name), text);
    assert.equal(await made.tokens.load(PIN, "ann", 0), undefined, text);
  }
});

Deno.test("TokenFolder makes no file name of a name that is none", async () => {
  await using made = await tokenFolder();
  await assert.rejects(made.tokens.save(PIN, "../ann", { token: "one", expires: 1 }));
  await assert.rejects(made.tokens.save("../x", "ann", { token: "one", expires: 1 }));
});
