/**
 * What follows the word of a command, made into its `Intent`: one function for each form. Which
 * words there are stands in `commands.ts`. Pure; no error repeats what was typed.
 */
import { parseDuration } from "../../protocol/duration.ts";
import { LIMITS, TIMES } from "../../protocol/limits.ts";
import { foldName, GENERAL, isName } from "../../protocol/names.ts";
import type { Intent } from "../events.ts";
import {
  badName,
  badNumbers,
  badPlace,
  cut,
  fail,
  groupIn,
  idIn,
  namesIn,
  numbersIn,
  type Parsed,
  parsedAs,
  placeIn,
  roomIn,
  roomOrGroupIn,
} from "./words.ts";

/** The most messages that `/history` shows at once. */
const MOST_HISTORY = 100;

const SECRET_USAGE =
  "Type @secret USER KEY TEXT, with a KEY of one word, or @secret USER to be asked for both.";
const OPEN_USAGE =
  "Type /open for the newest sealed message, or /open ID [KEY] with the number or ID shown with it.";

export function parseSay(text: string, conversation?: string): Parsed {
  if (text.trim() === "") {
    return fail("empty_message", "There is nothing to say. Type some text after it.");
  }
  return parsedAs({ type: "say", text, ...(conversation !== undefined && { conversation }) });
}

export function parsePrivate(rest: string): Parsed {
  const [list, text] = cut(rest);
  const to = namesIn(list);
  if (to === undefined) return badName();
  if (text.trim() === "") {
    const names = to.join(",");
    return fail("empty_message", `There is nothing to say to ${names}. Type @${names} TEXT.`);
  }
  return parsedAs({ type: "private", to, text });
}

export function parseReply(text: string): Parsed {
  if (text.trim() === "") return fail("empty_message", "There is nothing to say. Type /r TEXT.");
  return parsedAs({ type: "reply", text });
}

export function parseRemember(rest: string): Parsed {
  const [typed, after] = cut(rest);
  const passphrase = after.trim();
  if (typed === "" || /\s/.test(passphrase)) {
    return fail("bad_command", "Type /keys remember USER, or /keys remember USER KEY.");
  }
  const user = foldName(typed);
  if (!isName(user)) return badName();
  return parsedAs({
    type: "keys",
    change: "remember",
    user,
    ...(passphrase !== "" && { passphrase }),
  });
}

export function parseForget(rest: string): Parsed {
  const [typed, after] = cut(rest);
  if (after.trim() !== "") return fail("bad_command", "Type /keys forget, or /keys forget USER.");
  if (typed === "") return parsedAs({ type: "keys", change: "forget" });
  const user = foldName(typed);
  return isName(user) ? parsedAs({ type: "keys", change: "forget", user }) : badName();
}

export function parseNumbered(list: string, after: string): Parsed {
  const text = after.replace(/^\s/, "");
  if (list === "0") return parseSay(text, GENERAL);
  const to = numbersIn(list);
  if (to === undefined) return badNumbers();
  if (text.trim() === "") {
    return fail("empty_message", "There is nothing to say after the numbers.");
  }
  return parsedAs({ type: "private", to, text });
}

export function parseSecret(rest: string): Parsed {
  const [typed, keyAndText] = cut(rest);
  if (typed === "") return fail("bad_command", SECRET_USAGE);
  const to = foldName(typed);
  if (!isName(to)) return badName();
  if (keyAndText.trim() === "") return parsedAs({ type: "secret", to });
  const [passphrase, text] = cut(keyAndText);
  if (text.trim() === "") return fail("bad_command", SECRET_USAGE);
  return parsedAs({ type: "secret", to, passphrase, text });
}

export function parseOpen(rest: string): Parsed {
  const [typed, after] = cut(rest);
  if (typed === "") return parsedAs({ type: "open" });
  const id = idIn(typed);
  if (id === undefined) return fail("bad_command", OPEN_USAGE);
  const passphrase = after.trim();
  if (passphrase === "") return parsedAs({ type: "open", id });
  if (/\s/.test(passphrase)) return fail("bad_command", OPEN_USAGE);
  return parsedAs({ type: "open", id, passphrase });
}

export function parseStatus(rest: string): Parsed {
  const status = rest.trim().toLowerCase();
  if (status === "") return parsedAs({ type: "status" });
  if (status !== "normal" && status !== "dnd" && status !== "away") {
    return fail("bad_command", "Type @status normal, @status dnd or @status away.");
  }
  return parsedAs({ type: "status", status });
}

export function parseLeave(rest: string): Parsed {
  if (rest.trim() === "") return parsedAs({ type: "leave" });
  return one(rest, "/leave [ROOM]", roomOrGroupIn, (place) => ({
    type: "leave",
    conversation: place,
  }));
}

export function parseMembers(rest: string): Parsed {
  if (rest.trim() === "") return parsedAs({ type: "members" });
  return one(rest, "/members [ROOM]", roomOrGroupIn, (place) => ({
    type: "members",
    conversation: place,
  }));
}

export function parseCreate(rest: string): Parsed {
  const [word, after] = cut(rest);
  if (word === "") return fail("bad_command", "Type /create ROOM, or /create ROOM TOPIC.");
  const conversation = roomIn(word);
  if (conversation === undefined) return badPlace();
  const topic = after.trim();
  return parsedAs({ type: "create", conversation, ...(topic !== "" && { topic }) });
}

/** What is typed for a topic to take it away. */
export const NO_TOPIC = "-";

export function parseTopic(rest: string): Parsed {
  const topic = rest.trim();
  if (topic === "") return fail("bad_command", "Type /topic TEXT, or /topic - to have none.");
  return parsedAs({ type: "topic", topic: topic === NO_TOPIC ? "" : topic });
}

export function parseGroup(
  rest: string,
  usage: string,
  intent: (conversation: string, users: readonly string[]) => Intent,
): Parsed {
  const [word, after] = cut(rest);
  const list = after.trim();
  if (word === "" || list === "") return fail("bad_command", `Type ${usage}.`);
  const conversation = groupIn(word);
  if (conversation === undefined) return badPlace();
  const users = namesIn(list);
  return users === undefined ? badName() : parsedAs(intent(conversation, users));
}

export function madeGroup(conversation: string, members: readonly string[]): Intent {
  return { type: "create", conversation, members };
}

export function grownGroup(
  type: "add" | "remove",
): (group: string, users: readonly string[]) => Intent {
  return (conversation, users) => ({ type, conversation, users });
}

export function parseGroupSend(rest: string): Parsed {
  const [word, text] = cut(rest);
  if (word === "") return fail("bad_command", "Type @group send NAME TEXT.");
  const conversation = groupIn(word);
  return conversation === undefined ? badPlace() : parseSay(text, conversation);
}

export function parseHistory(rest: string): Parsed {
  const words = rest.trim().split(/\s+/).filter((word) => word !== "");
  const limit = /^\d+$/.test(words.at(-1) ?? "") ? Number(words.pop()) : undefined;
  const [word] = words;
  if (words.length > 1 || limit === 0 || (limit ?? 0) > MOST_HISTORY) {
    return fail("bad_command", `Type /history [WHERE] [N], with N from 1 to ${MOST_HISTORY}.`);
  }
  const place = word === undefined ? undefined : placeIn(word);
  if (word !== undefined && place === undefined) return badPlace();
  return parsedAs({
    type: "history",
    ...(place !== undefined && { place }),
    ...(limit !== undefined && { limit }),
  });
}

export function parseInvite(rest: string): Parsed {
  const words = rest.trim().split(/\s+/).filter((word) => word !== "");
  const span = /[a-z]$/i.test(words.at(-1) ?? "") ? words.pop() : undefined;
  const lifetime = span === undefined ? undefined : parseDuration(span) ?? 0;
  const [count, ...others] = words;
  const uses = count === undefined ? undefined : /^\d{1,4}$/.test(count) ? Number(count) : 0;
  const isWrong = others.length > 0 || uses === 0 || (uses ?? 1) > LIMITS.inviteUses ||
    lifetime === 0 || (lifetime ?? 1) > TIMES.invite;
  if (isWrong) {
    const most = `N from 1 to ${LIMITS.inviteUses}, and SPAN such as 12h or 30d`;
    return fail("bad_command", `Type /invite [N] [SPAN], with ${most}.`);
  }
  return parsedAs({
    type: "invite",
    ...(uses !== undefined && { uses }),
    ...(lifetime !== undefined && { lifetime }),
  });
}

export function parseSearch(rest: string): Parsed {
  const words = rest.trim();
  if (words === "") return fail("bad_command", "Type /search WORDS.");
  return parsedAs({ type: "search", words });
}

export function parseSignIn(rest: string, intent: "login" | "register"): Parsed {
  const [word, after] = cut(rest);
  if (word === "" || after.trim() !== "") {
    return fail("bad_command", `Type /${intent} NAME alone; the password is asked for then.`);
  }
  const user = foldName(word);
  return isName(user) ? parsedAs({ type: "sign_in", user, intent }) : badName();
}

/** One word that is a room or group, and nothing after it. */
export function one(
  rest: string,
  usage: string,
  read: (word: string) => string | undefined,
  intent: (conversation: string) => Intent,
): Parsed {
  const [word, after] = cut(rest);
  if (word === "" || after.trim() !== "") return fail("bad_command", `Type ${usage}.`);
  const conversation = read(word);
  return conversation === undefined ? badPlace() : parsedAs(intent(conversation));
}

export function alone(rest: string, word: string, intent: Intent): Parsed {
  return rest.trim() === "" ? parsedAs(intent) : fail("bad_command", `Nothing may follow ${word}.`);
}
