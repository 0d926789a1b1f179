import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describeSystemError, errorCode, wordsOf } from "../../protocol/system_error.ts";

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

Deno.test("wordsOf knows the errors of sockets, and makes up nothing for others", () => {
  const words = (code: string) => wordsOf(Object.assign(new Error("os error 98"), { code }));
  assert.equal(words("EADDRINUSE"), "another program is using the port");
  assert.equal(words("ECONNREFUSED"), "no server listens there");
  assert.equal(words("ERR_SSL_WRONG_VERSION_NUMBER"), undefined);
  assert.equal(wordsOf(new Error("EADDRINUSE")), undefined);
});
