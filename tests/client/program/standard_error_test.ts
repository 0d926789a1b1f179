import assert from "node:assert/strict";
import { StandardError } from "../../../client/program/standard_error.ts";

/** A stream and what was written on it. */
function makeStream(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, written, write: (text: string) => written.push(text) };
}

Deno.test("a terminal's lines go to the interface while it draws", () => {
  const stream = makeStream(true);
  const stderr = new StandardError(stream);
  const shown: string[] = [];
  stderr.write("before\n");
  stderr.divert((line) => shown.push(line));
  stderr.write("one\n  two\n");
  stderr.write("three\n");
  stderr.divert(undefined);
  stderr.write("after\n");
  assert.deepEqual(stream.written, ["before\n", "after\n"]);
  assert.deepEqual(shown, ["one", "  two", "three"]);
});

Deno.test("a file gets every line", () => {
  const stream = makeStream(false);
  const stderr = new StandardError(stream);
  stderr.divert(() => assert.fail("not for the interface"));
  stderr.write("one\n");
  assert.deepEqual(stream.written, ["one\n"]);
});
