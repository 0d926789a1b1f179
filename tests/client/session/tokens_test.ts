import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { TokenFolder } from "../../../client/platform/token_folder.ts";
import { TokenMemory, type Tokens } from "../../../client/session/tokens.ts";
import { inFolder } from "../../helpers/temp_folder.ts";

const PIN = `SHA256:${"A".repeat(43)}`;
const OTHER = `SHA256:${"B".repeat(42)}A`;

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

Deno.test("TokenFolder keeps a token for each server and account", () =>
  inFolder(async (folder) => {
    await keepsTokens(new TokenFolder(folder));
    assert.equal((await readdir(folder)).length, 2, "no drafts are left");
  }));

Deno.test("TokenMemory keeps a token for each server and account", () =>
  keepsTokens(new TokenMemory()));
