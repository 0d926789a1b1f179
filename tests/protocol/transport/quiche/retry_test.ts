import assert from "node:assert/strict";
import fc from "fast-check";
import {
  checkRetryToken,
  makeRetryToken,
  TOKEN_LIFETIME,
} from "../../../../protocol/transport/quiche/retry.ts";

const KEY = new Uint8Array(32).fill(1);
const SEEN = { hostname: "192.0.2.1", port: 4433, retryId: new Uint8Array(8).fill(2) };
const originalId = new Uint8Array([9, 8, 7, 6, 5, 4, 3, 2]);
const TIME = 1_000_000;
const token = makeRetryToken(KEY, { ...SEEN, originalId, time: TIME });

Deno.test("checkRetryToken gives back what makeRetryToken was given", () => {
  const anyId = fc.uint8Array({ minLength: 8, maxLength: 20 });
  fc.assert(fc.property(anyId, fc.nat(), fc.nat(TOKEN_LIFETIME), (id, time, age) => {
    const made = makeRetryToken(KEY, { ...SEEN, originalId: id, time });
    const claim = checkRetryToken(KEY, made, { ...SEEN, now: time + age });
    assert.deepEqual(claim, { ...SEEN, originalId: id, time });
  }));
});

Deno.test("checkRetryToken takes no token from another place, for another ID or with another key", () => {
  for (
    const other of [
      { ...SEEN, hostname: "192.0.2.2" },
      { ...SEEN, port: 4434 },
      { ...SEEN, retryId: new Uint8Array(8).fill(3) },
      { ...SEEN, retryId: SEEN.retryId.subarray(1) },
    ]
  ) assert.equal(checkRetryToken(KEY, token, { ...other, now: TIME }), undefined);
  const otherKey = new Uint8Array(32).fill(4);
  assert.equal(checkRetryToken(otherKey, token, { ...SEEN, now: TIME }), undefined);
});

Deno.test("checkRetryToken takes no token that is too old, or of the future", () => {
  for (const now of [TIME - 1, TIME + TOKEN_LIFETIME + 1]) {
    assert.equal(checkRetryToken(KEY, token, { ...SEEN, now }), undefined);
  }
  assert.ok(checkRetryToken(KEY, token, { ...SEEN, now: TIME + TOKEN_LIFETIME }));
});

Deno.test("checkRetryToken takes no token with a bit changed, cut short or added to", () => {
  for (let bit = 0; bit < token.length * 8; bit++) {
    const changed = token.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.equal(checkRetryToken(KEY, changed, { ...SEEN, now: TIME }), undefined, `bit ${bit}`);
  }
  for (let length = 0; length < token.length; length++) {
    const cut = token.subarray(0, length);
    assert.equal(checkRetryToken(KEY, cut, { ...SEEN, now: TIME }), undefined);
  }
  assert.equal(checkRetryToken(KEY, Uint8Array.of(...token, 0), { ...SEEN, now: TIME }), undefined);
});

Deno.test("checkRetryToken refuses bytes that nobody made", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
    assert.equal(checkRetryToken(KEY, bytes, { ...SEEN, now: TIME }), undefined);
  }));
});
