import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KnownHosts } from "../../../client/platform/known_hosts.ts";
import { trustOnFirstUse } from "../../../client/platform/trust_on_first_use.ts";
import { KeyChangedError, PinConflictError } from "../../../client/session/trust.ts";
import { inFolder } from "../../helpers/temp_folder.ts";

const PIN = `SHA256:${"A".repeat(43)}`;
const OTHER = `SHA256:${"B".repeat(42)}A`;

/** With known hosts in a folder of their own. */
function withHosts(test: (hosts: KnownHosts) => Promise<void>): Promise<void> {
  return inFolder((folder) => test(new KnownHosts(join(folder, "config", "known_hosts"))));
}

Deno.test("trustOnFirstUse asks about an unknown server, and remembers a yes", () =>
  withHosts(async (hosts) => {
    const asked: string[] = [];
    const ask = (pin: string) => Promise.resolve(asked.push(pin) === 2);
    const trust = trustOnFirstUse({ knownHosts: hosts, host: "one", port: 1, ask });
    assert.equal(await trust.expected(), undefined);
    assert.equal(await trust.meet(PIN), false);
    assert.equal(await trust.expected(), undefined);
    assert.equal(await trust.meet(PIN), true);
    assert.equal((await trust.expected())?.pin, PIN);
    assert.deepEqual(asked, [PIN, PIN]);
  }));

Deno.test("trustOnFirstUse refuses a given pin that contradicts the remembered one, and names both", () =>
  withHosts(async (hosts) => {
    await hosts.add("one", 1, PIN);
    const ask = () => Promise.resolve(true);
    const trust = trustOnFirstUse({ knownHosts: hosts, host: "ONE", port: 1, pin: OTHER, ask });
    await assert.rejects(trust.expected(), (failure) => {
      assert.ok(failure instanceof PinConflictError);
      for (const part of [PIN, OTHER, hosts.path, "line 2", "one:1", "Nothing was sent"]) {
        assert.ok(failure.message.includes(part), part);
      }
      return true;
    });
    assert.equal((await hosts.find("one", 1))?.pin, PIN);
  }));

Deno.test("trustOnFirstUse takes a new pin after the line of the old one is deleted", () =>
  withHosts(async (hosts) => {
    await hosts.add("one", 1, PIN);
    await writeFile(hosts.path, "# no servers\n");
    const ask = () => Promise.resolve(false);
    const trust = trustOnFirstUse({ knownHosts: hosts, host: "one", port: 1, pin: OTHER, ask });
    assert.equal((await trust.expected())?.pin, OTHER);
    await trust.proven?.(OTHER);
    assert.equal((await hosts.find("one", 1))?.pin, OTHER);
  }));

Deno.test("trustOnFirstUse takes every spelling of the remembered pin", () =>
  withHosts(async (hosts) => {
    const canonical = `SHA256:${"A-_".repeat(14)}A`;
    await hosts.add("one", 1, canonical);
    const ask = () => Promise.resolve(false);
    for (const pin of [canonical, `sha256:${"A+/".repeat(14)}A=`, `${"A-_".repeat(14)}A`]) {
      const trust = trustOnFirstUse({ knownHosts: hosts, host: "one", port: 1, pin, ask });
      assert.equal((await trust.expected())?.pin, canonical);
    }
  }));

Deno.test("trustOnFirstUse remembers the pin that the user gave once the server has proved it", () =>
  withHosts(async (hosts) => {
    const ask = () => Promise.resolve(false);
    const given = trustOnFirstUse({ knownHosts: hosts, host: "one", port: 1, pin: PIN, ask });
    await given.proven?.(PIN);
    await given.proven?.(PIN);
    assert.equal((await readFile(hosts.path, "utf8")).split(PIN).length, 2);
    // Another client remembers the server while this one connects.
    const slow = trustOnFirstUse({ knownHosts: hosts, host: "slow", port: 1, pin: PIN, ask });
    assert.equal((await slow.expected())?.pin, PIN);
    await hosts.add("slow", 1, OTHER);
    await assert.rejects(async () => await slow.proven?.(PIN), PinConflictError);
    await trustOnFirstUse({ knownHosts: hosts, host: "two", port: 1, ask }).proven?.(PIN);
    assert.equal(await hosts.find("two", 1), undefined);
  }));

Deno.test("KeyChangedError names both keys, the file and the line", () =>
  withHosts(async (hosts) => {
    await hosts.add("one", 1, PIN);
    const ask = () => Promise.resolve(true);
    const expected = await trustOnFirstUse({ knownHosts: hosts, host: "one", port: 1, ask })
      .expected();
    assert.ok(expected);
    const { message } = new KeyChangedError("one:1", expected, OTHER);
    for (const part of [PIN, OTHER, hosts.path, "line 2"]) assert.ok(message.includes(part), part);
  }));
