import assert from "node:assert/strict";
import { race } from "../../../protocol/transport/race.ts";

/** Attempts that the test settles by hand. */
class Attempts {
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
    return race(ways, attempt, { headStart, discard: (late) => this.discarded.push(late) });
  }

  succeed(way: string): void {
    this.#all.get(way)?.resolve(way);
  }

  fail(way: string): void {
    this.#all.get(way)?.reject(new Error(way));
  }
}

const LONG = 60_000;
const turn = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("race tries the next way when the last has failed", async () => {
  const attempts = new Attempts();
  const result = attempts.run(["one", "two", "three"], LONG);
  assert.deepEqual(attempts.started, ["one"]);
  attempts.fail("one");
  await turn();
  assert.deepEqual(attempts.started, ["one", "two"]);
  attempts.succeed("two");
  assert.equal(await result, "two");
  assert.deepEqual(attempts.started, ["one", "two"]);
});

Deno.test("race tries the next way beside one that is slow, and aborts the loser", async () => {
  const attempts = new Attempts();
  const result = attempts.run(["slow", "quick"], 1);
  while (attempts.started.length < 2) await turn();
  attempts.succeed("quick");
  assert.equal(await result, "quick");
  assert.ok(attempts.aborted.includes("slow"));
  attempts.succeed("slow");
  await turn();
  assert.deepEqual(attempts.discarded, ["slow"]);
});

Deno.test("race throws the first failure when all have failed", async () => {
  const attempts = new Attempts();
  const result = attempts.run(["one", "two"], 1);
  result.catch(() => {});
  while (attempts.started.length < 2) await turn();
  attempts.fail("two");
  await turn();
  attempts.fail("one");
  await assert.rejects(result, /^Error: two$/);
});
