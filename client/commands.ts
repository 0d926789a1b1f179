/**
 * What a person types, made into an `Intent`: one table of commands, from which `/help` is written
 * too. Pure: it knows neither who is there nor what is connected.
 *
 * No error that comes out of here repeats what was typed, save the name of a command: the rest may
 * be a passphrase.
 */
import type { Intent } from "./events.ts";
import { foldName, isName, isUlid, RESERVED } from "../protocol/names.ts";

/** What became of a line. */
export type Parsed =
  | { readonly type: "intent"; readonly intent: Intent }
  | { readonly type: "error"; readonly code: CommandError; readonly message: string }
  /** A line with nothing on it. */
  | { readonly type: "nothing" };

export type CommandError = "unknown_command" | "bad_command" | "bad_name" | "empty_message";

interface Command {
  /** The words that call it, with the sign before them: `/names`, `@names`. */
  readonly words: readonly string[];
  /** As it is typed, and what it does, for `/help`. */
  readonly usages: readonly (readonly [usage: string, help: string])[];
  /** `rest`: what follows the word, without the space between. */
  readonly parse: (rest: string) => Parsed;
}

const SIGN_OUT: Intent = { type: "quit", signOut: true };

const COMMANDS: readonly Command[] = [
  {
    words: ["/msg"],
    usages: [
      ["@USER TEXT", "say something to one person, privately (also /msg USER TEXT)"],
    ],
    parse: parsePrivate,
  },
  {
    words: ["@secret", "/secret"],
    usages: [
      ["@secret USER KEY TEXT", "send what only those who know the key can read; KEY is one word"],
      ["@secret USER", "the same, asking for key and text; the key is not shown"],
    ],
    parse: parseSecret,
  },
  {
    words: ["/open"],
    usages: [
      ["/open", "open the newest sealed message, asking for its key"],
      ["/open ID [KEY]", "open the one with this number or ID"],
    ],
    parse: parseOpen,
  },
  {
    words: ["@names", "/names"],
    usages: [["@names", "who is here (also /names)"]],
    parse: (rest) => alone(rest, "@names", { type: "names" }),
  },
  {
    words: ["/say"],
    usages: [
      ["/say TEXT", "say TEXT as it stands, whatever it begins with"],
      ["//TEXT", "say a line that begins with a slash"],
    ],
    parse: parseSay,
  },
  {
    words: ["/help", "@help"],
    usages: [["/help", "this list"]],
    parse: (rest) => alone(rest, "/help", { type: "help" }),
  },
  {
    words: ["@quit", "/quit"],
    usages: [["@quit", "leave (also /quit; or exit or quit alone on a line)"]],
    parse: (rest) => alone(rest, "@quit", { type: "quit" }),
  },
  {
    words: ["/logout", "@logout"],
    usages: [["/logout", "leave, and ask for the password next time (also logout)"]],
    parse: (rest) => alone(rest, "/logout", SIGN_OUT),
  },
];

const BY_WORD: ReadonlyMap<string, Command> = new Map(
  COMMANDS.flatMap((command) => command.words.map((word) => [word, command] as const)),
);

/** The number that an interface shows with a sealed message. */
const SHORT_ID = /^[1-9]\d{0,8}$/;

/** Words that leave when they stand alone on a line. */
const PARTING: ReadonlyMap<string, Intent> = new Map([
  ["exit", { type: "quit" }],
  ["quit", { type: "quit" }],
  ["logout", SIGN_OUT],
]);

/** Reads one line, without its line feed. Never throws. */
export function parseLine(line: string): Parsed {
  const trimmed = line.trim();
  if (trimmed === "") return { type: "nothing" };
  const parting = PARTING.get(trimmed);
  if (parting !== undefined) return { type: "intent", intent: parting };
  // A space before a command must not say a passphrase to everyone.
  const unspaced = line.trimStart();
  if (unspaced.startsWith("//")) return parseSay(unspaced.slice(1));
  const sign = unspaced[0];
  if (sign !== "/" && sign !== "@") return parseSay(line);

  const [word, rest] = cut(unspaced);
  const command = BY_WORD.get(word.toLowerCase());
  if (command !== undefined) return command.parse(rest);
  if (word === "@") return fail("bad_name", NAME_RULE);
  if (sign === "@" && !isReserved(word.slice(1))) return parsePrivate(unspaced.slice(1));
  // A name is what nobody takes for a passphrase; anything else is not repeated.
  const name = /^[@/][a-z]{1,16}$/i.test(word) ? ` ${word}` : "";
  return fail(
    "unknown_command",
    `There is no command${name}. Type /help to see them all, or /say TEXT to say it as it stands.`,
  );
}

/** The lines of `/help`. */
export function helpText(): string {
  const usages = COMMANDS.flatMap((command) => command.usages);
  const width = Math.max(...usages.map(([usage]) => usage.length));
  return [
    "What you type goes to everyone in the room. Besides:",
    ...usages.map(([usage, help]) => `  ${usage.padEnd(width)}  ${help}`),
  ].join("\n");
}

function parseSay(text: string): Parsed {
  if (text.trim() === "") {
    return fail("empty_message", "There is nothing to say. Type some text after it.");
  }
  return { type: "intent", intent: { type: "say", text } };
}

function parsePrivate(rest: string): Parsed {
  const [typed, text] = cut(rest);
  const name = foldName(typed);
  if (!isName(name) || isReserved(name)) return fail("bad_name", NAME_RULE);
  if (text.trim() === "") {
    return fail("empty_message", `There is nothing to say to ${name}. Type @${name} TEXT.`);
  }
  return { type: "intent", intent: { type: "private", to: [name], text } };
}

function parseSecret(rest: string): Parsed {
  const [typed, keyAndText] = cut(rest);
  if (typed === "") return fail("bad_command", SECRET_USAGE);
  const to = foldName(typed);
  if (!isName(to)) return fail("bad_name", NAME_RULE);
  if (keyAndText.trim() === "") return { type: "intent", intent: { type: "secret", to } };
  const [passphrase, text] = cut(keyAndText);
  if (text.trim() === "") return fail("bad_command", SECRET_USAGE);
  return { type: "intent", intent: { type: "secret", to, passphrase, text } };
}

function parseOpen(rest: string): Parsed {
  const [typed, after] = cut(rest);
  if (typed === "") return { type: "intent", intent: { type: "open" } };
  const id = typed.toUpperCase();
  if (!SHORT_ID.test(id) && !isUlid(id)) return fail("bad_command", OPEN_USAGE);
  const passphrase = after.trim();
  if (passphrase === "") return { type: "intent", intent: { type: "open", id } };
  if (/\s/.test(passphrase)) return fail("bad_command", OPEN_USAGE);
  return { type: "intent", intent: { type: "open", id, passphrase } };
}

/** Whether a command has, or may get, the name: nobody is called so, and `@status` is a mistake. */
function isReserved(name: string): boolean {
  return RESERVED.has(foldName(name));
}

function alone(rest: string, word: string, intent: Intent): Parsed {
  if (rest.trim() === "") return { type: "intent", intent };
  return fail("bad_command", `Nothing may follow ${word}.`);
}

/** The first word, and what follows the one space after it (further ones belong to the text). */
function cut(text: string): [word: string, rest: string] {
  const unspaced = text.trimStart();
  const space = unspaced.search(/\s/);
  return space < 0 ? [unspaced, ""] : [unspaced.slice(0, space), unspaced.slice(space + 1)];
}

function fail(code: CommandError, message: string): Parsed {
  return { type: "error", code, message };
}

const NAME_RULE =
  "That is not a user's name: 1 to 32 of a-z, 0-9, _ and -, beginning with a letter.";
const SECRET_USAGE =
  "Type @secret USER KEY TEXT, with a KEY of one word, or @secret USER to be asked for both.";
const OPEN_USAGE =
  "Type /open for the newest sealed message, or /open ID [KEY] with the number or ID shown with it.";
