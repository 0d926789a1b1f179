/**
 * What a person types, made into an `Intent`: one table of commands, from which `/help` is written
 * too. Pure: it knows neither who is there nor what is connected.
 *
 * No error that comes out of here repeats what was typed, save the name of a command: the rest may
 * be a passphrase.
 */
import { GENERAL } from "../../protocol/names.ts";
import {
  alone,
  grownGroup,
  madeGroup,
  one,
  parseCreate,
  parseForget,
  parseGroup,
  parseGroupSend,
  parseHistory,
  parseInvite,
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
  parseSignIn,
  parseStatus,
  parseTopic,
} from "./parsers.ts";
import type { Intent } from "../events.ts";
import { parseFileId, parseSendFile, SEND_USAGE } from "./file_parsers.ts";
import { badName, cut, fail, groupIn, isReserved, type Parsed, parsedAs, roomIn } from "./words.ts";

/** How a command is typed. */
export interface CommandForm {
  /** What calls it, with the sign before it: `/names`, `@names`, `@group set`. */
  readonly words: readonly string[];
  /** As it is typed, and what it does, for `/help`. */
  readonly usages: readonly (readonly [usage: string, help: string])[];
}

interface Command extends CommandForm {
  /** `rest`: what follows the words, without the space between. */
  readonly parse: (rest: string) => Parsed;
}

const SIGN_OUT: Intent = { type: "quit", signOut: true };

const COMMANDS: readonly Command[] = [
  {
    words: ["/msg"],
    usages: [
      ["@USER TEXT", "say something to one person, privately (also /msg USER TEXT)"],
      ["@USER,USER TEXT", "the same to several people, each privately"],
      ["1,3: TEXT", "the same by number; /names shows the numbers"],
    ],
    parse: parsePrivate,
  },
  {
    words: ["/r", "/reply"],
    usages: [["/r TEXT", "answer the newest private message (also /reply)"]],
    parse: parseReply,
  },
  {
    words: ["/all"],
    usages: [["0: TEXT", "say something in the room general (also /all TEXT)"]],
    parse: (rest) => parseSay(rest, GENERAL),
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
    words: ["/keys"],
    usages: [["/keys", "whose keys are remembered until you leave"]],
    parse: (rest) => alone(rest, "/keys", { type: "keys" }),
  },
  {
    words: ["/keys remember"],
    usages: [[
      "/keys remember USER [KEY]",
      "ask for USER's key now, and not again until you leave",
    ]],
    parse: parseRemember,
  },
  {
    words: ["/keys forget"],
    usages: [["/keys forget [USER]", "forget the key of USER, or all"]],
    parse: parseForget,
  },
  {
    words: ["@names", "/names", "/users"],
    usages: [["@names", "who is here, with numbers (also /names, /users)"]],
    parse: (rest) => alone(rest, "@names", { type: "names" }),
  },
  {
    words: ["@status", "/status"],
    usages: [
      ["@status", "what others see of you (also /status)"],
      ["@status normal|dnd|away", "set it; with dnd, private messages wait until it ends"],
    ],
    parse: parseStatus,
  },
  {
    words: ["/rooms", "@rooms"],
    usages: [["/rooms", "which rooms there are, with people and topic"]],
    parse: (rest) => alone(rest, "/rooms", { type: "list", kind: "rooms" }),
  },
  {
    words: ["/join", "/room"],
    usages: [["/join ROOM", "go into a room: what you type goes there (also /room ROOM)"]],
    parse: (rest) =>
      one(rest, "/join ROOM", roomIn, (room) => ({ type: "join", conversation: room })),
  },
  {
    words: ["/leave"],
    usages: [["/leave [ROOM]", "leave a room, or the one that you are in"]],
    parse: parseLeave,
  },
  {
    words: ["/create"],
    usages: [["/create ROOM [TOPIC]", "make a room, and go into it"]],
    parse: parseCreate,
  },
  {
    words: ["/topic"],
    usages: [
      ["/topic TEXT", "say what the room is about"],
      ["/topic -", "take its topic away"],
    ],
    parse: parseTopic,
  },
  {
    words: ["/members"],
    usages: [["/members [ROOM]", "who is in a room, or in group:NAME"]],
    parse: parseMembers,
  },
  {
    words: ["@group set", "/group set"],
    usages: [["@group set NAME ann,bob", "make a group of these people and you"]],
    parse: (rest) => parseGroup(rest, "@group set NAME ann,bob", madeGroup),
  },
  {
    words: ["@group send", "/group send"],
    usages: [["@group send NAME TEXT", "say something to a group"]],
    parse: parseGroupSend,
  },
  {
    words: ["@group leave", "/group leave"],
    usages: [["@group leave NAME", "leave a group; the last to leave deletes it"]],
    parse: (rest) =>
      one(rest, "@group leave NAME", groupIn, (group) => ({ type: "leave", conversation: group })),
  },
  {
    words: ["@group delete", "/group delete"],
    usages: [["@group delete NAME", "delete a group that you made, and all that was said in it"]],
    parse: (rest) =>
      one(
        rest,
        "@group delete NAME",
        groupIn,
        (group) => ({ type: "delete", conversation: group }),
      ),
  },
  {
    words: ["@group add", "/group add"],
    usages: [["@group add NAME ann,bob", "put people into a group that you made"]],
    parse: (rest) => parseGroup(rest, "@group add NAME ann,bob", grownGroup("add")),
  },
  {
    words: ["@group remove", "/group remove"],
    usages: [["@group remove NAME ann,bob", "take people out of a group that you made"]],
    parse: (rest) => parseGroup(rest, "@group remove NAME ann,bob", grownGroup("remove")),
  },
  {
    words: ["@group list", "/group list", "/groups", "@groups"],
    usages: [["@group list", "which groups you are in (also /groups)"]],
    parse: (rest) => alone(rest, "@group list", { type: "list", kind: "groups" }),
  },
  {
    words: ["/history"],
    usages: [
      ["/history [WHERE] [N]", "the last N messages here, or in #ROOM, group:NAME or with @USER"],
    ],
    parse: parseHistory,
  },
  {
    words: ["/invite"],
    usages: [[
      "/invite [N] [SPAN]",
      "a line that lets N people in (1) for 12h or 30d (7d); admins",
    ]],
    parse: parseInvite,
  },
  {
    words: ["/search"],
    usages: [["/search WORDS", "find messages that have all of the words"]],
    parse: parseSearch,
  },
  {
    words: ["/send"],
    usages: [[SEND_USAGE, "send a file to @USER,USER, 1,3 or 0, #ROOM or group:NAME"]],
    parse: parseSendFile,
  },
  {
    words: ["/accept"],
    usages: [["/accept [N]", "fetch the newest file, or the one with this number or ID"]],
    parse: parseFileId("accept"),
  },
  {
    words: ["/decline"],
    usages: [["/decline [N]", "forget a file that was sent here, and what was fetched of it"]],
    parse: parseFileId("decline"),
  },
  {
    words: ["/cancel"],
    usages: [["/cancel [N]", "stop a file on its way; /send or /accept go on with it"]],
    parse: parseFileId("cancel"),
  },
  {
    words: ["/files"],
    usages: [["/files", "which files can be fetched, and which are on their way"]],
    parse: (rest) => alone(rest, "/files", { type: "files" }),
  },
  {
    words: ["/say", "/room_msg"],
    usages: [
      ["/say TEXT", "say TEXT as it stands, whatever it begins with"],
      ["//TEXT", "say a line that begins with a slash"],
    ],
    parse: (rest) => parseSay(rest),
  },
  {
    words: ["/help", "@help"],
    usages: [["/help", "this list"]],
    parse: (rest) => alone(rest, "/help", { type: "help" }),
  },
  {
    words: ["@quit", "/quit", "/exit"],
    usages: [["@quit", "leave (also /quit; or exit or quit alone on a line)"]],
    parse: (rest) => alone(rest, "@quit", { type: "quit" }),
  },
  {
    words: ["/register"],
    usages: [["/register NAME", "sign out, and in with a new name; the password is asked for"]],
    parse: (rest) => parseSignIn(rest, "register"),
  },
  {
    words: ["/login"],
    usages: [["/login NAME", "sign out, and in as somebody else; the password is asked for"]],
    parse: (rest) => parseSignIn(rest, "login"),
  },
  {
    words: ["/logout", "@logout"],
    usages: [["/logout", "leave, and ask for the password next time (also logout)"]],
    parse: (rest) => alone(rest, "/logout", SIGN_OUT),
  },
];

const BY_WORDS: ReadonlyMap<string, Command> = new Map(
  COMMANDS.flatMap((command) => command.words.map((word) => [word, command] as const)),
);

/** `0:` or `1,3:`, but not a time of day. */
const BY_NUMBER = /^(\d+(?:,\d+)*):(?!\d)/;

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
  if (parting !== undefined) return parsedAs(parting);
  // A space before a command must not say a passphrase to everyone.
  const unspaced = line.trimStart();
  if (unspaced.startsWith("//")) return parseSay(unspaced.slice(1));
  const numbers = BY_NUMBER.exec(unspaced)?.[1];
  if (numbers !== undefined) return parseNumbered(numbers, unspaced.slice(numbers.length + 1));
  const sign = unspaced[0];
  if (sign !== "/" && sign !== "@") return parseSay(line);

  const [word, rest] = cut(unspaced);
  const called = word.toLowerCase();
  const [second, after] = cut(rest);
  const double = BY_WORDS.get(`${called} ${second.toLowerCase()}`);
  if (double !== undefined) return double.parse(after);
  const command = BY_WORDS.get(called);
  if (command !== undefined) return command.parse(rest);
  const usages = COMMANDS.filter(({ words }) => words.some((it) => it.startsWith(`${called} `)))
    .flatMap((command) => command.usages.map(([usage]) => usage));
  if (usages.length > 0) return fail("bad_command", `Type one of: ${usages.join("; ")}.`);
  if (word === "@") return badName();
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

/** All commands, for who completes what is being typed. */
export function commandForms(): readonly CommandForm[] {
  return COMMANDS;
}
