import assert from "node:assert/strict";
import { resolveHosts, unmapped } from "../../../protocol/transport/address.ts";
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
