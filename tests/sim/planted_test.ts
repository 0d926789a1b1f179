import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { PLANTED } from "./planted.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("PLANTED names texts that stand once in their files, so that each fault can be planted", async () => {
  const lost: string[] = [];
  for (const { name, file, text, fault } of PLANTED) {
    const source = await readFile(new URL(file, ROOT), "utf8");
    if (source.split(text).length !== 2) lost.push(`${name}: ${file}`);
    assert.notEqual(text, fault, name);
  }
  assert.deepEqual(lost, []);
});
