import assert from "node:assert/strict";
import { HandshakeShares } from "../../../protocol/transport/handshake_shares.ts";

/** Handshakes `a1`, `a2`, `b1`… of the networks a, b…, which began at 1, 2, 3…. */
function sharesOf(max: number, ...handshakes: string[]): HandshakeShares<string> {
  const shares = new HandshakeShares<string>(max);
  handshakes.forEach((handshake, at) => shares.add(handshake, handshake.charAt(0), at + 1));
  return shares;
}

Deno.test("HandshakeShares lets one network have every place while nobody else comes", () => {
  const shares = sharesOf(3, "a1", "a2");
  assert.deepEqual(shares.place("a"), {});
  shares.add("a3", "a", 3);
  assert.equal(shares.place("a"), undefined);
});

Deno.test("HandshakeShares gives the place of the network with the most to one with fewer", () => {
  const shares = sharesOf(4, "b1", "a1", "a2", "a3");
  assert.deepEqual(shares.place("c"), { giveUp: "a1" });
  assert.deepEqual(shares.place("b"), { giveUp: "a1" });
  shares.delete("a1");
  shares.add("c1", "c", 5);
  assert.deepEqual(shares.place("c"), undefined, "it would have the most itself");
  assert.deepEqual(shares.place("d"), { giveUp: "a2" });
  shares.delete("a2");
  shares.add("d1", "d", 6);
  assert.equal(shares.place("e"), undefined, "all have one");
});

Deno.test("HandshakeShares counts the addresses of one IPv6 network together", () => {
  const shares = new HandshakeShares<string>(2);
  shares.add("one", "2001:db8::1", 1);
  shares.add("two", "2001:db8::2", 2);
  assert.equal(shares.place("2001:db8::3"), undefined);
  assert.deepEqual(shares.place("2001:db8:0:1::1"), { giveUp: "one" });
});

Deno.test("HandshakeShares knows since when the oldest is under way", () => {
  const shares = sharesOf(3, "a1", "b1", "a2");
  assert.equal(shares.oldest, 1);
  shares.delete("a1");
  shares.delete("a1");
  assert.deepEqual([shares.oldest, shares.size], [2, 2]);
  shares.delete("b1");
  shares.delete("a2");
  assert.deepEqual([shares.oldest, shares.size], [Infinity, 0]);
});

Deno.test("HandshakeShares takes no more than there are places", () => {
  const shares = sharesOf(1, "a1");
  assert.throws(() => shares.add("b1", "b", 2));
});
