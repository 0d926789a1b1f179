import assert from "node:assert/strict";
import {
  CLOSE_DONE,
  closeCodeOf,
  type ErrorCode,
  errorOfClose,
  ERRORS,
  ProtocolError,
} from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";

const CODES = Object.keys(ERRORS) as ErrorCode[];

Deno.test("ERRORS gives every error that ends the connection a close code of its own", () => {
  const closes = CODES.map(closeCodeOf).filter((close) => close !== undefined);
  assert.equal(new Set([...closes, CLOSE_DONE]).size, closes.length + 1);
  for (const close of closes) assert.ok(close > CLOSE_DONE && close < 0x200);
});

Deno.test("ERRORS has codes that fit into an error frame", () => {
  for (const code of CODES) assert.ok(code.length <= LIMITS.label, code);
});

Deno.test("errorOfClose finds the error of a close code and nothing else", () => {
  for (const code of CODES) {
    const close = closeCodeOf(code);
    if (close !== undefined) assert.equal(errorOfClose(close), code);
  }
  assert.equal(errorOfClose(CLOSE_DONE), undefined);
  assert.equal(errorOfClose(0), undefined);
});

Deno.test("ProtocolError has the request at fault, and whether it ends the connection", () => {
  assert.equal(new ProtocolError("frame_malformed").fatal, true);
  const error = new ProtocolError("bad_frame", "No.", { re: 7 });
  assert.equal(error.fatal, false);
  assert.equal(error.re, 7);
  assert.equal(new ProtocolError("busy").message, ERRORS.busy.meaning);
});
