import assert from "node:assert/strict";
import { racingEngine } from "../../../client/platform/racing_engine.ts";
import { type Engine, TransportError } from "../../../protocol/transport/transport.ts";
import { MemoryConnection } from "../../helpers/memory_transport.ts";
import { DIAL, failing, silent } from "../../helpers/broken_engines.ts";

Deno.test("racingEngine throws the failure of QUIC when both engines fail", async () => {
  const dials: string[] = [];
  const second = () => Promise.resolve(failing("refused", dials));
  const engine = racingEngine(failing("unreachable", dials), second, () => assert.fail());
  await assert.rejects(engine.dial(DIAL), { code: "unreachable" });
  assert.deepEqual(dials, ["unreachable", "refused"]);
});

Deno.test("racingEngine does not try TLS with a server that has another key", async () => {
  const dials: string[] = [];
  const second = () => Promise.resolve(failing("unreachable", dials));
  const engine = racingEngine(failing("certificate", dials), second, () => assert.fail());
  await assert.rejects(engine.dial(DIAL), { code: "certificate" });
  assert.deepEqual(dials, ["certificate"]);
});

Deno.test("racingEngine starts with TLS after TLS alone has reached the server", async () => {
  const dials: string[] = [];
  const second = failing("certificate", dials);
  const engine = racingEngine(silent(dials), () => Promise.resolve(second), () => {}, 1);
  // It does not wait for QUIC, which has no time limit here.
  await assert.rejects(engine.dial(DIAL), { code: "certificate" });
  assert.deepEqual(dials.splice(0), ["silent", "certificate"]);
  await assert.rejects(engine.dial(DIAL), { code: "certificate" });
  assert.deepEqual(dials, ["certificate"]);
});

Deno.test("racingEngine starts with QUIC again once TLS has failed otherwise", async () => {
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
  const engine = racingEngine(first, () => Promise.resolve(second), () => {}, 1_000);
  // A refused certificate is thrown even if QUIC has failed before.
  await assert.rejects(engine.dial(DIAL), { code: "certificate" });
  await assert.rejects(engine.dial(DIAL), { code: "refused" });
  await assert.rejects(engine.dial(DIAL), { code: "unreachable" });
  assert.deepEqual(dials, [
    ...["unreachable", "certificate"],
    ...["refused", "unreachable"],
    ...["unreachable", "refused"],
  ]);
});

Deno.test("racingEngine notifies once that TLS takes the place of QUIC, until QUIC works again", async () => {
  class TlsConnection extends MemoryConnection {
    override readonly engine = "tls";
  }
  let blocked = true;
  const quic: Engine = {
    ...failing("unreachable", []),
    dial: () =>
      blocked
        ? Promise.reject(new TransportError("unreachable", "blocked"))
        : Promise.resolve(new MemoryConnection("client")),
  };
  const tls = { ...quic, dial: () => Promise.resolve(new TlsConnection("client")) };
  const notes: string[] = [];
  const engine = racingEngine(quic, () => Promise.resolve(tls), (text) => notes.push(text));
  for (const isBlocked of [true, true, false, true]) {
    blocked = isBlocked;
    assert.equal((await engine.dial(DIAL)).engine, isBlocked ? "tls" : "builtin");
  }
  assert.equal(notes.length, 2);
  assert.match(notes[0] ?? "", /connected over TLS/);
});
