/** Reads a password from a file or from standard input (`--password-file`). */
import { open } from "node:fs/promises";
import { LIMITS } from "../../protocol/limits.ts";
import { describeSystemError } from "../../protocol/system_error.ts";
import type { Input } from "../ui/input.ts";
import { ProgramError } from "./run_program.ts";

/** The first line of the file, or of the input for `-`. Throws `ProgramError`. */
export async function readPasswordFile(file: string, input: Pick<Input, "line">): Promise<string> {
  const password = file === "-" ? await input.line() : await firstLine(file);
  const source = file === "-" ? "standard input" : file;
  if (password === undefined || password === "") {
    throw new ProgramError(
      "usage",
      `Cannot sign in: there is no password in the first line of ${source}.`,
    );
  }
  if (new TextEncoder().encode(password).length <= LIMITS.password) return password;
  throw new ProgramError(
    "usage",
    `Cannot sign in: the password in ${source} has more than ${LIMITS.password} bytes.`,
  );
}

async function firstLine(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file, "r");
    try {
      // Bounded: the file may be a device, or have no end.
      const { buffer, bytesRead } = await handle.read(new Uint8Array(2 * LIMITS.password));
      return new TextDecoder().decode(buffer.subarray(0, bytesRead)).split(/\r?\n/, 1)[0];
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new ProgramError(
      "usage",
      `Cannot read the password file ${file}: ${describeSystemError(cause)}.`,
      { cause },
    );
  }
}
