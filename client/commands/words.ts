/**
 * The parts that typed lines are made of: words, names, lists of people, places. Pure.
 *
 * No error from here repeats what was typed: it may be a passphrase.
 */
import { LIMITS } from "../../protocol/limits.ts";
import { foldName, isName, isUlid, RESERVED } from "../../protocol/names.ts";
import type { ConversationName, Intent } from "../events.ts";

/** What became of a line. */
export type Parsed =
  | { readonly type: "intent"; readonly intent: Intent }
  | { readonly type: "error"; readonly code: CommandError; readonly message: string }
  /** A line with nothing on it. */
  | { readonly type: "nothing" };

export type CommandError = "unknown_command" | "bad_command" | "bad_name" | "empty_message";

export const NAME_RULE =
  "That is not a user's name: 1 to 32 of a-z, 0-9, _ and -, beginning with a letter.";
const PLACE_RULE =
  "That is no name of a room or group: 1 to 32 of a-z, 0-9, _ and -, beginning with a letter.";

export function parsedAs(intent: Intent): Parsed {
  return { type: "intent", intent };
}

export function fail(code: CommandError, message: string): Parsed {
  return { type: "error", code, message };
}

export const badName = (): Parsed => fail("bad_name", NAME_RULE);
export const badNumbers = (): Parsed =>
  fail("bad_command", "Those are not numbers of people; 0 is everyone, and stands alone.");
export const badPlace = (): Parsed => fail("bad_name", PLACE_RULE);

/** The first word, and what follows the one space after it (further ones belong to the text). */
export function cut(text: string): [word: string, rest: string] {
  const unspaced = text.trimStart();
  const space = unspaced.search(/\s/);
  return space < 0 ? [unspaced, ""] : [unspaced.slice(0, space), unspaced.slice(space + 1)];
}

/** Whether a command has, or may get, the name: nobody is called so, and `@statsu` is a mistake. */
export function isReserved(name: string): boolean {
  return RESERVED.has(foldName(name));
}

/** `ann,bob` as names, each once; `undefined`: at least one is none, or there are too many. */
export function namesIn(list: string): string[] | undefined {
  const names = [...new Set(list.split(",").map(foldName))];
  const good = names.every((name) => isName(name) && !isReserved(name));
  return good && names.length <= LIMITS.named ? names : undefined;
}

/** `1,3` as the numbers of people, each once; `undefined`: they are not. 0 is nobody's. */
export function numbersIn(list: string): number[] | undefined {
  const numbers = [...new Set(list.split(",").map(Number))];
  const good = numbers.every((number) => number > 0 && Number.isSafeInteger(number));
  return good && numbers.length <= LIMITS.named ? numbers : undefined;
}

/** The number that an interface shows with a message, or a ULID. */
export function idIn(word: string): string | undefined {
  const id = word.toUpperCase();
  return /^[1-9]\d{0,8}$/.test(id) || isUlid(id) ? id : undefined;
}

/** `tech`, `#tech` or `room:tech`: the conversation's ID. */
export function roomIn(word: string): string | undefined {
  const name = foldName(word).replace(/^(#|room:)/, "");
  return isName(name) ? `room:${name}` : undefined;
}

/** `crew` or `group:crew`: the conversation's ID. */
export function groupIn(word: string): string | undefined {
  const name = foldName(word).replace(/^group:/, "");
  return isName(name) ? `group:${name}` : undefined;
}

/** A room or group: `group:crew` is a group, all else a room. */
export function roomOrGroupIn(word: string): string | undefined {
  return foldName(word).startsWith("group:") ? groupIn(word) : roomIn(word);
}

/** `#tech` or `tech`, `group:crew`, `@bob`. */
export function placeIn(word: string): ConversationName | undefined {
  const folded = foldName(word);
  if (folded.startsWith("@")) {
    const name = folded.slice(1);
    return isName(name) ? { type: "person", name } : undefined;
  }
  const name = folded.replace(/^(#|room:|group:)/, "");
  if (!isName(name)) return undefined;
  return { type: folded.startsWith("group:") ? "group" : "room", name };
}
