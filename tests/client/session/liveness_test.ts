import assert from "node:assert/strict";
import { Liveness } from "../../../client/session/liveness.ts";
import { sleep } from "../../../protocol/clock.ts";
import { FakeClock, settle } from "../../helpers/fake_clock.ts";

/** Milliseconds that another connection takes. */
const DIAL = 100;

/** A client whose server has fallen silent, and which can be reached once more. */
class Scene {
  readonly clock = new FakeClock();
  readonly happened: string[] = [];
  readonly liveness: Liveness;
  readonly #sign = Promise.withResolvers<void>();

  constructor(canPing = true) {
    let signs = 0;
    this.liveness = new Liveness({
      connection: {
        closed: new Promise(() => {}),
        forgotten: () => signs++ === 0 ? this.#sign.promise : new Promise(() => {}),
        rebind: () => Promise.resolve(),
        silence: () => 500,
      },
      clock: this.clock,
      log: () => {},
      reach: async (signal) => {
        await sleep(this.clock, DIAL, signal);
        return {
          use: () => this.happened.push("used"),
          discard: () => this.happened.push("discarded"),
        };
      },
      session: {
        isBusy: () => false,
        ping: () => canPing && this.happened.push("ping"),
        lose: (code) => this.happened.push(`lost: ${code}`),
      },
    });
  }

  async seemForgotten(): Promise<void> {
    this.#sign.resolve();
    await settle();
  }
}

Deno.test("Liveness goes on with another connection when the first stays silent", async () => {
  const scene = new Scene();
  await scene.seemForgotten();
  await scene.clock.pass(DIAL);
  assert.deepEqual(scene.happened, ["ping"]);
  await scene.clock.pass(DIAL);
  assert.deepEqual(scene.happened, ["ping", "used", "lost: forgotten"]);
});

Deno.test("Liveness keeps a connection whose answer another connection has overtaken", async () => {
  const scene = new Scene();
  await scene.seemForgotten();
  await scene.clock.pass(DIAL + DIAL / 2);
  scene.liveness.noteActivity();
  await settle();
  assert.deepEqual(scene.happened, ["ping", "discarded"]);
  await scene.clock.pass(DIAL);
  assert.deepEqual(scene.happened, ["ping", "discarded"]);
});

Deno.test("Liveness gives up a silent server also where it can send no ping", async () => {
  const scene = new Scene(false);
  await scene.seemForgotten();
  await scene.clock.pass(2 * DIAL);
  assert.deepEqual(scene.happened, ["used", "lost: forgotten"]);
});
