import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readPasswordFile } from "../../../client/program/password_file.ts";
import { ProgramError } from "../../../client/program/run_program.ts";
import { Input } from "../../../client/ui/input.ts";
import { testProgramIo } from "../../helpers/program_io.ts";
import { inFolder } from "../../helpers/temp_folder.ts";

async function refusal(file: string, input: Input): Promise<string> {
  try {
    await readPasswordFile(file, input);
  } catch (error) {
    assert.ok(error instanceof ProgramError);
    assert.equal(error.code, "usage");
    return error.message;
  }
  return assert.fail("read");
}

Deno.test("readPasswordFile reads the first line of a file", () =>
  inFolder(async (folder) => {
    const file = join(folder, "password");
    const input = new Input(testProgramIo());
    await writeFile(file, "pass word\r\nanother line\n");
    assert.equal(await readPasswordFile(file, input), "pass word");
    await writeFile(file, "x".repeat(1024));
    assert.equal(await readPasswordFile(file, input), "x".repeat(1024));
    input.close();
  }));

Deno.test("readPasswordFile reads the first line of the input, and leaves the rest", async () => {
  const input = new Input(testProgramIo({ typed: "from input\nhello\n" }));
  assert.equal(await readPasswordFile("-", input), "from input");
  assert.equal(await input.line(), "hello");
  assert.equal(
    await refusal("-", input),
    "Cannot sign in: there is no password in the first line of standard input.",
  );
  input.close();
});

Deno.test("readPasswordFile says in plain words why there is no password", () =>
  inFolder(async (folder) => {
    const file = join(folder, "password");
    const input = new Input(testProgramIo());
    assert.equal(
      await refusal(file, input),
      `Cannot read the password file ${file}: there is no such file or folder.`,
    );
    assert.equal(
      await refusal(folder, input),
      `Cannot read the password file ${folder}: it is a folder.`,
    );
    await writeFile(file, "\nsecond");
    assert.equal(
      await refusal(file, input),
      `Cannot sign in: there is no password in the first line of ${file}.`,
    );
    await writeFile(file, "x".repeat(1025));
    assert.equal(
      await refusal(file, input),
      `Cannot sign in: the password in ${file} has more than 1024 bytes.`,
    );
    await chmod(file, 0o000);
    if (Deno.uid() !== 0) {
      assert.equal(
        await refusal(file, input),
        `Cannot read the password file ${file}: permission denied.`,
      );
    }
    input.close();
  }));
