import assert from "node:assert/strict";
import { networkOf, resolveHosts, unmapped } from "../../../protocol/transport/address.ts";
import { TransportError } from "../../../protocol/transport/transport.ts";

Deno.test("resolveHosts leaves addresses as they are", async () => {
  for (const address of ["127.0.0.1", "::1", "fe80::1"]) {
    assert.deepEqual(await resolveHosts(address), [address]);
  }
});

Deno.test("resolveHosts names the name that it cannot find", async () => {
  const hostname = `${"x".repeat(70)}.invalid`;
  await assert.rejects(resolveHosts(hostname), (error) => {
    assert.ok(error instanceof TransportError);
    assert.equal(error.code, "unreachable");
    assert.ok(error.message.includes(hostname));
    return true;
  });
});

Deno.test("unmapped undoes the form that dual-stack sockets give IPv4 addresses", () => {
  assert.equal(unmapped("::ffff:192.0.2.1"), "192.0.2.1");
  assert.equal(unmapped("::ffff:c000:201"), "::ffff:c000:201");
  assert.equal(unmapped("2001:db8::1"), "2001:db8::1");
});

Deno.test("networkOf() takes the addresses that one subscriber has for one", () => {
  assert.equal(networkOf("192.0.2.1"), "192.0.2.1");
  assert.equal(networkOf("::ffff:192.0.2.1"), "::ffff:192.0.2.1");
  for (
    const [one, other, same] of [
      ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true],
      ["2001:db8:1:2::1", "2001:0DB8:0001:0002:0:0:0:1", true],
      ["2001:db8:1:2::1", "2001:db8:1:3::1", false],
      ["2001:db8::1", "2001:db8:0:0:1::", true],
      ["::1", "::2", true],
    ] as const
  ) {
    assert.equal(networkOf(one) === networkOf(other), same, `${one} and ${other}`);
  }
});
