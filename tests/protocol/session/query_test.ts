import assert from "node:assert/strict";
import { encodeFrame } from "../../../protocol/codec.ts";
import { ProtocolError } from "../../../protocol/errors.ts";
import type { Message } from "../../../protocol/frame.ts";
import { TIMES } from "../../../protocol/limits.ts";
import { ClientQuery } from "../../../protocol/session/query.ts";
import { START } from "../../helpers/sessions.ts";
import { encode } from "../../helpers/independent_msgpack.ts";

const REQUEST = {
  type: "history",
  id: 5,
  conversation: "room:general",
  after: 0,
  limit: 2,
} as const;
const MESSAGE: Message = {
  type: "message",
  conversation: "room:general",
  seq: 1,
  ulid: "01JD3Z8Q6W0VX5T7N2K9M4RBCE",
  from: "ann",
  at: START,
  content: { kind: "text", body: "hi" },
};

Deno.test("ClientQuery yields the messages, then the end", () => {
  const transfer = new ClientQuery(REQUEST, START);
  assert.deepEqual(transfer.handleBody(encodeFrame(MESSAGE).subarray(4), START), {
    type: "message",
    message: MESSAGE,
  });
  assert.deepEqual(transfer.handleFrame({ type: "end", re: 5, more: true }, START), {
    type: "end",
    more: true,
  });
});

Deno.test("ClientQuery fails when the server sends more messages than were asked for", () => {
  const transfer = new ClientQuery(REQUEST, START);
  for (const seq of [1, 2]) {
    assert.equal(transfer.handleFrame({ ...MESSAGE, seq }, START).type, "message");
  }
  const output = transfer.handleFrame({ ...MESSAGE, seq: 3 }, START);
  assert.ok(output.type === "failed");
  assert.equal(output.code, "list_too_long");
});

Deno.test("ClientQuery does not count frames that bring nothing as progress", () => {
  const transfer = new ClientQuery(REQUEST, START);
  transfer.handleFrame({ type: "resync" }, START + 1000);
  assert.equal(transfer.deadline(), START + TIMES.answer);
  transfer.handleFrame(MESSAGE, START + 1000);
  assert.equal(transfer.deadline(), START + 1000 + TIMES.answer);
});

Deno.test("ClientQuery fails on the server's error", () => {
  const transfer = new ClientQuery(REQUEST, START);
  const error = { type: "error", re: 5, code: "not_a_member", message: "no" } as const;
  assert.deepEqual(transfer.handleFrame(error, START), {
    type: "failed",
    code: "not_a_member",
    message: "no",
  });
});

Deno.test("ClientQuery ignores frames that are not about its request", () => {
  const transfer = new ClientQuery(REQUEST, START);
  const other = { ...MESSAGE, conversation: "room:tech" };
  assert.deepEqual(transfer.handleFrame(other, START), { type: "ignore" });
  assert.deepEqual(transfer.handleFrame({ type: "resync" }, START), { type: "ignore" });
  assert.deepEqual(transfer.handleBody(encode({ type: "weather" }), START), { type: "ignore" });
});

Deno.test("ClientQuery yields what a search finds, in any conversation", () => {
  const request = { type: "search", id: 5, words: "hi", limit: 2 } as const;
  const transfer = new ClientQuery(request, START);
  for (const conversation of ["room:tech", "dm:ann:bob"]) {
    const message = { ...MESSAGE, conversation };
    assert.deepEqual(transfer.handleFrame(message, START), { type: "message", message });
  }
});

Deno.test("ClientQuery fails when a message may be missing", () => {
  for (const body of [Uint8Array.of(0xc1), encode({ type: "message", seq: 1 })]) {
    const output = new ClientQuery(REQUEST, START).handleBody(body, START);
    assert.equal(output.type, "failed");
  }
  const cut = new ClientQuery(REQUEST, START);
  assert.equal(cut.handleFault(new ProtocolError("frame_truncated")).type, "failed");
});

Deno.test("ClientQuery gives the server 30 seconds from one frame to the next", () => {
  const transfer = new ClientQuery(REQUEST, START);
  transfer.handleFrame(MESSAGE, START + 10);
  assert.equal(transfer.deadline(), START + 10 + TIMES.answer);
  assert.equal(transfer.handleTimeout(START + 9 + TIMES.answer), undefined);
  assert.equal(transfer.handleTimeout(START + 10 + TIMES.answer)?.type, "failed");
});
