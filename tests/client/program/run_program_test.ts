import assert from "node:assert/strict";
import { ProgramError, runProgram } from "../../../client/program/run_program.ts";
import { EXIT } from "../../../protocol/exit_codes.ts";
import { testProgramIo } from "../../helpers/program_io.ts";

Deno.test("runProgram ends with the exit code of the ending, and says why it failed", async () => {
  const cases = [
    ["left", "Left.", EXIT.done, ""],
    ["unsent", "Left; 1 message could not be sent.", EXIT.failed, "sotto: Left; 1 message could"],
    ["key_changed", "The key has CHANGED.\nExpected: x", EXIT.key_changed, "sotto: The key has"],
  ] as const;
  for (const [code, message, exit, error] of cases) {
    const io = testProgramIo();
    assert.equal(await runProgram(io, () => Promise.resolve({ code, message })), exit);
    assert.ok(io.stderr.text.startsWith(error), io.stderr.text);
    assert.equal(io.stderr.text === "", error === "");
    assert.equal(io.stdout.text, "");
  }
});

Deno.test("runProgram reports a ProgramError, a line each, and closes the input", async () => {
  const io = testProgramIo();
  const exit = await runProgram(io, () => {
    throw new ProgramError("no_connection", "No server answered.\nGive the address.");
  });
  assert.equal(exit, EXIT.no_connection);
  assert.equal(io.stderr.text, "sotto: No server answered.\n  Give the address.\n");
  assert.equal(io.stdin.destroyed, true);
});

Deno.test("runProgram throws other failures on, and closes the input", async () => {
  const io = testProgramIo();
  await assert.rejects(runProgram(io, () => Promise.reject(new TypeError("bug"))), /bug/);
  assert.equal(io.stderr.text, "");
  assert.equal(io.stdin.destroyed, true);
});

Deno.test("runProgram reports nothing that acts on a terminal", async () => {
  const io = testProgramIo();
  const message = "Refused: \u001b]0;owned\u0007\u202e";
  await runProgram(io, () => Promise.resolve({ code: "not_let_in", message }));
  assert.equal(io.stderr.text, "sotto: Refused: ␛]0;owned␇\\u{202e}\n");
});

Deno.test("runProgram survives an output that is closed", async () => {
  const io = testProgramIo();
  const exit = await runProgram(io, async ({ io: { stdout } }) => {
    const failed = new Promise((resolve) => stdout.once("close", resolve));
    stdout.destroy(new Error("EPIPE"));
    await failed;
    return { code: "left", message: "Left." };
  });
  assert.equal(exit, EXIT.done);
});
