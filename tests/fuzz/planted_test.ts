import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { PLANTED_FOR_FUZZERS } from "./planted.ts";
import { TARGETS } from "./targets.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("PLANTED_FOR_FUZZERS names texts that stand once in their files", async () => {
  const lost: string[] = [];
  for (const { name, file, text, fault } of PLANTED_FOR_FUZZERS) {
    const source = await readFile(new URL(file, ROOT), "utf8");
    if (source.split(text).length !== 2) lost.push(`${name}: ${file}`);
    assert.notEqual(text, fault, name);
  }
  assert.deepEqual(lost, []);
});

Deno.test("PLANTED_FOR_FUZZERS has a fault for every fuzzer", () => {
  const planted = new Set(PLANTED_FOR_FUZZERS.map(({ target }) => target));
  assert.deepEqual([...planted].toSorted(), TARGETS.map(({ name }) => name).toSorted());
});
