/** The streams, folders and environment of a program, which a test controls. */
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { clientPaths } from "../../client/platform/paths.ts";
import type { ProgramIo } from "../../client/program/run_program.ts";
import type { InputStream } from "../../client/ui/input.ts";

/** Collects what is written. */
class TextOutput extends Writable {
  text = "";
  readonly isTTY: boolean;

  constructor(isTTY = false) {
    super();
    this.isTTY = isTTY;
  }

  get lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.text += chunk;
    done();
  }
}

interface TestProgramIo extends ProgramIo {
  readonly stdin: PassThrough & InputStream;
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
}

interface TestProgramIoOptions {
  /** The home folder, which holds all others. Default: one that does not exist. */
  readonly home?: string;
  /** Standard input, and nothing after it. Default: it stays open. */
  readonly typed?: string;
  /** Whether a user can answer. */
  readonly isTerminal?: boolean;
}

export function testProgramIo(
  { home = "/nonexistent", typed, isTerminal = false }: TestProgramIoOptions = {},
): TestProgramIo {
  const stdin = Object.assign(new PassThrough(), { isTTY: isTerminal, setRawMode() {} });
  if (typed !== undefined) stdin.end(typed);
  return {
    stdin,
    stdout: new TextOutput(),
    stderr: new TextOutput(isTerminal),
    env: {},
    paths: clientPaths({ XDG_DOWNLOAD_DIR: join(home, "downloads") }, home),
  };
}
