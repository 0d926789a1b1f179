/**
 * `sotto send`: sends one message, from the arguments or from standard input, and leaves. For cron
 * jobs and pipes: it prints nothing on success.
 */
import process from "node:process";
import type { Destination } from "../../protocol/destination.ts";
import type { ExitCode } from "../../protocol/exit_codes.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { safeJson } from "../../protocol/safe_text.ts";
import type { Ending } from "../ending.ts";
import type { Input } from "../ui/input.ts";
import { MessageSender } from "./message_sender.ts";
import { ProgramError, type ProgramIo, runProgram } from "./run_program.ts";
import { type ConnectOptions, makeSessionOptions, requireUser } from "./session_options.ts";

interface SendOptions extends ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly to: Destination;
  /** The words of the message; empty: it comes from standard input. */
  readonly text: readonly string[];
  /** Print what happens to each message. */
  readonly json?: boolean | undefined;
  /** Default: the process's own. */
  readonly io?: Partial<ProgramIo> | undefined;
}

/** Sends the message. */
export function runSend(options: SendOptions): Promise<ExitCode> {
  return runProgram(options.io ?? {}, async (program) => {
    const { io, input, reportError } = program;
    requireUser(options, program);
    const session = await makeSessionOptions(options, options, program);
    const sender = new MessageSender({
      ...session,
      to: options.to,
      text: requireLength(await readText(options.text, input)),
      tell(event) {
        if (options.json && event.event !== "notice") io.stdout.write(`${safeJson(event)}\n`);
        if (event.event === "error") reportError(event.message);
      },
    });
    return await untilInterrupted(sender, input);
  });
}

/** The first signal leaves in good order. The second one ends the process. */
async function untilInterrupted(sender: MessageSender, input: Input): Promise<Ending> {
  const leave = () => sender.leave();
  input.interrupted.addEventListener("abort", leave);
  process.once("SIGINT", leave);
  process.once("SIGTERM", leave);
  try {
    return await sender.run();
  } finally {
    process.off("SIGINT", leave);
    process.off("SIGTERM", leave);
  }
}

/** The words, or all of the input without its last line ends, like `$(…)` in a shell. */
async function readText(words: readonly string[], input: Input): Promise<string | undefined> {
  if (words.length > 0) return words.join(" ");
  if (input.isTerminal) input.tell("Type the message. End it with Ctrl-D on a line of its own.");
  return (await input.rest(2 * LIMITS.text))?.replace(/[\r\n]+$/, "");
}

/** `undefined`: there was more input than can be sent. Throws `ProgramError`. */
function requireLength(text: string | undefined): string {
  const bytes = text === undefined ? undefined : new TextEncoder().encode(text).length;
  if (text === undefined || bytes === undefined || bytes > LIMITS.text) {
    const size = bytes === undefined ? `more than ${2 * LIMITS.text}` : `${bytes}`;
    throw new ProgramError(
      "usage",
      `Nothing was sent: the message has ${size} bytes, and the limit is ${LIMITS.text}. ` +
        "Send a part of it, such as its end: … | tail -20 | sotto send …",
    );
  }
  if (text.trim() !== "") return text;
  throw new ProgramError(
    "usage",
    "Nothing was sent: the message is empty. Give TEXT, or write it to standard input.",
  );
}
