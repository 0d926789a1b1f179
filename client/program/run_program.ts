/**
 * What `sotto client` and `sotto send` have in common: they take their streams and folders from the
 * process, report errors on standard error, and end with an exit code.
 */
import { homedir } from "node:os";
import process from "node:process";
import type { Writable } from "node:stream";
import { EXIT, type ExitCode } from "../../protocol/exit_codes.ts";
import { safeText } from "../../protocol/safe_text.ts";
import type { Ending } from "../ending.ts";
import { type ClientPaths, clientPaths } from "../platform/paths.ts";
import { Input, type InputStream } from "../ui/input.ts";
import { type ErrorStream, StandardError } from "./standard_error.ts";

/** What a program takes from its process. */
export interface ProgramIo {
  readonly stdin: InputStream;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: ErrorStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly paths: ClientPaths;
}

/** Writes an error, of one line or more, on standard error. */
type ReportError = (message: string) => void;

export interface Program {
  readonly io: ProgramIo;
  readonly input: Input;
  readonly stderr: StandardError;
  readonly reportError: ReportError;
}

/** Ends the program. The message says what to do, and the code decides the exit code. */
export class ProgramError extends Error {
  override readonly name = "ProgramError";
  readonly code: keyof typeof EXIT;

  constructor(code: keyof typeof EXIT, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Runs it to its end. Other failures than `ProgramError` are thrown on. */
export async function runProgram(
  given: Partial<ProgramIo>,
  run: (program: Program) => Promise<Ending>,
): Promise<ExitCode> {
  const io = { ...processIo(), ...given };
  const stderr = new StandardError(io.stderr);
  const reportError = errorReporter(stderr);
  // A closed pipe also fails the write in progress, which is where it is handled.
  io.stdout.on("error", () => {});
  const input = new Input({ stdin: io.stdin, stderr });
  try {
    const { code, message } = await run({ io, input, stderr, reportError });
    if (code !== "left") reportError(message);
    return EXIT[code];
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    reportError(error.message);
    return EXIT[error.code];
  } finally {
    input.close();
  }
}

/** The message may come from a server: it is made safe for the terminal. */
function errorReporter(stderr: StandardError): ReportError {
  return (message) => {
    const lines = message.split("\n").map(safeText);
    stderr.write(`sotto: ${lines.join("\n  ")}\n`);
  };
}

function processIo(): ProgramIo {
  const { stdin, stdout, stderr, env } = process;
  return { stdin, stdout, stderr, env, paths: clientPaths(env, homedir()) };
}
