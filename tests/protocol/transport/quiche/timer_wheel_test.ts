import assert from "node:assert/strict";
import fc from "fast-check";
import { type Timed, TimerWheel } from "../../../../protocol/transport/quiche/timer_wheel.ts";

/** What deadlines are rounded up to. */
const TICK = 5;

interface Entry extends Timed {
  readonly name: string;
}

function entry(name = ""): Entry {
  return { name, due: Infinity, tick: -1 };
}

/** Who is expired when the wheel is served until a time, at the times that it asks for. */
function serve(wheel: TimerWheel<Entry>, until: number): Array<[name: string, at: number]> {
  const expired: Array<[string, number]> = [];
  for (let next; (next = wheel.next()) !== undefined && next <= until;) {
    const now = next;
    wheel.advance(now, (one) => expired.push([one.name, now]));
  }
  return expired;
}

Deno.test("TimerWheel expires each entry once, not early, and at most a tick late", () => {
  const deadline = fc.double({ min: 0, max: 20_000, noNaN: true });
  fc.assert(fc.property(fc.array(deadline, { maxLength: 50 }), (deadlines) => {
    const wheel = new TimerWheel<Entry>(0);
    deadlines.forEach((due, at) => wheel.set(entry(String(at)), due));
    const expired = serve(wheel, 30_000);
    assert.equal(expired.length, deadlines.length);
    for (const [name, at] of expired) {
      const due = deadlines[Number(name)] ?? NaN;
      assert.ok(at >= due && at <= Math.max(due, TICK) + TICK, `${due} expired at ${at}`);
    }
    assert.equal(wheel.size, 0);
    assert.equal(wheel.next(), undefined);
  }));
});

Deno.test("TimerWheel.set moves a deadline, later or earlier", () => {
  const wheel = new TimerWheel<Entry>(1_000);
  const [later, earlier] = [entry("later"), entry("earlier")];
  wheel.set(later, 1_010);
  wheel.set(later, 1_500);
  wheel.set(earlier, 9_000);
  wheel.set(earlier, 1_100);
  assert.deepEqual(serve(wheel, 20_000), [["earlier", 1_100], ["later", 1_500]]);
});

Deno.test("TimerWheel.delete forgets an entry, also from among those that expire together", () => {
  const wheel = new TimerWheel<Entry>(0);
  const [first, second, third] = [entry("first"), entry("second"), entry("third")];
  for (const one of [first, second, third]) wheel.set(one, 12);
  wheel.delete(third);
  const expired: string[] = [];
  wheel.advance(20, (one) => {
    expired.push(one.name);
    wheel.delete(one === first ? second : first);
  });
  assert.deepEqual(expired, ["first"]);
  assert.equal(wheel.size, 0);
});

Deno.test("TimerWheel.advance lets an entry set itself again", () => {
  const wheel = new TimerWheel<Entry>(0);
  wheel.set(entry(), 10);
  const times: number[] = [];
  for (let next; (next = wheel.next()) !== undefined && times.length < 3;) {
    const now = next;
    wheel.advance(now, (one) => {
      times.push(now);
      wheel.set(one, now + 100);
    });
  }
  assert.deepEqual(times, [10, 110, 210]);
});

Deno.test("TimerWheel.advance catches up after a long sleep", () => {
  const wheel = new TimerWheel<Entry>(0);
  for (const due of [7, 4_000, 6_000, 3_600_000]) wheel.set(entry(String(due)), due);
  const expired: string[] = [];
  wheel.advance(3_000_000, (one) => expired.push(one.name));
  assert.deepEqual(expired.toSorted(), ["4000", "6000", "7"]);
  assert.deepEqual(serve(wheel, 4_000_000), [["3600000", 3_600_000]]);
});
