import assert from "node:assert/strict";
import process from "node:process";
import { systemClock } from "../../../../protocol/clock.ts";
import { makeEngine } from "../../../../protocol/transport/quiche/engine.ts";
import { codeOf, loadQuiche } from "../../../../protocol/transport/quiche/native.ts";
import { openSocket, whenRefused } from "../../../../protocol/transport/quiche/open_socket.ts";
import type { TransportError } from "../../../../protocol/transport/transport.ts";
import { dial, listen } from "../contract/pair.ts";

/** An engine on a platform for which npm has no addon. */
const engine = makeEngine({
  load: () => loadQuiche(() => Promise.reject(new Error("Failed requiring native bindings"))),
  openSocket,
  whenRefused,
  clock: systemClock,
  random: (length) => new Uint8Array(length),
});

Deno.test("Engine says what to do where the addon has no build", async () => {
  for (const attempt of [dial(engine, 1), listen(engine)]) {
    await assert.rejects(attempt, (error: TransportError) => {
      assert.equal(error.name, "TransportError");
      assert.equal(error.code, "unsupported");
      assert.match(error.message, new RegExp(`no build for ${process.platform}-${process.arch}`));
      assert.match(error.message, /[Uu]se the built-in QUIC engine/);
      return true;
    });
  }
});

Deno.test("codeOf reads the codes in the binding's errors", () => {
  assert.equal(codeOf(new Error("StreamReset(77)"), "StreamReset"), 77);
  assert.equal(codeOf(new Error("StreamStopped(0)"), "StreamStopped"), 0);
  assert.equal(codeOf(new Error("StreamReset(77)"), "StreamStopped"), undefined);
  assert.equal(codeOf(new Error("StreamReset(many)"), "StreamReset"), undefined);
  assert.equal(codeOf("StreamReset(77)", "StreamReset"), undefined);
});
