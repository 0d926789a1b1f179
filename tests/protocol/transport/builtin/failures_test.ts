import assert from "node:assert/strict";
import {
  closeOfFailure,
  streamCodeOfFailure,
} from "../../../../protocol/transport/builtin/failures.ts";

Deno.test("closeOfFailure knows an idle timeout", () => {
  assert.equal(closeOfFailure("timed out").kind, "idle");
});

Deno.test("closeOfFailure makes QUIC's code of a TLS alert, of either end", () => {
  const sentence = "the cryptographic handshake failed: error 120: no common protocol";
  const close = { kind: "transport", code: 0x178, reason: sentence };
  assert.deepEqual(closeOfFailure(sentence), { ...close, by: "local" });
  assert.deepEqual(closeOfFailure(`aborted by peer: ${sentence}`), { ...close, by: "peer" });
});

Deno.test("closeOfFailure knows QUIC's own codes", () => {
  const close = closeOfFailure("aborted by peer: the server refused to accept a new connection");
  assert.deepEqual([close.kind, close.code, close.by], ["transport", 2, "peer"]);
});

Deno.test("closeOfFailure does not guess", () => {
  for (const text of ["reset by peer", "a sentence of tomorrow's Deno", ""]) {
    assert.equal(closeOfFailure(text).kind, "lost", text);
  }
});

Deno.test("streamCodeOfFailure reads the peer's code, and no other's", () => {
  assert.equal(streamCodeOfFailure("stream reset by peer: error 77"), 77);
  assert.equal(streamCodeOfFailure("sending stopped by peer: error 0"), 0);
  assert.equal(streamCodeOfFailure("connection lost"), undefined);
  assert.equal(streamCodeOfFailure("the cryptographic handshake failed: error 48"), undefined);
});
