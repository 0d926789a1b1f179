import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describeSystemError, errorCode } from "../../protocol/system_error.ts";

function failureWith(code: unknown): Error {
  return Object.assign(new Error("told by the runtime"), { code });
}

Deno.test("errorCode gives the code of a system error, and of nothing else", async () => {
  const failure: unknown = await readFile("/no/such/file").catch((failure) => failure);
  assert.equal(errorCode(failure), "ENOENT");
  for (const other of [new Error("x"), failureWith(7), "ENOENT", { code: "ENOENT" }, undefined]) {
    assert.equal(errorCode(other), undefined);
  }
});

Deno.test("describeSystemError uses no word of the runtime where it knows the code", () => {
  assert.equal(describeSystemError(failureWith("ENOSPC")), "the disk is full");
  assert.equal(describeSystemError(failureWith("EPERM")), "permission denied");
  assert.equal(describeSystemError(failureWith("ENEW")), "error ENEW");
  assert.equal(describeSystemError(new Error("a sentence")), "a sentence");
  assert.equal(describeSystemError("text"), "text");
});
