import assert from "node:assert/strict";
import { RefusedError } from "../../../client/session/refused_error.ts";
import { InterruptedError } from "../../../client/files/interrupted_error.ts";
import { retry } from "../../../client/files/retry.ts";
import { FakeClock, settle } from "../../helpers/fake_clock.ts";

/** Connections 1, 2, 3…, of which the last is the current one. */
class Scene {
  readonly clock = new FakeClock();
  readonly #stop = new AbortController();
  readonly attempts: number[] = [];
  readonly transfer = { signal: this.#stop.signal, movedBytes: 0 };
  readonly session = {
    connection: 1,
    next: (signal: AbortSignal) =>
      Promise.resolve(signal.aborted ? undefined : this.session.connection),
  };

  retry(attempt: () => void): Promise<boolean> {
    const { session, transfer, clock } = this;
    const run = (connection: number) => {
      this.attempts.push(connection);
      attempt();
      return Promise.resolve();
    };
    return retry(run, { session, transfer, clock, random: () => 0 });
  }

  stop(): void {
    this.#stop.abort();
  }
}

function interrupt(): never {
  throw new InterruptedError("gone");
}

Deno.test("retry attempts again on the next connection after each break", async () => {
  const scene = new Scene();
  const done = scene.retry(() => {
    if (scene.attempts.length === 20) return;
    scene.session.connection++;
    interrupt();
  });
  await settle();
  await scene.clock.pass(60_000);
  assert.equal(await done, true);
  assert.equal(scene.attempts.at(-1), 20);
});

Deno.test("retry goes on as long as bytes move", async () => {
  const scene = new Scene();
  const done = scene.retry(() => {
    if (scene.attempts.length === 50) return;
    scene.transfer.movedBytes++;
    interrupt();
  });
  await settle();
  await scene.clock.pass(60_000);
  assert.equal(await done, true);
});

Deno.test("retry gives up when nothing moves, and waits longer each time", async () => {
  const scene = new Scene();
  const done = scene.retry(interrupt);
  const over = assert.rejects(done, (failure) => {
    return failure instanceof RefusedError && failure.code === "no_answer";
  });
  await settle();
  await scene.clock.pass(1000);
  assert.ok(scene.attempts.length <= 5, `${scene.attempts.length}`);
  await scene.clock.pass(10 * 60_000);
  await over;
  assert.equal(scene.attempts.length, 12);
});

Deno.test("retry does not repeat what was refused, or failed on this side", async () => {
  for (const failure of [new RefusedError("disk_full", "full"), new TypeError("ours")]) {
    const scene = new Scene();
    const done = scene.retry(() => {
      throw failure;
    });
    await assert.rejects(done, failure);
    assert.equal(scene.attempts.length, 1);
  }
});

Deno.test("retry ends when the transfer is stopped, between attempts too", async () => {
  const scene = new Scene();
  const done = scene.retry(interrupt);
  await settle();
  scene.stop();
  assert.equal(await done, false);
  assert.equal(await scene.retry(interrupt), false);
  assert.equal(scene.clock.waiting, 0);
});
