import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { changesOf, plant } from "./plant.ts";
import { PLANTED } from "./planted.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("PLANTED names texts that stand once in their files, so that each fault can be planted", async () => {
  const lost: string[] = [];
  for (const planted of PLANTED) {
    for (const change of changesOf(planted)) {
      const source = await readFile(new URL(change.file, ROOT), "utf8");
      try {
        plant(source, change);
      } catch (failure) {
        lost.push(`${planted.name}: ${failure}`);
      }
    }
  }
  assert.deepEqual(lost, []);
});

Deno.test("PLANTED names each fault once", () => {
  assert.equal(new Set(PLANTED.map(({ name }) => name)).size, PLANTED.length);
});

Deno.test("plant() changes a text that is there once, and throws otherwise", () => {
  const change = { file: "a.ts", text: "one", fault: "two" };
  assert.equal(plant("a one b", change), "a two b");
  assert.equal(plant("a one b", { ...change, fault: "$&" }), "a $& b");
  assert.throws(() => plant("a b", change), /a\.ts.*0 times/);
  assert.throws(() => plant("one one", change), /a\.ts.*2 times/);
  assert.throws(() => plant("one", { ...change, fault: "one" }), /a\.ts/);
});
