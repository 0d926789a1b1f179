/**
 * Manual pages in roff, made of the same definitions as `--help`: `sotto(1)`, and one for each
 * command, such as `sotto-client(1)`. Pure.
 */
import type { DocEntry } from "@optique/core/doc";
import { formatMessage, type Message } from "@optique/core/message";
import { getDocPage } from "@optique/core/parser";
import { formatUsage, formatUsageTerm } from "@optique/core/usage";
import { OPTIONS, parser } from "./commands.ts";
import type { ExitCode } from "../protocol/exit_codes.ts";
import { COMMANDS } from "./parse.ts";
import { SETTINGS, variableOf } from "./settings.ts";

/** As in docs/cli.md. */
const EXIT_STATUS: Readonly<Record<ExitCode, string>> = {
  0: "Done.",
  1: "Failure. For a client also: a message could not be sent, or a file was not complete.",
  2: "Wrong usage, or a question was needed and there is no terminal.",
  3: "No connection: there is no server, or it does not speak this protocol.",
  4: "Not let in: wrong password, invalid invitation, or registration is closed.",
  5: "The server's key has changed. Nothing was sent to it.",
};

const FILES: readonly (readonly [file: string, what: string])[] = [
  ["~/.config/sotto/config.toml", "Settings. Options and the environment take precedence."],
  ["~/.config/sotto/known_hosts", "The servers that are trusted, each with its key."],
  ["~/.local/state/sotto/tokens/", "Tokens, with which a client signs in without a password."],
  ["~/.local/share/sotto/", "A server's database, certificate and keys."],
];

/** The page of a command; without one, of `sotto` itself. */
export function manPage(command: string | undefined, version: string): string {
  const page = getDocPage(parser, command === undefined ? [] : [command]);
  if (page === undefined) throw new Error(`Cannot describe ${command}: unknown command`);
  const title = command === undefined ? "sotto" : `sotto-${command}`;
  const brief = command === undefined ? "a chat in one file, over QUIC" : sentence(page.brief);
  const entries = page.sections.flatMap(({ entries }) => entries);
  const usage = command === undefined
    ? formatUsage("sotto", [{ type: "command", name: "COMMAND" }, OPTIONS])
    : formatUsage("sotto", page.usage ?? []);
  const commands = entries.filter(({ term }) => term.type === "command");
  const options = entries.filter(({ term }) => term.type === "option");
  const words = entries.filter(({ term }) => term.type === "argument");
  const variables = new Set(
    SETTINGS
      .filter(({ commands }) => command === undefined || commands.some((one) => one === command))
      .map(({ key }) => variableOf(key)),
  );
  return [
    `.TH ${title.toUpperCase().replaceAll("-", "\\-")} 1 "" "${roff(version)}" "Sotto"`,
    ...section("NAME", [`${roff(title)} \\- ${roff(brief)}`]),
    ...section("SYNOPSIS", [roff(usage)]),
    ...section("DESCRIPTION", [
      ...page.description === undefined ? [] : [roff(plain(page.description))],
      ...command === undefined
        ? [roff("For the options of a command, type: sotto help COMMAND")]
        : [],
    ]),
    ...section("COMMANDS", listed(commands)),
    ...section("ARGUMENTS", listed(words)),
    ...section("OPTIONS", listed(options)),
    ...section(
      "ENVIRONMENT",
      variables.size === 0 ? [] : [
        roff("Each sets the option of the same name. None takes a secret."),
        ".PP",
        [...variables].map((name) => `\\fB${roff(name)}\\fR`).join(",\n"),
      ],
    ),
    ...section("FILES", FILES.flatMap(([file, what]) => tagged(`\\fI${roff(file)}\\fR`, what))),
    ...section(
      "EXIT STATUS",
      Object.entries(EXIT_STATUS).flatMap(([code, meaning]) => tagged(`\\fB${code}\\fR`, meaning)),
    ),
    ...section("SEE ALSO", [
      [undefined, ...COMMANDS]
        .filter((other) => other !== command)
        .map((other) => `\\fB${roff(other === undefined ? "sotto" : `sotto-${other}`)}\\fR(1)`)
        .join(",\n"),
    ]),
    "",
  ].join("\n");
}

function section(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`.SH ${heading}`, ...lines];
}

function listed(entries: readonly DocEntry[]): string[] {
  return entries.flatMap(({ term, description, choices }) => {
    const one = choices === undefined ? "" : ` (one of ${plain(choices)})`;
    const text = description === undefined ? "" : plain(description);
    return tagged(`\\fB${roff(formatUsageTerm(term))}\\fR`, `${text}${one}`);
  });
}

function tagged(tag: string, text: string): string[] {
  return [".TP", tag, roff(text)];
}

/** For `NAME`: without a capital and a full stop. */
function sentence(message: Message | undefined): string {
  const text = message === undefined ? "" : plain(message);
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, "");
}

function plain(message: Message): string {
  return formatMessage(message, { colors: false, quotes: false });
}

/** Text that roff shows as it is: one line of ASCII, without requests and escapes. */
function roff(text: string): string {
  return text
    .replaceAll(/\s+/g, " ")
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll('"', "\\(dq")
    .replace(/^[.']/, "\\&$&")
    .replaceAll(
      /[^ -~]/gu,
      (character) =>
        `\\[u${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}]`,
    );
}
