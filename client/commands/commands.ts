/**
 * The table of commands: it turns a typed line into an `Intent`, and makes `/help` and completion.
 * Pure: it does not know which users, rooms and groups exist.
 */
import { DestinationError } from "../../protocol/destination.ts";
import { RESERVED } from "../../protocol/names.ts";
import type { Intent } from "../events.ts";
import { CommandError, type CommandErrorCode, splitFirstWord } from "./arguments.ts";
import {
  parseAll,
  parseCreate,
  parseDelete,
  parseFileId,
  parseForget,
  parseGroupChange,
  parseGroupEnd,
  parseGroupSend,
  parseGroupSet,
  parseHistory,
  parseInvite,
  parseJoin,
  parseLeave,
  parseMembers,
  parseNumbered,
  parseOpen,
  parsePrivate,
  parseRemember,
  parseReply,
  parseSay,
  parseSearch,
  parseSecret,
  parseSendFile,
  parseSignIn,
  parseStatus,
  parseTopic,
  SEND_USAGE,
  withoutArguments,
} from "./parsers.ts";

/** What a line says. */
type Parsed =
  | { readonly type: "intent"; readonly intent: Intent }
  | { readonly type: "error"; readonly code: CommandErrorCode; readonly message: string }
  /** The line is empty. */
  | { readonly type: "nothing" };

/** How to type a command. */
export interface CommandForm {
  /** Its names, with their sign: `/names`, `@names`, `@group set`. */
  readonly words: readonly string[];
  /** Each form, and what it does, for `/help`. */
  readonly usages: readonly (readonly [usage: string, help: string])[];
}

interface Command extends CommandForm {
  /** `rest`: what follows the name and one space. */
  readonly parse: (rest: string) => Intent;
}

const SIGN_OUT: Intent = { type: "quit", signOut: true };

const COMMANDS: readonly Command[] = [
  {
    words: ["/msg"],
    usages: [
      ["@USER TEXT", "send to one person, privately (also /msg USER TEXT)"],
      ["@USER,USER TEXT", "send to several people, each privately"],
      ["1,3: TEXT", "send to people by number; /names shows the numbers"],
    ],
    parse: (rest) => parsePrivate(...splitFirstWord(rest)),
  },
  {
    words: ["/r", "/reply"],
    usages: [["/r TEXT", "answer the newest private message (also /reply)"]],
    parse: parseReply,
  },
  {
    words: ["/all"],
    usages: [["0: TEXT", "send to everyone in the room general (also /all TEXT)"]],
    parse: parseAll,
  },
  {
    words: ["@secret", "/secret"],
    usages: [
      ["@secret USER KEY TEXT", "send what only people with the key can read; KEY is one word"],
      ["@secret USER", "the same, but ask for key and text; the key is not shown"],
    ],
    parse: parseSecret,
  },
  {
    words: ["/open"],
    usages: [
      ["/open", "open the newest sealed message; asks for its key"],
      ["/open ID [KEY]", "open the sealed message with this number or ID"],
    ],
    parse: parseOpen,
  },
  {
    words: ["/keys"],
    usages: [["/keys", "list whose keys are remembered until you leave"]],
    parse: withoutArguments("/keys", { type: "keys" }),
  },
  {
    words: ["/keys remember"],
    usages: [[
      "/keys remember USER [KEY]",
      "remember the key for USER until you leave",
    ]],
    parse: parseRemember,
  },
  {
    words: ["/keys forget"],
    usages: [["/keys forget [USER]", "forget the key for USER, or all keys"]],
    parse: parseForget,
  },
  {
    words: ["@names", "/names", "/users"],
    usages: [["@names", "list who is online, with numbers (also /names, /users)"]],
    parse: withoutArguments("@names", { type: "names" }),
  },
  {
    words: ["@status", "/status"],
    usages: [
      ["@status", "show your status (also /status)"],
      ["@status normal|dnd|away", "set your status; dnd holds private messages until it ends"],
    ],
    parse: parseStatus,
  },
  {
    words: ["/rooms", "@rooms"],
    usages: [["/rooms", "list the rooms, with members and topic"]],
    parse: withoutArguments("/rooms", { type: "list", kind: "rooms" }),
  },
  {
    words: ["/join", "/room"],
    usages: [["/join ROOM", "join a room, and write there (also /room ROOM)"]],
    parse: parseJoin,
  },
  {
    words: ["/leave"],
    usages: [["/leave [ROOM]", "leave a room, or the current one"]],
    parse: parseLeave,
  },
  {
    words: ["/create"],
    usages: [["/create ROOM [TOPIC]", "make a room, and write there"]],
    parse: parseCreate,
  },
  {
    words: ["/delete"],
    usages: [["/delete ROOM", "delete a room that you made, when no one else is in it"]],
    parse: parseDelete,
  },
  {
    words: ["/topic"],
    usages: [
      ["/topic TEXT", "set the topic of the current room"],
      ["/topic -", "remove its topic"],
    ],
    parse: parseTopic,
  },
  {
    words: ["/members"],
    usages: [["/members [ROOM]", "list the members of a room, or of group:NAME"]],
    parse: parseMembers,
  },
  {
    words: ["@group set", "/group set"],
    usages: [["@group set NAME ann,bob", "make a group of these people and yourself"]],
    parse: parseGroupSet,
  },
  {
    words: ["@group send", "/group send"],
    usages: [["@group send NAME TEXT", "send to everyone in a group"]],
    parse: parseGroupSend,
  },
  {
    words: ["@group leave", "/group leave"],
    usages: [["@group leave NAME", "leave a group; it is deleted with its last member"]],
    parse: parseGroupEnd("leave"),
  },
  {
    words: ["@group delete", "/group delete"],
    usages: [["@group delete NAME", "delete a group that you made, and its messages"]],
    parse: parseGroupEnd("delete"),
  },
  {
    words: ["@group add", "/group add"],
    usages: [["@group add NAME ann,bob", "add people to a group that you made"]],
    parse: parseGroupChange("add"),
  },
  {
    words: ["@group remove", "/group remove"],
    usages: [["@group remove NAME ann,bob", "remove people from a group that you made"]],
    parse: parseGroupChange("remove"),
  },
  {
    words: ["@group list", "/group list", "/groups", "@groups"],
    usages: [["@group list", "list your groups (also /groups)"]],
    parse: withoutArguments("@group list", { type: "list", kind: "groups" }),
  },
  {
    words: ["/history"],
    usages: [
      ["/history [WHERE] [N]", "show the last N messages here, in #ROOM, group:NAME or with @USER"],
    ],
    parse: parseHistory,
  },
  {
    words: ["/invite"],
    usages: [[
      "/invite [N] [SPAN]",
      "invite N people (1) for a time such as 12h (7d); admins only",
    ]],
    parse: parseInvite,
  },
  {
    words: ["/search"],
    usages: [["/search WORDS", "find messages that contain all the words"]],
    parse: parseSearch,
  },
  {
    words: ["/send"],
    usages: [[SEND_USAGE, "send a file to @USER,USER, 1,3 or 0, #ROOM or group:NAME"]],
    parse: parseSendFile,
  },
  {
    words: ["/accept"],
    usages: [["/accept [N]", "download the newest file, or the one with this number or ID"]],
    parse: parseFileId("accept"),
  },
  {
    words: ["/decline"],
    usages: [["/decline [N]", "refuse a file, and delete what was downloaded of it"]],
    parse: parseFileId("decline"),
  },
  {
    words: ["/cancel"],
    usages: [["/cancel [N]", "stop a transfer; the same /send or /accept resumes it"]],
    parse: parseFileId("cancel"),
  },
  {
    words: ["/files"],
    usages: [["/files", "list offered files and transfers"]],
    parse: withoutArguments("/files", { type: "files" }),
  },
  {
    words: ["/say", "/room_msg"],
    usages: [
      ["/say TEXT", "send TEXT as it is, even if it looks like a command"],
      ["//TEXT", "send a text that begins with a slash"],
    ],
    parse: parseSay,
  },
  {
    words: ["/help", "@help"],
    usages: [["/help", "show this list"]],
    parse: withoutArguments("/help", { type: "help" }),
  },
  {
    words: ["@quit", "/quit", "/exit"],
    usages: [["@quit", "leave (also /quit; or exit or quit alone on a line)"]],
    parse: withoutArguments("@quit", { type: "quit" }),
  },
  {
    words: ["/register"],
    usages: [["/register NAME", "sign out, and register a new name; asks for a password"]],
    parse: parseSignIn("register"),
  },
  {
    words: ["/login"],
    usages: [["/login NAME", "sign out, and log in as another user; asks for the password"]],
    parse: parseSignIn("login"),
  },
  {
    words: ["/logout", "@logout"],
    usages: [["/logout", "sign out and leave; the next start asks for the password"]],
    parse: withoutArguments("/logout", SIGN_OUT),
  },
];

const COMMAND_BY_WORDS: ReadonlyMap<string, Command> = new Map(
  COMMANDS.flatMap((command) => command.words.map((word) => [word, command] as const)),
);

/** `0:` or `1,3:`, but not a time of day such as `12:30`. */
const NUMBERS = /^(\d+(?:,\d+)*):(?!\d)/;

/** Commands without a sign, which must stand alone on a line. */
const BARE_COMMANDS: ReadonlyMap<string, Intent> = new Map([
  ["exit", { type: "quit" }],
  ["quit", { type: "quit" }],
  ["logout", SIGN_OUT],
]);

/** Reads one line, without its line feed. Never throws. */
export function parseLine(line: string): Parsed {
  if (line.trim() === "") return { type: "nothing" };
  try {
    return { type: "intent", intent: parseIntent(line) };
  } catch (error) {
    const { message } = error instanceof Error ? error : { message: "" };
    if (error instanceof CommandError) return { type: "error", code: error.code, message };
    if (error instanceof DestinationError) return { type: "error", code: "bad_name", message };
    throw error;
  }
}

function parseIntent(line: string): Intent {
  const bare = BARE_COMMANDS.get(line.trim());
  if (bare !== undefined) return bare;
  // A space before a command must not say a passphrase to everyone.
  const unspaced = line.trimStart();
  if (unspaced.startsWith("//")) return { type: "say", text: unspaced.slice(1) };
  const numbers = NUMBERS.exec(unspaced)?.[1];
  if (numbers !== undefined) return parseNumbered(numbers, unspaced.slice(numbers.length + 1));
  if (!/^[/@]/.test(unspaced)) return { type: "say", text: line };

  const [word, rest] = splitFirstWord(unspaced);
  const [second, after] = splitFirstWord(rest);
  const name = word.toLowerCase();
  const twoWords = COMMAND_BY_WORDS.get(`${name} ${second.toLowerCase()}`);
  if (twoWords !== undefined) return twoWords.parse(after);
  const command = COMMAND_BY_WORDS.get(name);
  if (command !== undefined) return command.parse(rest);
  if (isPrivate(name)) return parsePrivate(word.slice(1), rest);
  throw unknownCommand(word);
}

/** Whether a word such as `@ann,bob` names people. Reserved names are commands, or mistyped ones. */
function isPrivate(word: string): boolean {
  return word.startsWith("@") && !RESERVED.has(word.slice(1));
}

function unknownCommand(word: string): CommandError {
  const prefix = `${word.toLowerCase()} `;
  const usages = COMMANDS.filter(({ words }) => words.some((one) => one.startsWith(prefix)))
    .flatMap((command) => command.usages.map(([usage]) => usage));
  if (usages.length > 0) {
    return new CommandError("bad_command", `Type one of these: ${usages.join("; ")}.`);
  }
  // Only letters are repeated: anything else may be a passphrase.
  const name = /^[@/][a-z]{1,16}$/i.test(word) ? `: ${word}` : "";
  return new CommandError(
    "unknown_command",
    `Unknown command${name}. Type /help for the list of commands, or /say TEXT to send it as text.`,
  );
}

/** The lines of `/help`. */
export function helpText(): string {
  const usages = COMMANDS.flatMap((command) => command.usages);
  const width = Math.max(...usages.map(([usage]) => usage.length));
  return [
    "What you type goes to everyone in the current room. Commands:",
    ...usages.map(([usage, help]) => `  ${usage.padEnd(width)}  ${help}`),
  ].join("\n");
}

/** All commands, for completion. */
export function commandForms(): readonly CommandForm[] {
  return COMMANDS;
}
