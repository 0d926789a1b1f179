import assert from "node:assert/strict";
import { race } from "../../../protocol/transport/race.ts";
import { FakeClock, settle } from "../../helpers/fake_clock.ts";

/** Attempts that the test settles by hand. */
class Attempts {
  readonly clock = new FakeClock();
  readonly started: string[] = [];
  readonly aborted: string[] = [];
  readonly discarded: string[] = [];
  readonly #all = new Map<string, PromiseWithResolvers<string>>();

  run(ways: readonly string[], headStart: number): Promise<string> {
    const attempt = (way: string, signal: AbortSignal) => {
      const settling = Promise.withResolvers<string>();
      this.started.push(way);
      this.#all.set(way, settling);
      signal.addEventListener("abort", () => this.aborted.push(way));
      return settling.promise;
    };
    const discard = (late: string) => void this.discarded.push(late);
    return race(ways, attempt, { clock: this.clock, headStart, discard });
  }

  succeed(way: string): void {
    this.#all.get(way)?.resolve(way);
  }

  fail(way: string): void {
    this.#all.get(way)?.reject(new Error(way));
  }
}

const LONG = 60_000;

Deno.test("race tries the next way when the last has failed", async () => {
  const attempts = new Attempts();
  const result = attempts.run(["one", "two", "three"], LONG);
  assert.deepEqual(attempts.started, ["one"]);
  attempts.fail("one");
  await settle();
  assert.deepEqual(attempts.started, ["one", "two"]);
  attempts.succeed("two");
  assert.equal(await result, "two");
  assert.deepEqual(attempts.started, ["one", "two"]);
});

Deno.test("race tries the next way beside one that is slow, and aborts the loser", async () => {
  const attempts = new Attempts();
  const result = attempts.run(["slow", "quick"], 250);
  await attempts.clock.pass(249);
  assert.deepEqual(attempts.started, ["slow"]);
  await attempts.clock.pass(1);
  assert.deepEqual(attempts.started, ["slow", "quick"]);
  attempts.succeed("quick");
  assert.equal(await result, "quick");
  assert.ok(attempts.aborted.includes("slow"));
  attempts.succeed("slow");
  await settle();
  assert.deepEqual(attempts.discarded, ["slow"]);
});

Deno.test("race throws the first failure when all have failed", async () => {
  const attempts = new Attempts();
  const result = attempts.run(["one", "two"], 250);
  result.catch(() => {});
  await attempts.clock.pass(250);
  attempts.fail("two");
  await settle();
  attempts.fail("one");
  await assert.rejects(result, /^Error: two$/);
});
