import assert from "node:assert/strict";
import { FrameRates, NETWORK_SHARE } from "../../server/frame_rates.ts";
import { FakeClock } from "../helpers/fake_clock.ts";

const RATE = { rate: 1, burst: 10 };
const RATES = { sends: RATE, lists: RATE, changes: RATE, requests: RATE };
const NOW = 5_000;

/** How many frames go ahead at once. */
function free(limiter: ReturnType<FrameRates["open"]>): number {
  let count = 0;
  while (limiter.delay("sends", NOW) === 0) count++;
  return count;
}

function open(rates: FrameRates, account?: string, address = "192.0.2.1") {
  const limiter = rates.open(address);
  if (account !== undefined) limiter.signedIn(account);
  return limiter;
}

Deno.test("FrameRates counts all sessions of an account together, and others by themselves", () => {
  const rates = new FrameRates(RATES, new FakeClock());
  const [one, two] = [open(rates, "ann"), open(rates, "ann", "192.0.2.2")];
  assert.equal(free(one), 10);
  assert.equal(free(two), 0);
  assert.equal(free(open(rates, "bob")), 10);
  assert.equal(one.delay("lists", NOW), 0, "each limit counts by itself");
});

Deno.test("FrameRates remembers what an account has used after its last session", () => {
  const rates = new FrameRates(RATES, new FakeClock());
  const first = open(rates, "ann");
  assert.equal(free(first), 10);
  first[Symbol.dispose]();
  const second = open(rates, "ann");
  assert.equal(free(second), 0);
  // The first frame that had to wait is counted, too.
  assert.equal(second.delay("sends", NOW + 20_000), 0);
});

Deno.test("FrameRates counts a connection by itself until it has signed in", () => {
  const rates = new FrameRates(RATES, new FakeClock());
  assert.deepEqual([open(rates), open(rates)].map(free), [10, 10]);
});

Deno.test("FrameRates counts all accounts of a network together", () => {
  const rates = new FrameRates(RATES, new FakeClock());
  let total = 0;
  for (let account = 0; account < 2 * NETWORK_SHARE; account++) {
    // A host may use any address of its /64.
    total += free(open(rates, `user${account}`, `2001:db8::${account.toString(16)}`));
  }
  // Each account's first frame that had to wait was counted for the network, too.
  assert.ok(total > 9 * NETWORK_SHARE && total <= 10 * NETWORK_SHARE, `${total} went ahead`);
  assert.equal(free(open(rates, "elsewhere", "2001:db8:0:1::1")), 10);
});
