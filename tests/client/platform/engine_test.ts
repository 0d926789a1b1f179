import assert from "node:assert/strict";
import { eitherWay, withFallback } from "../../../client/platform/engine.ts";
import {
  type DialOptions,
  type Engine,
  TransportError,
} from "../../../protocol/transport/transport.ts";

const DIAL: DialOptions = { hostname: "127.0.0.1", port: 1, alpn: [] };

function failing(code: TransportError["code"], dials: string[]): Engine {
  return {
    name: "quiche",
    listen: () => Promise.reject(new Error("not asked for")),
    dial: () => {
      dials.push(code);
      return Promise.reject(new TransportError(code, code));
    },
  };
}

Deno.test("withFallback changes the engine once, where the first has no build", async () => {
  const dials: string[] = [];
  const told: string[] = [];
  const second = () => Promise.resolve(failing("refused", dials));
  const engine = withFallback(failing("unsupported", dials), second, (why) => told.push(why));
  await assert.rejects(engine.dial(DIAL), { code: "refused" });
  await assert.rejects(engine.dial(DIAL), { code: "refused" });
  assert.deepEqual(dials, ["unsupported", "refused", "refused"]);
  assert.deepEqual(told, ["unsupported"]);
});

Deno.test("withFallback stays with an engine that merely failed", async () => {
  const dials: string[] = [];
  const second = () => assert.fail("the first engine works");
  const engine = withFallback(failing("timeout", dials), second, () => assert.fail());
  await assert.rejects(engine.dial(DIAL), { code: "timeout" });
  assert.deepEqual(dials, ["timeout"]);
});

Deno.test("eitherWay says why the first way failed when both have", async () => {
  const dials: string[] = [];
  const second = () => Promise.resolve(failing("refused", dials));
  const engine = eitherWay(failing("unreachable", dials), second, () => assert.fail());
  await assert.rejects(engine.dial(DIAL), { code: "unreachable" });
  assert.deepEqual(dials, ["unreachable", "refused"]);
});

Deno.test("eitherWay tries no other way to a server that is not the one that was meant", async () => {
  const dials: string[] = [];
  const second = () => Promise.resolve(failing("unreachable", dials));
  const engine = eitherWay(failing("certificate", dials), second, () => assert.fail());
  await assert.rejects(engine.dial(DIAL), { code: "certificate" });
  assert.deepEqual(dials, ["certificate"]);
});

/** Never answers; settles when it is given up. */
function silent(dials: string[]): Engine {
  return {
    name: "quiche",
    listen: () => Promise.reject(new Error("not asked for")),
    dial: ({ signal }) => {
      dials.push("silent");
      return new Promise((_, reject) => {
        const abort = () => reject(new TransportError("aborted", "given up"));
        if (signal?.aborted) abort();
        signal?.addEventListener("abort", abort);
      });
    },
  };
}

Deno.test("eitherWay knows at a first contact that the second way is the one, and takes it next time", async () => {
  const dials: string[] = [];
  const second = failing("certificate", dials);
  const engine = eitherWay(silent(dials), () => Promise.resolve(second), () => {}, 1);
  // Without waiting for the first way's own time limit: there is none.
  await assert.rejects(engine.dial(DIAL), { code: "certificate" });
  assert.deepEqual(dials.splice(0), ["silent", "certificate"]);
  await assert.rejects(engine.dial(DIAL), { code: "certificate" });
  assert.deepEqual(dials, ["certificate"]);
});

Deno.test("eitherWay tries the first way first again, once the second has failed otherwise", async () => {
  const dials: string[] = [];
  const answers: TransportError["code"][] = ["certificate", "refused", "refused"];
  const second: Engine = {
    ...failing("refused", dials),
    dial: () => {
      const code = answers.shift() ?? "refused";
      dials.push(code);
      return Promise.reject(new TransportError(code, code));
    },
  };
  const first = failing("unreachable", dials);
  const engine = eitherWay(first, () => Promise.resolve(second), () => {}, 1_000);
  // Another key is told, even where the first way had failed before that was seen.
  await assert.rejects(engine.dial(DIAL), { code: "certificate" });
  await assert.rejects(engine.dial(DIAL), { code: "refused" });
  await assert.rejects(engine.dial(DIAL), { code: "unreachable" });
  assert.deepEqual(dials, [
    ...["unreachable", "certificate"],
    ...["refused", "unreachable"],
    ...["unreachable", "refused"],
  ]);
});
