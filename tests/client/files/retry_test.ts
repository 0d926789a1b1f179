import assert from "node:assert/strict";
import { RefusedError } from "../../../client/session/refused_error.ts";
import { BrokenError } from "../../../client/files/attempt.ts";
import { retry, type RetryOptions } from "../../../client/files/retry.ts";
import { FakeClock, settle } from "../../helpers/fake_clock.ts";

/** Sessions 1, 2, 3…, of which the last is the current one. */
class Scene {
  readonly clock = new FakeClock();
  readonly stop = new AbortController();
  moved = 0;
  session = 1;
  readonly attempts: number[] = [];

  carry(attempt: (session: number) => void): Promise<boolean> {
    const carrying: RetryOptions<number> = {
      link: () => Promise.resolve(this.stop.signal.aborted ? undefined : this.session),
      isCurrent: (session) => session === this.session,
      moved: () => this.moved,
      clock: this.clock,
      random: () => 0,
      signal: this.stop.signal,
    };
    return retry((session) => {
      this.attempts.push(session);
      attempt(session);
      return Promise.resolve();
    }, carrying);
  }
}

function breaks(): never {
  throw new BrokenError("gone");
}

Deno.test("carry goes on, on the next session, after every break", async () => {
  const scene = new Scene();
  const carried = scene.carry(() => {
    if (scene.attempts.length === 20) return;
    scene.session++;
    breaks();
  });
  await settle();
  await scene.clock.pass(60_000);
  assert.equal(await carried, true);
  assert.equal(scene.attempts.at(-1), 20);
});

Deno.test("carry goes on as long as something moves", async () => {
  const scene = new Scene();
  const carried = scene.carry(() => {
    if (scene.attempts.length === 50) return;
    scene.moved++;
    breaks();
  });
  await settle();
  await scene.clock.pass(60_000);
  assert.equal(await carried, true);
});

Deno.test("carry gives up when nothing moves, waiting longer each time", async () => {
  const scene = new Scene();
  const carried = scene.carry(breaks);
  const over = assert.rejects(carried, (failure) => {
    return failure instanceof RefusedError && failure.code === "no_answer";
  });
  await settle();
  await scene.clock.pass(1000);
  assert.ok(scene.attempts.length <= 5, `${scene.attempts.length}`);
  await scene.clock.pass(10 * 60_000);
  await over;
  assert.equal(scene.attempts.length, 12);
});

Deno.test("carry does not try again what was refused, or failed here", async () => {
  for (const failure of [new RefusedError("disk_full", "full"), new TypeError("ours")]) {
    const scene = new Scene();
    const carried = scene.carry(() => {
      throw failure;
    });
    await assert.rejects(carried, failure);
    assert.equal(scene.attempts.length, 1);
  }
});

Deno.test("carry stops when it is told to, also between attempts", async () => {
  const scene = new Scene();
  const carried = scene.carry(breaks);
  await settle();
  scene.stop.abort();
  assert.equal(await carried, false);
  assert.equal(await scene.carry(breaks), false);
  assert.equal(scene.clock.waiting, 0);
});
