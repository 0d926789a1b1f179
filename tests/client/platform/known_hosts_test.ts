import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  KnownHosts,
  KnownHostsError,
  trustOnFirstUse,
} from "../../../client/platform/known_hosts.ts";
import { KeyChangedError } from "../../../client/session/trust.ts";

const PIN = `SHA256:${"A".repeat(43)}`;
const OTHER = `SHA256:${"B".repeat(42)}A`;

async function knownHosts(): Promise<KnownHosts & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "sotto-"));
  const hosts = new KnownHosts(join(folder, "config", "known_hosts"));
  return Object.assign(hosts, {
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  });
}

Deno.test("KnownHosts finds what was added, and nothing else", async () => {
  await using hosts = await knownHosts();
  assert.equal(await hosts.find("chat.example", 4433), undefined);
  await hosts.add("chat.example", 4433, PIN);
  await hosts.add("::1", 4433, OTHER);
  assert.equal((await hosts.find("chat.example", 4433))?.pin, PIN);
  assert.equal((await hosts.find("Chat.Example", 4433))?.pin, PIN);
  assert.equal((await hosts.find("::1", 4433))?.pin, OTHER);
  assert.equal(await hosts.find("chat.example", 4434), undefined);
  assert.equal(await hosts.find("chat.example.org", 4433), undefined);
});

Deno.test("KnownHosts says which line a server is on", async () => {
  await using hosts = await knownHosts();
  await hosts.add("one", 1, PIN);
  await hosts.add("two", 2, OTHER);
  const lines = (await readFile(hosts.path, "utf8")).split("\n");
  const line = (await hosts.find("two", 2))?.line ?? 0;
  assert.equal(lines[line - 1], `two:2 ${OTHER}`);
});

Deno.test(
  "KnownHosts keeps its file private",
  { ignore: Deno.build.os === "windows" },
  async () => {
    await using hosts = await knownHosts();
    await hosts.add("one", 1, PIN);
    assert.equal((await stat(hosts.path)).mode & 0o777, 0o600);
    assert.equal((await stat(join(hosts.path, ".."))).mode & 0o777, 0o700);
    await chmod(hosts.path, 0o666);
    await assert.rejects(hosts.find("one", 1), KnownHostsError);
  },
);

Deno.test("KnownHosts refuses a damaged line instead of meeting the server anew", async () => {
  await using hosts = await knownHosts();
  await hosts.add("one", 1, PIN);
  await writeFile(hosts.path, `# comment\n\none:1 SHA256:short\n`);
  await assert.rejects(hosts.find("one", 1), /line 3/);
});

Deno.test("KnownHosts adds a line of its own after one without an end", async () => {
  await using hosts = await knownHosts();
  await hosts.add("one", 1, PIN);
  await writeFile(hosts.path, `one:1 ${PIN}`);
  await hosts.add("two", 2, OTHER);
  assert.equal((await hosts.find("one", 1))?.pin, PIN);
  assert.equal((await hosts.find("two", 2))?.pin, OTHER);
});

Deno.test("KnownHosts writes IPv6 addresses in brackets, and takes capitals for small letters", async () => {
  await using hosts = await knownHosts();
  await hosts.add("2001:DB8::1", 4433, PIN);
  assert.equal((await hosts.find("2001:db8::1", 4433))?.pin, PIN);
  assert.match(await readFile(hosts.path, "utf8"), /^\[2001:db8::1\]:4433 SHA256:/m);
});

Deno.test("trustOnFirstUse asks once, and remembers a yes", async () => {
  await using hosts = await knownHosts();
  const asked: string[] = [];
  const ask = (pin: string) => Promise.resolve(asked.push(pin) === 2);
  const trust = trustOnFirstUse({ knownHosts: hosts, host: "one", port: 1, ask });
  assert.equal(await trust.expected(), undefined);
  assert.equal(await trust.meet(PIN), false);
  assert.equal(await trust.expected(), undefined);
  assert.equal(await trust.meet(PIN), true);
  assert.equal((await trust.expected())?.pin, PIN);
  assert.deepEqual(asked, [PIN, PIN]);
});

Deno.test("trustOnFirstUse takes a pin that was given before what is known", async () => {
  await using hosts = await knownHosts();
  await hosts.add("one", 1, PIN);
  const ask = () => Promise.resolve(true);
  const trust = trustOnFirstUse({ knownHosts: hosts, host: "one", port: 1, pin: OTHER, ask });
  assert.equal((await trust.expected())?.pin, OTHER);
});

Deno.test("trustOnFirstUse remembers a pin that was given once the server has shown it", async () => {
  await using hosts = await knownHosts();
  const ask = () => Promise.resolve(false);
  const given = trustOnFirstUse({ knownHosts: hosts, host: "one", port: 1, pin: PIN, ask });
  await given.proven?.(PIN);
  assert.equal((await hosts.find("one", 1))?.pin, PIN);
  // What was known before stays: another pin for once is not one for ever.
  const other = trustOnFirstUse({ knownHosts: hosts, host: "one", port: 1, pin: OTHER, ask });
  await other.proven?.(OTHER);
  assert.equal((await hosts.find("one", 1))?.pin, PIN);
  await trustOnFirstUse({ knownHosts: hosts, host: "two", port: 1, ask }).proven?.(PIN);
  assert.equal(await hosts.find("two", 1), undefined);
});

Deno.test("KeyChangedError names both keys, the file and the line", async () => {
  await using hosts = await knownHosts();
  await hosts.add("one", 1, PIN);
  const ask = () => Promise.resolve(true);
  const expected = await trustOnFirstUse({ knownHosts: hosts, host: "one", port: 1, ask })
    .expected();
  assert.ok(expected);
  const { message } = new KeyChangedError("one:1", expected, OTHER);
  for (const part of [PIN, OTHER, hosts.path, "line 2"]) assert.ok(message.includes(part), part);
});
