/**
 * Reads the arguments: the result is a command, or a text to print: help, the version, a completion
 * script, or an error. Pure: it prints nothing and does not end the process.
 *
 * Only this folder imports Optique.
 */
import { runParser } from "@optique/core/facade";
import { message } from "@optique/core/message";
import { parsePin } from "../certs/fingerprint.ts";
import { EXIT } from "../protocol/exit_codes.ts";
import { safeText } from "../protocol/safe_text.ts";
import { type Command, OPTIONS, parser } from "./commands.ts";

/** The commands of `sotto`. Each has a help text and a manual page. */
export const COMMANDS: readonly string[] = parser.usage.flatMap((term) =>
  term.type !== "exclusive"
    ? []
    : term.terms.flatMap(([first]) => first?.type === "command" ? [first.name] : [])
);

export type Parsed =
  | { readonly type: "run"; readonly command: Command }
  | {
    readonly type: "print";
    readonly stdout: string;
    readonly stderr: string;
    readonly exitCode: number;
  };

export interface ParseOptions {
  /** For `--version`. */
  readonly version: string;
  /** Of the terminal. Default: no wrapping. */
  readonly columns?: number | undefined;
  readonly colors?: boolean;
}

/** `args`: without the name of the program. */
export function parseArguments(args: readonly string[], options: ParseOptions): Parsed {
  if (args.length > 0) return parseSafely(args, options);
  const help = parse(["--help"], options);
  return help.type === "run"
    ? help
    : { ...help, stdout: "", stderr: help.stdout, exitCode: EXIT.usage };
}

/** Errors repeat arguments, which may be copied from elsewhere: none may act on the terminal. */
function parseSafely(args: readonly string[], options: ParseOptions): Parsed {
  const parsed = parse(args, options);
  const shown = args.map(safeText);
  if (parsed.type === "run" || shown.every((text, at) => text === args[at])) return parsed;
  const shownParsed = parse(shown, options);
  if (shownParsed.type === "print") return shownParsed;
  const stderr = "Error: An argument has control characters. Type it without them.\n";
  return { type: "print", stdout: "", stderr, exitCode: EXIT.usage };
}

function parse(args: readonly string[], options: ParseOptions): Parsed {
  let stdout = "";
  let stderr = "";
  const stopped = new Stopped();
  const stop = (exitCode: number): never => {
    stopped.exitCode = exitCode;
    throw stopped;
  };
  try {
    const command = runParser(parser, "sotto", args, {
      brief: message`Sotto: a chat in one file, over QUIC.`,
      description: message`For the options of a command, type: sotto help COMMAND`,
      help: { command: true, option: { names: ["--help", "-h"] }, onShow: stop },
      version: {
        value: options.version,
        option: { names: ["--version", "-V"] },
        onShow: () => stop(EXIT.done),
      },
      completion: { command: true, onShow: () => stop(EXIT.done) },
      onError: () => {
        stderr += `Try: sotto ${COMMANDS.includes(args[0] ?? "") ? `help ${args[0]}` : "help"}\n`;
        return stop(EXIT.usage);
      },
      aboveError: "none",
      usageLine: [{ type: "command", name: "COMMAND" }, OPTIONS],
      colors: options.colors ?? false,
      showChoices: true,
      termWidth: "auto",
      ...(options.columns === undefined ? {} : { maxWidth: options.columns }),
      stdout: (text) => stdout += `${text}\n`,
      stderr: (text) => stderr += `${text}\n`,
    });
    const conflict = conflictIn(command);
    if (conflict === undefined) return { type: "run", command };
    stderr = `Error: ${conflict}\nTry: sotto help ${command.type}\n`;
    return { type: "print", stdout, stderr, exitCode: EXIT.usage };
  } catch (error) {
    if (error !== stopped) throw error;
    return { type: "print", stdout, stderr, exitCode: stopped.exitCode };
  }
}

/** What is wrong with options that are valid each by itself. */
function conflictIn(command: Command): string | undefined {
  if (command.type === "man" && command.page !== undefined && !COMMANDS.includes(command.page)) {
    return `Unknown command ${command.page}. Give one of ${COMMANDS.join(", ")}.`;
  }
  if (command.type !== "client" && command.type !== "send") return undefined;
  const { pin, address } = command;
  const invited = address?.pin;
  if (pin === undefined || invited === undefined || samePin(pin, invited)) return undefined;
  return "The pins in the invite line and in --pin differ. Give the pin that the server prints at its start.";
}

function samePin(one: string, other: string): boolean {
  return String(parsePin(one)) === String(parsePin(other));
}

/** Leaves the parser: Optique expects that its callbacks do not return. */
class Stopped extends Error {
  exitCode: number = EXIT.failed;
}
