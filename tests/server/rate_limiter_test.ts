import assert from "node:assert/strict";
import { AddressRateLimiter, RateLimiter } from "../../server/rate_limiter.ts";

Deno.test("RateLimiter.take() lets a burst go ahead, and then asks to wait for the steady rate", () => {
  const pace = new RateLimiter({ rate: 10, burst: 3 });
  const waits = Array.from({ length: 5 }, () => pace.take(1_000));
  assert.deepEqual(waits, [0, 0, 0, 100, 200]);
});

Deno.test("RateLimiter.take() forgets with time, and never more than the burst", () => {
  const pace = new RateLimiter({ rate: 10, burst: 3 });
  for (let event = 0; event < 3; event++) pace.take(1_000);
  assert.equal(pace.take(1_100), 0);
  assert.equal(pace.take(1_100), 100);
  assert.deepEqual([1, 2, 3, 4].map(() => pace.take(100_000)), [0, 0, 0, 100]);
});

Deno.test("RateLimiter.take() never asks to wait when the rate is infinite", () => {
  const pace = new RateLimiter({ rate: Infinity, burst: 1 });
  for (let event = 0; event < 1_000; event++) assert.equal(pace.take(5), 0);
});

Deno.test("RateLimiter.allows() counts nothing", () => {
  const pace = new RateLimiter({ rate: 1, burst: 1 });
  assert.deepEqual([pace.allows(0), pace.allows(0)], [true, true]);
  pace.take(0);
  assert.deepEqual([pace.allows(999), pace.allows(1_000)], [false, true]);
});

Deno.test("AddressRateLimiter counts each address by itself", () => {
  const paces = new AddressRateLimiter({ rate: 1, burst: 2 });
  paces.count("192.0.2.1", 0);
  assert.equal(paces.allows("192.0.2.1", 0), true);
  paces.count("192.0.2.1", 0);
  assert.equal(paces.allows("192.0.2.1", 0), false);
  assert.equal(paces.allows("192.0.2.2", 0), true);
  assert.equal(paces.allows("192.0.2.1", 1_000), true);
});

Deno.test("AddressRateLimiter forgets the address that was counted the longest ago, past its size", () => {
  const paces = new AddressRateLimiter({ rate: 1, burst: 1 }, 2);
  for (const address of ["a", "b", "a", "c"]) paces.count(address, 0);
  assert.deepEqual(["a", "b", "c"].map((address) => paces.allows(address, 0)), [
    false,
    true,
    false,
  ]);
});

Deno.test("AddressRateLimiter counts each network by itself", () => {
  const paces = new AddressRateLimiter({ rate: 1, burst: 2 });
  for (const host of ["1", "2"]) paces.count(`2001:db8:0:1::${host}`, 0);
  assert.equal(paces.allows("2001:db8:0:1:ffff::3", 0), false);
  assert.equal(paces.allows("2001:db8:0:2::1", 0), true);
});
