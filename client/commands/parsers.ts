/**
 * What follows the word of a command, made into its `Intent`: one function for each form. The table
 * of commands is in `commands.ts`. Pure. Each throws `CommandError` or `DestinationError`.
 */
import {
  type Destination,
  parseDestination,
  parseGroup,
  parsePeople,
  parsePerson,
  parseRoom,
} from "../../protocol/destination.ts";
import { parseDuration } from "../../protocol/duration.ts";
import { LIMITS, TIMES } from "../../protocol/limits.ts";
import { GENERAL } from "../../protocol/names.ts";
import type { Intent } from "../events.ts";
import {
  CommandError,
  parseId,
  parseNumbers,
  parsePlace,
  parseRoomOrGroup,
  requireNothing,
  requireOneWord,
  requireText,
  splitFirstWord,
  splitWords,
} from "./arguments.ts";

/** The most messages that `/history` shows at once. */
const HISTORY_LIMIT = 100;

/** The argument of `/topic` that removes the topic. */
export const NO_TOPIC = "-";

export const SEND_USAGE = "/send WHOM PATH";

/** A command without arguments. */
export function withoutArguments(command: string, intent: Intent): (rest: string) => Intent {
  return (rest) => {
    requireNothing(rest, command);
    return intent;
  };
}

/** `@ann,bob TEXT`, of which `list` is `ann,bob`. */
export function parsePrivate(list: string, text: string): Intent {
  const to = parsePeople(list);
  return { type: "private", to, text: requireText(text, "@USER TEXT") };
}

/** `0: TEXT` or `1,3: TEXT`, of which `list` stands before the colon. */
export function parseNumbered(list: string, after: string): Intent {
  const text = after.replace(/^\s/, "");
  if (list === "0") {
    return { type: "say", text: requireText(text, "0: TEXT"), conversation: GENERAL };
  }
  const to = parseNumbers(list);
  return { type: "private", to, text: requireText(text, "1,3: TEXT") };
}

export function parseReply(text: string): Intent {
  return { type: "reply", text: requireText(text, "/r TEXT") };
}

export function parseAll(text: string): Intent {
  return { type: "say", text: requireText(text, "/all TEXT"), conversation: GENERAL };
}

export function parseSay(text: string): Intent {
  return { type: "say", text: requireText(text, "/say TEXT") };
}

export function parseSecret(rest: string): Intent {
  const [user, keyAndText] = splitFirstWord(rest);
  if (user === "") throw badSecret();
  const to = parsePerson(user);
  if (keyAndText.trim() === "") return { type: "secret", to };
  const [passphrase, text] = splitFirstWord(keyAndText);
  if (text.trim() === "") throw badSecret();
  return { type: "secret", to, passphrase, text };
}

function badSecret(): CommandError {
  return new CommandError(
    "bad_command",
    "Type @secret USER KEY TEXT, with a KEY of one word, or @secret USER to be asked for both.",
  );
}

export function parseOpen(rest: string): Intent {
  const [word, after] = splitFirstWord(rest);
  if (word === "") return { type: "open" };
  const id = parseId(word);
  const [passphrase, ...others] = splitWords(after);
  if (id === undefined || others.length > 0) {
    throw new CommandError(
      "bad_command",
      "Type /open for the newest sealed message, or /open ID [KEY] with its number or ID.",
    );
  }
  return { type: "open", id, ...(passphrase !== undefined && { passphrase }) };
}

export function parseRemember(rest: string): Intent {
  const [user, passphrase, ...others] = splitWords(rest);
  if (user === undefined || others.length > 0) {
    throw new CommandError(
      "bad_command",
      "Type /keys remember USER, or /keys remember USER KEY with a KEY of one word.",
    );
  }
  return {
    type: "keys",
    change: "remember",
    user: parsePerson(user),
    ...(passphrase !== undefined && { passphrase }),
  };
}

export function parseForget(rest: string): Intent {
  if (rest.trim() === "") return { type: "keys", change: "forget" };
  const user = requireOneWord(rest, "/keys forget, or /keys forget USER");
  return { type: "keys", change: "forget", user: parsePerson(user) };
}

export function parseStatus(rest: string): Intent {
  const status = rest.trim().toLowerCase();
  if (status === "") return { type: "status" };
  if (status === "normal" || status === "dnd" || status === "away") {
    return { type: "status", status };
  }
  throw new CommandError("bad_command", "Type @status normal, @status dnd or @status away.");
}

export function parseJoin(rest: string): Intent {
  return { type: "join", conversation: parseRoom(requireOneWord(rest, "/join ROOM")) };
}

export function parseLeave(rest: string): Intent {
  if (rest.trim() === "") return { type: "leave" };
  const word = requireOneWord(rest, "/leave, or /leave ROOM");
  return { type: "leave", conversation: parseRoomOrGroup(word) };
}

export function parseDelete(rest: string): Intent {
  return { type: "delete", conversation: parseRoom(requireOneWord(rest, "/delete ROOM")) };
}

export function parseMembers(rest: string): Intent {
  if (rest.trim() === "") return { type: "members" };
  const word = requireOneWord(rest, "/members, or /members ROOM");
  return { type: "members", conversation: parseRoomOrGroup(word) };
}

export function parseCreate(rest: string): Intent {
  const [word, after] = splitFirstWord(rest);
  if (word === "") {
    throw new CommandError("bad_command", "Type /create ROOM, or /create ROOM TOPIC.");
  }
  const topic = after.trim();
  return { type: "create", conversation: parseRoom(word), ...(topic !== "" && { topic }) };
}

export function parseTopic(rest: string): Intent {
  const topic = rest.trim();
  if (topic === "") {
    throw new CommandError("bad_command", "Type /topic TEXT, or /topic - to remove the topic.");
  }
  return { type: "topic", topic: topic === NO_TOPIC ? "" : topic };
}

/** `@group set NAME ann,bob`. */
export function parseGroupSet(rest: string): Intent {
  const { conversation, users } = parseGroupAndUsers(rest, "@group set NAME ann,bob");
  return { type: "create", conversation, members: users };
}

/** `@group add NAME ann,bob`, or `remove`. */
export function parseGroupChange(type: "add" | "remove"): (rest: string) => Intent {
  return (rest) => ({ type, ...parseGroupAndUsers(rest, `@group ${type} NAME ann,bob`) });
}

/** `@group leave NAME`, or `delete`. */
export function parseGroupEnd(type: "leave" | "delete"): (rest: string) => Intent {
  return (rest) => ({
    type,
    conversation: parseGroup(requireOneWord(rest, `@group ${type} NAME`)),
  });
}

export function parseGroupSend(rest: string): Intent {
  const form = "@group send NAME TEXT";
  const [word, text] = splitFirstWord(rest);
  if (word === "") throw new CommandError("bad_command", `Type ${form}.`);
  return { type: "say", conversation: parseGroup(word), text: requireText(text, form) };
}

function parseGroupAndUsers(
  rest: string,
  form: string,
): { readonly conversation: string; readonly users: readonly string[] } {
  const [word, after] = splitFirstWord(rest);
  const list = after.trim();
  if (word === "" || list === "") throw new CommandError("bad_command", `Type ${form}.`);
  return { conversation: parseGroup(word), users: parsePeople(list) };
}

export function parseHistory(rest: string): Intent {
  const words = splitWords(rest);
  const limit = /^\d+$/.test(words.at(-1) ?? "") ? Number(words.pop()) : undefined;
  const [word, ...others] = words;
  if (others.length > 0 || limit === 0 || (limit ?? 0) > HISTORY_LIMIT) {
    throw new CommandError(
      "bad_command",
      `Type /history [WHERE] [N], with N from 1 to ${HISTORY_LIMIT}.`,
    );
  }
  return {
    type: "history",
    ...(word !== undefined && { place: parsePlace(word) }),
    ...(limit !== undefined && { limit }),
  };
}

export function parseSearch(rest: string): Intent {
  const words = rest.trim();
  if (words === "") throw new CommandError("bad_command", "Type /search WORDS.");
  return { type: "search", words };
}

export function parseInvite(rest: string): Intent {
  const words = splitWords(rest);
  const span = /[a-z]$/i.test(words.at(-1) ?? "") ? words.pop() : undefined;
  const lifetime = span === undefined ? undefined : parseDuration(span) ?? 0;
  const [count, ...others] = words;
  const uses = count === undefined ? undefined : /^\d{1,4}$/.test(count) ? Number(count) : 0;
  const isWrong = others.length > 0 || uses === 0 || (uses ?? 1) > LIMITS.inviteUses ||
    lifetime === 0 || (lifetime ?? 1) > TIMES.invite;
  if (isWrong) {
    const limits = `N from 1 to ${LIMITS.inviteUses}, and SPAN such as 12h or 30d`;
    throw new CommandError("bad_command", `Type /invite [N] [SPAN], with ${limits}.`);
  }
  return {
    type: "invite",
    ...(uses !== undefined && { uses }),
    ...(lifetime !== undefined && { lifetime }),
  };
}

export function parseSignIn(intent: "login" | "register"): (rest: string) => Intent {
  return (rest) => {
    // A second word is most likely a password, which must not be typed here.
    const word = requireOneWord(rest, `/${intent} NAME alone. You are asked for the password next`);
    return { type: "sign_in", user: parsePerson(word), intent };
  };
}

/** A destination, then the path of a file. The path is not looked at. */
export function parseSendFile(rest: string): Intent {
  const [word, after] = splitFirstWord(rest);
  const path = after.trim();
  if (word === "" || path === "") {
    throw new CommandError(
      "bad_command",
      `Type ${SEND_USAGE}: @USER, #ROOM or group:NAME, and then the path of a file.`,
    );
  }
  return { type: "send_file", to: parseFileDestination(word), path };
}

function parseFileDestination(word: string): Destination<string | number> {
  if (word === "0") return { conversation: GENERAL };
  if (/^\d[\d,]*$/.test(word)) return { people: parseNumbers(word) };
  return parseDestination(word, "person");
}

/** `/accept`, `/cancel` or `/decline`: a number or an ID, or nothing for the newest file. */
export function parseFileId(type: "accept" | "cancel" | "decline"): (rest: string) => Intent {
  return (rest) => {
    const word = rest.trim();
    if (word === "") return { type };
    const id = parseId(word);
    if (id !== undefined) return { type, id };
    throw new CommandError(
      "bad_command",
      `Type /${type}, or /${type} N with the number of a file.`,
    );
  };
}
