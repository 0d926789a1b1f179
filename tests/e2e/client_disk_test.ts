/** What `sotto client` leaves on its user's disk. */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Sandbox } from "../helpers/sandbox.ts";

/** The files under a folder, and what is in them, one character for each byte. */
async function readAll(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files.set(path, await readFile(path, "latin1"));
  }
  return files;
}

Deno.test("sotto client: leaves no password, key or message on the disk", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const bob = await sandbox.signIn("bob", server);
  const ann = await sandbox.signIn("ann", server);
  const sent = join(sandbox.folder, "plan.txt");
  await writeFile(sent, "bytes of the plan");
  bob.writeLine("said in public");
  bob.writeLine("@ann said in private");
  bob.writeLine("@secret ann k3y-of-both said in secret");
  bob.writeLine(`/send ann ${sent}`);
  await ann.event({ event: "message", text: "said in private" });
  await ann.event({ event: "sealed", number: 1 });
  ann.writeLine("/keys remember bob k3y-of-both");
  ann.writeLine("/open 1");
  await ann.event({ event: "opened", text: "said in secret" });
  await ann.event({ event: "offer" });
  ann.writeLine("said by ann");
  ann.writeLine("/quit");
  assert.equal(await ann.exit(), 0);
  await bob.event({ event: "file", name: "plan.txt" });
  bob.end();
  assert.equal(await bob.exit(), 0);

  const files = new Map<string, string>();
  for (const user of ["ann", "bob"]) {
    for (const [path, text] of await readAll(join(sandbox.folder, user))) {
      // The programs got their passwords by the test's own file, and Deno has compiled them here.
      const isOther = path.endsWith(`/${user}/password`) || path.includes(`/${user}/.cache/deno/`);
      if (!isOther) files.set(path, text);
    }
  }
  const kinds = [...files.keys()].map((path) => /known_hosts$|tokens/.exec(path)?.[0] ?? path);
  assert.deepEqual(kinds.sort(), ["known_hosts", "known_hosts", "tokens", "tokens"]);
  for (const [path, text] of files) {
    for (const secret of ["password of", "k3y-of-both", "said ", "bytes of the plan", "plan.txt"]) {
      assert.ok(!text.includes(secret), `${path} has "${secret}"`);
    }
  }
});
