import assert from "node:assert/strict";
import { encodeFrame } from "../../../protocol/codec.ts";
import { ProtocolError } from "../../../protocol/errors.ts";
import type { ServerFrame } from "../../../protocol/frame.ts";
import { LIMITS, TIMES } from "../../../protocol/limits.ts";
import { ClientUpload } from "../../../protocol/session/upload.ts";
import { clientIn, START } from "../../helpers/sessions.ts";
import { encode } from "../../helpers/independent_msgpack.ts";

const FIELDS = {
  file: "01JD3Z8Q6W0VX5T7N2K9M4RBCE",
  conversation: "dm:ann:bob",
  size: 100_000,
  hash: new Uint8Array(32),
};

function upload(): ClientUpload {
  return new ClientUpload({ type: "upload", id: 4, ...FIELDS }, START);
}

function handle(transfer: ClientUpload, frame: ServerFrame, now = START) {
  return transfer.handleBody(encodeFrame(frame).subarray(4), now);
}

Deno.test("ClientSession.upload makes a request with an ID of its own, once signed in", () => {
  const { request } = clientIn("AUTHENTICATED").upload(FIELDS, START);
  assert.deepEqual(request, { type: "upload", id: 3, ...FIELDS });
  assert.throws(() => clientIn("CONNECTED").upload(FIELDS, START), /current state is CONNECTED/);
});

Deno.test("ClientUpload sends what the server does not have, in chunks, and is stored", () => {
  const transfer = upload();
  assert.equal(transfer.left, 100_000);
  assert.throws(() => transfer.chunk(new Uint8Array(1)), /not ready/);
  assert.deepEqual(handle(transfer, { type: "ready", re: 4, offset: 30_000 }), {
    type: "ready",
    offset: 30_000,
  });
  const bytes = new Uint8Array(LIMITS.chunk);
  assert.deepEqual(transfer.chunk(bytes), { type: "chunk", bytes });
  assert.throws(() => transfer.chunk(new Uint8Array(0)), RangeError);
  assert.throws(() => transfer.chunk(bytes), /20848 are left/);
  transfer.chunk(bytes.subarray(0, transfer.left));
  assert.equal(transfer.left, 0);
  assert.throws(() => transfer.chunk(new Uint8Array(1)), /0 are left/);
  assert.deepEqual(handle(transfer, { type: "stored", re: 4 }), { type: "stored" });
});

Deno.test("ClientUpload sends nothing of a file that the server has", () => {
  const transfer = upload();
  handle(transfer, { type: "ready", re: 4, offset: 100_000 });
  assert.equal(transfer.left, 0);
  assert.deepEqual(handle(transfer, { type: "stored", re: 4 }), { type: "stored" });
});

Deno.test("ClientUpload fails when the server claims bytes that were not sent", () => {
  for (
    const frames of [
      [{ type: "stored", re: 4 }],
      [{ type: "ready", re: 4, offset: 100_001 }],
      [{ type: "ready", re: 4, offset: 0 }, { type: "stored", re: 4 }],
    ] satisfies ServerFrame[][]
  ) {
    const transfer = upload();
    const output = frames.map((frame) => handle(transfer, frame)).at(-1);
    assert.ok(output?.type === "failed" && output.code === "bad_frame", JSON.stringify(frames));
  }
});

Deno.test("ClientUpload fails on the server's error at any point, and on the end of the stream", () => {
  const error = { type: "error", re: 4, code: "quota_exceeded", message: "Full." } as const;
  const failed = { type: "failed", code: "quota_exceeded", message: "Full." };
  const transfer = upload();
  assert.deepEqual(handle(transfer, error), failed);
  handle(transfer, { type: "ready", re: 4, offset: 0 });
  assert.deepEqual(handle(transfer, error), failed);
  const ended = transfer.handleEnd();
  assert.equal(ended.type === "failed" && ended.code, "unfinished_file");
  const cut = transfer.handleFault(new ProtocolError("frame_truncated"));
  assert.equal(cut.type === "failed" && cut.code, "frame_truncated");
  const malformed = transfer.handleBody(Uint8Array.of(0xc1), START);
  assert.equal(malformed.type === "failed" && malformed.code, "frame_malformed");
});

Deno.test("ClientUpload ignores unknown and repeated frames", () => {
  const transfer = upload();
  assert.deepEqual(transfer.handleBody(encode({ type: "later" }), START), { type: "ignore" });
  assert.deepEqual(handle(transfer, { type: "pong", re: 4 }), { type: "ignore" });
  handle(transfer, { type: "ready", re: 4, offset: 0 });
  assert.deepEqual(handle(transfer, { type: "ready", re: 4, offset: 5 }), { type: "ignore" });
  assert.equal(transfer.left, 100_000);
});

Deno.test("ClientUpload gives the server 30 seconds from one step to the next", () => {
  const transfer = upload();
  assert.equal(transfer.deadline(), START + TIMES.answer);
  handle(transfer, { type: "ready", re: 4, offset: 0 }, START + 10);
  assert.equal(transfer.deadline(), START + 10 + TIMES.answer);
  transfer.chunk(new Uint8Array(1));
  transfer.handleWritten(START + 20);
  assert.equal(transfer.handleTimeout(START + 19 + TIMES.answer), undefined);
  const late = transfer.handleTimeout(START + 20 + TIMES.answer);
  assert.equal(late?.type === "failed" && late.code, "silence");
});
