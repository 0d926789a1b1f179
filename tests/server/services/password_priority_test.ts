/** With which priority passwords are hashed. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { getPriority } from "node:os";
import { Program } from "../../helpers/program.ts";

const PROGRAM = new URL("../../helpers/hash_once.ts", import.meta.url).pathname;
/** Elsewhere threads have no priority of their own. */
const ON_LINUX = { ignore: Deno.build.os !== "linux" };

/** The nice values of a process's threads (proc(5)). */
async function niceValues(pid: number): Promise<number[]> {
  const values: number[] = [];
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, "utf8");
    // The name, in brackets, may hold spaces. The nice value is the 19th field.
    values.push(Number(stat.split(") ").at(-1)?.split(" ")[16]));
  }
  return values;
}

/** The nice values of a program that has hashed a password. */
async function afterHashing(...permissions: string[]): Promise<number[]> {
  const args = ["run", "--no-check", "--no-prompt", "--allow-read", ...permissions, PROGRAM];
  await using program = new Program(Deno.execPath(), args);
  await program.line(/^hashed$/);
  return await niceValues(program.pid);
}

Deno.test("Passwords hashes at a lower priority than messages are handled", ON_LINUX, async () => {
  const values = await afterHashing("--allow-sys=setPriority");
  assert.deepEqual([...new Set(values)].sort((a, b) => a - b), [getPriority(), 10]);
});

Deno.test("Passwords hashes without the permission to lower its priority", ON_LINUX, async () => {
  assert.equal(new Set(await afterHashing()).size, 1);
});
