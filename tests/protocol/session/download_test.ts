import assert from "node:assert/strict";
import { encodeFrame } from "../../../protocol/codec.ts";
import { ProtocolError } from "../../../protocol/errors.ts";
import type { ServerFrame } from "../../../protocol/frame.ts";
import { TIMES } from "../../../protocol/limits.ts";
import { ClientDownload } from "../../../protocol/session/download.ts";
import { clientIn, START } from "../../helpers/sessions.ts";
import { encode } from "../../helpers/independent_msgpack.ts";

const FIELDS = { file: "01JD3Z8Q6W0VX5T7N2K9M4RBCE", offset: 30 };
const REQUEST = { type: "download", id: 4, ...FIELDS } as const;
const END = { type: "end", re: 4, more: false } as const;

function handle(transfer: ClientDownload, frame: ServerFrame, now = START) {
  return transfer.handleBody(encodeFrame(frame).subarray(4), now);
}

function chunk(length: number): ServerFrame {
  return { type: "chunk", bytes: new Uint8Array(length).fill(length) };
}

Deno.test("ClientSession.download makes a request with an ID of its own, once signed in", () => {
  const { request } = clientIn("AUTHENTICATED").download(FIELDS, 100, START);
  assert.deepEqual(request, { type: "download", id: 3, ...FIELDS });
  assert.throws(() => clientIn("CONNECTED").download(FIELDS, 100, START), /is CONNECTED/);
});

Deno.test("ClientDownload yields the bytes after the offset, then the end", () => {
  const transfer = new ClientDownload(REQUEST, 100, START);
  assert.equal(transfer.left, 70);
  assert.deepEqual(handle(transfer, chunk(50)), {
    type: "chunk",
    bytes: new Uint8Array(50).fill(50),
  });
  handle(transfer, chunk(20));
  assert.equal(transfer.left, 0);
  assert.deepEqual(handle(transfer, END), { type: "end" });
});

Deno.test("ClientDownload waits only for the end when all bytes are there", () => {
  const transfer = new ClientDownload({ ...REQUEST, offset: 100 }, 100, START);
  assert.deepEqual(handle(transfer, END), { type: "end" });
  assert.throws(() => new ClientDownload({ ...REQUEST, offset: 101 }, 100, START), RangeError);
});

Deno.test("ClientDownload fails on more bytes than announced, and on fewer", () => {
  const more = handle(new ClientDownload(REQUEST, 100, START), chunk(71));
  assert.equal(more.type === "failed" && more.code, "damaged_file");
  const transfer = new ClientDownload(REQUEST, 100, START);
  handle(transfer, chunk(69));
  const fewer = handle(transfer, END);
  assert.equal(fewer.type === "failed" && fewer.code, "damaged_file");
});

Deno.test("ClientDownload fails on the server's error, and when a frame may be missing", () => {
  const transfer = new ClientDownload(REQUEST, 100, START);
  const error = { type: "error", re: 4, code: "no_such_file", message: "No." } as const;
  assert.deepEqual(handle(transfer, error), {
    type: "failed",
    code: "no_such_file",
    message: "No.",
  });
  const ended = transfer.handleEnd();
  assert.equal(ended.type === "failed" && ended.code, "unfinished_file");
  const cut = transfer.handleFault(new ProtocolError("frame_truncated"));
  assert.equal(cut.type === "failed" && cut.code, "frame_truncated");
  for (const body of [Uint8Array.of(0xc1), encode({ type: "chunk", bytes: new Uint8Array(0) })]) {
    assert.equal(transfer.handleBody(body, START).type, "failed");
  }
});

Deno.test("ClientDownload ignores unknown frames", () => {
  const transfer = new ClientDownload(REQUEST, 100, START);
  assert.deepEqual(transfer.handleBody(encode({ type: "later" }), START), { type: "ignore" });
  assert.deepEqual(handle(transfer, { type: "pong", re: 4 }), { type: "ignore" });
});

Deno.test("ClientDownload gives the server 30 seconds from one chunk to the next", () => {
  const transfer = new ClientDownload(REQUEST, 100, START);
  handle(transfer, chunk(1), START + 10);
  assert.equal(transfer.deadline(), START + 10 + TIMES.answer);
  assert.equal(transfer.handleTimeout(START + 9 + TIMES.answer), undefined);
  const late = transfer.handleTimeout(START + 10 + TIMES.answer);
  assert.equal(late?.type === "failed" && late.code, "silence");
});
