import assert from "node:assert/strict";
import { ProtocolError } from "../../../protocol/errors.ts";
import type { ClientFrame } from "../../../protocol/frame.ts";
import { CLIENT_RULES } from "../../../protocol/session/rules.ts";
import { ServerUpload } from "../../../protocol/session/server_upload.ts";
import { VECTORS } from "../../helpers/vectors.ts";

const REQUEST = {
  type: "upload",
  id: 4,
  file: "01JD3Z8Q6W0VX5T7N2K9M4RBCE",
  conversation: "dm:ann:bob",
  size: 100,
  hash: new Uint8Array(32),
} as const;

function chunk(length: number): ClientFrame {
  return { type: "chunk", bytes: new Uint8Array(length) };
}

function codeOf(result: Uint8Array | ProtocolError): string | undefined {
  return result instanceof ProtocolError ? result.code : undefined;
}

Deno.test("ServerUpload takes as many bytes as were announced, from where it said", () => {
  const upload = new ServerUpload(REQUEST);
  assert.equal(upload.left, 100);
  assert.deepEqual(upload.ready(30), { type: "ready", re: 4, offset: 30 });
  assert.deepEqual(upload.handleFrame(chunk(50)), new Uint8Array(50));
  assert.deepEqual(upload.handleFrame(chunk(20)), new Uint8Array(20));
  assert.equal(upload.left, 0);
  assert.equal(codeOf(upload.handleFrame(chunk(1))), "bad_frame");
});

Deno.test("ServerUpload refuses more bytes than are left, and takes none of them", () => {
  const upload = new ServerUpload(REQUEST);
  upload.ready(0);
  assert.equal(codeOf(upload.handleFrame(chunk(101))), "bad_frame");
  assert.equal(upload.left, 100);
});

Deno.test("ServerUpload refuses bytes before it is ready", () => {
  const result = new ServerUpload(REQUEST).handleFrame(chunk(1));
  assert.equal(codeOf(result), "bad_state");
  assert.equal(result instanceof ProtocolError && result.re, 4);
});

Deno.test("ServerUpload takes chunk and no other frame that may be said on a further stream", () => {
  const others = VECTORS
    .flatMap(({ from, frame }) => from === "client" ? [frame] : [])
    .filter(({ type }) => type !== "chunk" && CLIENT_RULES[type].streams.includes("transfer"));
  assert.ok(others.length >= 4);
  for (const frame of others) {
    const upload = new ServerUpload(REQUEST);
    upload.ready(0);
    assert.equal(codeOf(upload.handleFrame(frame)), "bad_state", frame.type);
  }
});

Deno.test("ServerUpload says that a stream ended too early", () => {
  assert.equal(new ServerUpload(REQUEST).handleEnd().code, "unfinished_file");
});

Deno.test("ServerUpload throws where its own server is wrong", () => {
  const upload = new ServerUpload(REQUEST);
  assert.throws(() => upload.ready(101), RangeError);
  upload.ready(100);
  assert.throws(() => upload.ready(100), /has been said/);
});
