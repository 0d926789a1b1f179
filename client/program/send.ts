/**
 * `sotto send`: one message from the arguments or from standard input, and out with an exit code.
 * For cron jobs and pipes: it prints nothing when all is well.
 */
import { homedir } from "node:os";
import process from "node:process";
import type { Writable } from "node:stream";
import { EXIT } from "../../protocol/exit_codes.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { type AccessOptions, makeAccess } from "./access.ts";
import { type ClientPaths, clientPaths } from "../platform/paths.ts";
import type { Destination } from "../../protocol/destination.ts";
import { MessageSender } from "./message_sender.ts";
import { complainTo } from "../ui/complain.ts";
import { Input, type InputStream } from "../ui/input.ts";
import { jsonLine } from "../ui/json.ts";
import { PasswordFileError } from "../ui/prompt.ts";

export interface SendOptions extends AccessOptions {
  readonly host: string;
  readonly port: number;
  readonly to: Destination;
  /** The words of the text; none: it comes from standard input. */
  readonly text: readonly string[];
  /** Print what becomes of each message. */
  readonly json?: boolean | undefined;
  /** What is otherwise this process's. */
  readonly io?: Partial<SendIo> | undefined;
}

export interface SendIo {
  readonly stdin: InputStream;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly paths: ClientPaths;
}

/** There is no text to send, or too much of it. The message says so. */
class TextError extends Error {}

/** Sends it; resolves with the exit code. */
export async function runSend(options: SendOptions): Promise<number> {
  const io: SendIo = {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    paths: clientPaths(process.env, homedir()),
    ...options.io,
  };
  const complain = complainTo(io.stderr);
  io.stdout.on("error", () => {}); // Whoever read the output may have left.
  let interrupt = () => {};
  const input = new Input({ ...io, onInterrupt: () => interrupt() });
  try {
    if (options.user === undefined && !input.isTerminal) {
      complain("Say who you are: without a terminal nothing is asked. Give USER@HOST.");
      return EXIT.usage;
    }
    const access = await makeAccess(options, { ...options, ...io, input, complain });
    const text = checked(await textOf(options.text, input));
    const sender = new MessageSender({
      ...access,
      to: options.to,
      text,
      tell(event) {
        if (options.json && event.event !== "notice") io.stdout.write(`${jsonLine(event)}\n`);
        if (event.event === "error") complain(event.message);
      },
    });
    interrupt = () => sender.leave();
    // The first signal leaves in good order; the next one finds nobody listening, and ends it.
    process.once("SIGINT", interrupt);
    process.once("SIGTERM", interrupt);
    try {
      const ending = await sender.run();
      if (ending.code !== "left") complain(ending.message);
      return EXIT[ending.code];
    } finally {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
    }
  } catch (failure) {
    if (!(failure instanceof PasswordFileError || failure instanceof TextError)) throw failure;
    complain(failure.message);
    return EXIT.usage;
  } finally {
    input.close();
  }
}

/** What was given, or all of the input without the ends of its last lines, as a shell's `$(…)`. */
async function textOf(words: readonly string[], input: Input): Promise<string | undefined> {
  if (words.length > 0) return words.join(" ");
  if (input.isTerminal) input.tell("Type the message; Ctrl-D at the beginning of a line ends it.");
  return (await input.rest(2 * LIMITS.text))?.replace(/[\r\n]+$/, "");
}

/** `undefined`: more than there was any point in reading. */
function checked(text: string | undefined): string {
  const bytes = text === undefined ? undefined : new TextEncoder().encode(text).length;
  if (text === undefined || bytes === undefined || bytes > LIMITS.text) {
    throw new TextError(
      `Nothing was sent: the text has ${bytes ?? `more than ${2 * LIMITS.text}`} bytes, and ` +
        `${LIMITS.text} are the most. Send less of it, such as its end: … | tail -20 | sotto send …`,
    );
  }
  if (text.trim() !== "") return text;
  throw new TextError("Nothing was sent: there is no text. Give it as TEXT, or on standard input.");
}
