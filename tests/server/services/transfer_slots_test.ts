import assert from "node:assert/strict";
import { LIMITS } from "../../../protocol/limits.ts";
import { type Slot, TransferSlots } from "../../../server/services/transfer_slots.ts";
import { FakeClock, settle } from "../../helpers/fake_clock.ts";
import { TestSession } from "../../helpers/test_session.ts";

const SLOW_TIME = 30_000;
const SLOW_BYTES = 60_000;

/** A pool, and who holds what of it. */
class Pool {
  readonly clock = new FakeClock();
  readonly slots: TransferSlots;
  /** Who holds slots; what is broken off ends at once, unless `hangs`. */
  readonly holders: string[] = [];
  hangs = false;

  constructor(transfers: number) {
    const limits = { transfers, slowBytes: SLOW_BYTES, slowTime: SLOW_TIME };
    this.slots = new TransferSlots(limits, this.clock);
  }

  /** `owner`: an account and its network. `undefined`: all slots are taken. */
  take(owner: string): Slot | undefined {
    const [account = "", network = account] = owner.split("@");
    const number = [...account].reduce((sum, character) => sum * 256 + character.charCodeAt(0), 0);
    let slot: Slot | undefined;
    const end = () => {
      slot?.[Symbol.dispose]();
      slot = undefined;
    };
    const abandon = () => {
      this.holders.splice(this.holders.indexOf(owner), 1);
      if (!this.hangs) end();
    };
    try {
      slot = this.slots.take(new TestSession(account, number, owner, network), { abandon });
    } catch (error) {
      assert.equal(Reflect.get(Object(error), "code"), "busy");
      return undefined;
    }
    this.holders.push(owner);
    const { moved } = slot;
    return { moved, [Symbol.dispose]: end };
  }

  /** How many slots each owner has: `ann 2, bob 1`. */
  get shares(): string {
    const counts = new Map<string, number>();
    for (const owner of this.holders) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    return [...counts].map(([owner, count]) => `${owner} ${count}`).toSorted().join(", ");
  }
}

function takeAll(pool: Pool, ...owners: readonly string[]): (Slot | undefined)[] {
  return owners.map((owner) => pool.take(owner));
}

Deno.test("TransferSlots lets one account have all slots while nobody else wants one", () => {
  const pool = new Pool(6);
  takeAll(pool, "ann", "ann", "ann", "ann", "ann", "ann");
  assert.equal(pool.shares, "ann 6");
  assert.equal(pool.take("ann"), undefined);
  assert.equal(pool.shares, "ann 6");
});

Deno.test("TransferSlots shares the pool evenly between accounts, whatever their sessions", () => {
  const pool = new Pool(6);
  takeAll(pool, "ann@x", "ann@x", "ann@x", "ann@x", "ann@x", "ann@x");
  takeAll(pool, "bob@x", "bob@x", "bob@x", "bob@x", "bob@x", "bob@x");
  assert.equal(pool.shares, "ann@x 3, bob@x 3");
  takeAll(pool, "cem@x", "cem@x", "cem@x");
  assert.equal(pool.shares, "ann@x 2, bob@x 2, cem@x 2");
  assert.equal(pool.take("ann@x"), undefined);
});

Deno.test("TransferSlots shares the pool evenly between networks, whatever their accounts", () => {
  const pool = new Pool(6);
  takeAll(pool, "e1@x", "e2@x", "e3@x", "e4@x", "e5@x", "e6@x");
  takeAll(pool, "ann", "ann", "ann", "ann");
  assert.equal(pool.shares, "ann 3, e1@x 1, e2@x 1, e3@x 1");
  // An account is one owner, wherever it is.
  const other = new Pool(4);
  takeAll(other, "eve@1", "eve@2", "eve@3", "eve@4");
  takeAll(other, "ann", "ann", "ann");
  assert.equal(other.holders.filter((owner) => owner === "ann").length, 2);
});

Deno.test("TransferSlots takes from whom has most, and there from the account that has most", () => {
  const pool = new Pool(7);
  takeAll(pool, "ann", "ann", "cem@x", "eve@x", "eve@x", "eve@x", "bob");
  pool.take("dee");
  assert.equal(pool.shares, "ann 2, bob 1, cem@x 1, dee 1, eve@x 2");
});

Deno.test("TransferSlots takes no slot back and forth: who asks again and again gets an even share", () => {
  const owners = ["a@x", "b@x", "c@x", "d@y", "e@y", "f@z", "f@w"];
  for (let seed = 1; seed <= 30; seed++) {
    const pool = new Pool(13);
    let state = seed;
    let lastChange = 0;
    // In half of the runs one account is in several networks.
    const asking = seed % 2 === 0 ? owners : [...owners, "a@y", "a@z"];
    for (let round = 0; round < 500; round++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      const before = pool.shares;
      pool.take(asking[(state >>> 16) % asking.length] ?? "");
      if (pool.shares !== before) lastChange = round;
    }
    assert.ok(lastChange < 250, `seed ${seed}: still changing in round ${lastChange}`);
    if (asking !== owners) continue;
    const of = (...names: string[]) => pool.holders.filter((one) => names.includes(one)).length;
    const shares = [of("a@x", "b@x", "c@x"), of("d@y", "e@y"), of("f@z", "f@w")];
    assert.ok(Math.max(...shares) - Math.min(...shares) <= 1, `seed ${seed}: ${shares}`);
  }
});

Deno.test("TransferSlots takes the slot of a slow transfer for whom has fewer, and of no fast one", async () => {
  const pool = new Pool(3);
  const [, fast] = takeAll(pool, "slow", "fast", "idle");
  for (let second = 0; second < 40; second += 10) {
    assert.equal(pool.take("ann"), undefined);
    fast?.moved(SLOW_BYTES / 3);
    await pool.clock.pass(10_000);
  }
  const ann = pool.take("ann");
  assert.notEqual(ann, undefined);
  const bob = pool.take("bob");
  assert.notEqual(bob, undefined);
  assert.equal(pool.shares, "ann 1, bob 1, fast 1");
  assert.equal(pool.take("slow"), undefined);
});

Deno.test("TransferSlots does not take a byte now and then for speed", async () => {
  const pool = new Pool(1);
  const [slow] = takeAll(pool, "slow");
  for (let second = 0; second <= 60; second += 20) {
    slow?.moved(1);
    if (second < 40) assert.equal(pool.take("ann"), second < 40 ? undefined : pool, `${second}`);
    await pool.clock.pass(20_000);
  }
  slow?.moved(SLOW_BYTES / 10);
  assert.notEqual(pool.take("ann"), undefined);
});

Deno.test("TransferSlots leaves a slow transfer alone while there are free slots", async () => {
  const pool = new Pool(2);
  takeAll(pool, "slow");
  await pool.clock.pass(10 * SLOW_TIME);
  takeAll(pool, "ann");
  assert.equal(pool.shares, "ann 1, slow 1");
});

Deno.test("TransferSlots lets an account take its own slow transfer's slot", async () => {
  const pool = new Pool(1);
  takeAll(pool, "ann");
  assert.equal(pool.take("ann"), undefined);
  await pool.clock.pass(SLOW_TIME + 1);
  assert.notEqual(pool.take("ann"), undefined);
  assert.equal(pool.shares, "ann 1");
});

Deno.test("TransferSlots breaks off no more when many transfers do not end", () => {
  const pool = new Pool(40);
  pool.hangs = true;
  for (let count = 0; count < 40; count++) pool.take(`e${count}@x`);
  for (let count = 0; count < 40; count++) pool.take(`b${count}`);
  assert.equal(pool.holders.filter((owner) => owner.startsWith("b")).length, 32);
});

Deno.test("TransferSlots has a limit for each session", () => {
  const { slots } = new Pool(100);
  const session = new TestSession("ann");
  const stream = { abandon: () => {} };
  for (let count = 0; count < LIMITS.transfers; count++) slots.take(session, stream);
  assert.throws(() => slots.take(session, stream), { code: "busy", message: /4 files/ });
});

Deno.test("TransferSlots is idle when every transfer has ended, those that were broken off too", async () => {
  const pool = new Pool(1);
  pool.hangs = true;
  const [first] = takeAll(pool, "eve");
  await pool.clock.pass(SLOW_TIME + 1);
  const second = pool.take("ann");
  let isIdle = false;
  void pool.slots.idle().then(() => isIdle = true);
  second?.[Symbol.dispose]();
  await settle();
  assert.equal(isIdle, false);
  first?.[Symbol.dispose]();
  await settle();
  assert.equal(isIdle, true);
  await pool.slots.idle();
});
