import assert from "node:assert/strict";
import { networkOf } from "../../../protocol/transport/network_of.ts";

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
