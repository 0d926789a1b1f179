/**
 * From arguments to a command, or to what there is to print instead: help, the version, a completion
 * script, or what was wrong with them. Pure: it prints nothing and ends no process.
 *
 * This folder is the only one that knows Optique.
 */
import { runParser } from "@optique/core/facade";
import { message } from "@optique/core/message";
import { parsePin } from "../certs/fingerprint.ts";
import { EXIT } from "../protocol/exit_codes.ts";
import { type Command, OPTIONS, parser } from "./commands.ts";

/** The commands that stand right behind `sotto`, each with its help and its manual page. */
export const COMMANDS: readonly string[] = parser.usage.flatMap((term) =>
  term.type !== "exclusive"
    ? []
    : term.terms.flatMap(([first]) => first?.type === "command" ? [first.name] : [])
);

/** What the arguments ask for. */
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
  /** Columns of the terminal; `undefined` does not wrap. */
  readonly columns?: number | undefined;
  readonly colors?: boolean;
}

/** Reads the arguments that follow the program's name. */
export function parseArguments(args: readonly string[], options: ParseOptions): Parsed {
  if (args.length > 0) return parse(args, options);
  const help = parse(["--help"], options);
  return help.type === "run"
    ? help
    : { ...help, stdout: "", stderr: help.stdout, exitCode: EXIT.usage };
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
      description: message`sotto help COMMAND says more about a command.`,
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
    const objection = objectionTo(command);
    if (objection === undefined) return { type: "run", command };
    stderr = `Error: ${objection}\nTry: sotto help ${command.type}\n`;
    return { type: "print", stdout, stderr, exitCode: EXIT.usage };
  } catch (error) {
    if (error !== stopped) throw error;
    return { type: "print", stdout, stderr, exitCode: stopped.exitCode };
  }
}

/** What is wrong between options that are right by themselves. */
function objectionTo(command: Command): string | undefined {
  if (command.type === "man" && command.page !== undefined && !COMMANDS.includes(command.page)) {
    return `There is no command ${command.page}. Give one of ${COMMANDS.join(", ")}.`;
  }
  if (command.type !== "client" && command.type !== "send") return undefined;
  const { pin, address } = command;
  const invited = address?.pin;
  if (pin === undefined || invited === undefined || samePin(pin, invited)) return undefined;
  return "The invite line has another pin than --pin. Give the one that the server shows.";
}

function samePin(one: string, other: string): boolean {
  return String(parsePin(one)) === String(parsePin(other));
}

/** How `parseArguments` leaves the parser: Optique expects its callbacks not to return. */
class Stopped extends Error {
  exitCode: number = EXIT.failed;
}
