import assert from "node:assert/strict";
import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KnownHosts, KnownHostsError } from "../../../client/platform/known_hosts.ts";
import { inFolder } from "../../helpers/temp_folder.ts";

const PIN = `SHA256:${"A".repeat(43)}`;
const OTHER = `SHA256:${"B".repeat(42)}A`;

/** With known hosts in a folder of their own. */
function withHosts(test: (hosts: KnownHosts) => Promise<void>): Promise<void> {
  return inFolder((folder) => test(new KnownHosts(join(folder, "config", "known_hosts"))));
}

Deno.test("KnownHosts finds what was added, and nothing else", () =>
  withHosts(async (hosts) => {
    assert.equal(await hosts.find("chat.example", 4433), undefined);
    await hosts.add("chat.example", 4433, PIN);
    await hosts.add("::1", 4433, OTHER);
    assert.equal((await hosts.find("chat.example", 4433))?.pin, PIN);
    assert.equal((await hosts.find("Chat.Example", 4433))?.pin, PIN);
    assert.equal((await hosts.find("::1", 4433))?.pin, OTHER);
    assert.equal(await hosts.find("chat.example", 4434), undefined);
    assert.equal(await hosts.find("chat.example.org", 4433), undefined);
  }));

Deno.test("KnownHosts gives the line of a server", () =>
  withHosts(async (hosts) => {
    await hosts.add("one", 1, PIN);
    await hosts.add("two", 2, OTHER);
    const lines = (await readFile(hosts.path, "utf8")).split("\n");
    const line = (await hosts.find("two", 2))?.line ?? 0;
    assert.equal(lines[line - 1], `two:2 ${OTHER}`);
  }));

Deno.test(
  "KnownHosts keeps its file private",
  { ignore: Deno.build.os === "windows" },
  () =>
    withHosts(async (hosts) => {
      await hosts.add("one", 1, PIN);
      assert.equal((await stat(hosts.path)).mode & 0o777, 0o600);
      assert.equal((await stat(join(hosts.path, ".."))).mode & 0o777, 0o700);
      await chmod(hosts.path, 0o666);
      await assert.rejects(hosts.find("one", 1), KnownHostsError);
    }),
);

Deno.test("KnownHosts refuses a damaged line rather than calling its server unknown", () =>
  withHosts(async (hosts) => {
    await hosts.add("one", 1, PIN);
    await writeFile(hosts.path, `# comment\n\none:1 SHA256:short\n`);
    await assert.rejects(hosts.find("one", 1), /line 3/);
  }));

Deno.test("KnownHosts adds a new line after one that is not terminated", () =>
  withHosts(async (hosts) => {
    await hosts.add("one", 1, PIN);
    await writeFile(hosts.path, `one:1 ${PIN}`);
    await hosts.add("two", 2, OTHER);
    assert.equal((await hosts.find("one", 1))?.pin, PIN);
    assert.equal((await hosts.find("two", 2))?.pin, OTHER);
  }));

Deno.test("KnownHosts writes IPv6 addresses in brackets, and ignores case", () =>
  withHosts(async (hosts) => {
    await hosts.add("2001:DB8::1", 4433, PIN);
    assert.equal((await hosts.find("2001:db8::1", 4433))?.pin, PIN);
    assert.match(await readFile(hosts.path, "utf8"), /^\[2001:db8::1\]:4433 SHA256:/m);
  }));
