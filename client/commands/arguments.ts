/**
 * Parts of a typed command that several commands take: words, numbers of people, IDs, places. Names
 * and destinations are read by `protocol/destination.ts`. Pure.
 */
import { parseDestination, parseGroup, parseRoom } from "../../protocol/destination.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { foldName, isUlid } from "../../protocol/names.ts";
import type { ConversationName } from "../events.ts";

export type CommandErrorCode = "unknown_command" | "bad_command" | "bad_name" | "empty_message";

/**
 * A line cannot be read. The message says what to type instead. It repeats nothing that was typed
 * but the name of a command: the rest may be a passphrase.
 */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: CommandErrorCode;

  constructor(code: CommandErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The first word, and what follows the one space after it. Further spaces belong to the text. */
export function splitFirstWord(text: string): [word: string, rest: string] {
  const unspaced = text.trimStart();
  const space = unspaced.search(/\s/);
  return space < 0 ? [unspaced, ""] : [unspaced.slice(0, space), unspaced.slice(space + 1)];
}

/** All words. */
export function splitWords(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** The text of a message, which is not empty. Throws `CommandError`. */
export function requireText(text: string, form: string): string {
  if (text.trim() !== "") return text;
  throw new CommandError("empty_message", `The message is empty. Type ${form}.`);
}

/** The only word. Throws `CommandError`. */
export function requireOneWord(text: string, form: string): string {
  const [word, ...others] = splitWords(text);
  if (word !== undefined && others.length === 0) return word;
  throw new CommandError("bad_command", `Type ${form}.`);
}

/** Checks that there is nothing. Throws `CommandError`. */
export function requireNothing(text: string, command: string): void {
  if (text.trim() === "") return;
  throw new CommandError("bad_command", `${command} takes no arguments. Type ${command} alone.`);
}

/** `1,3` as the numbers of people, each once. Throws `CommandError`. */
export function parseNumbers(list: string): number[] {
  const numbers = [...new Set(list.split(",").map(Number))];
  const isGood = numbers.every((number) => number > 0 && Number.isSafeInteger(number));
  if (!isGood) {
    throw new CommandError(
      "bad_command",
      "These are not numbers of people. /names shows the numbers. 0 means everyone, and stands alone.",
    );
  }
  if (numbers.length <= LIMITS.named) return numbers;
  throw new CommandError("bad_command", `Name at most ${LIMITS.named} people.`);
}

/** A number that the client showed, or a ULID. */
export function parseId(word: string): string | undefined {
  const id = word.toUpperCase();
  return /^[1-9]\d{0,8}$/.test(id) || isUlid(id) ? id : undefined;
}

/** `group:crew` is a group, anything else a room. Throws `DestinationError`. */
export function parseRoomOrGroup(word: string): string {
  return foldName(word).startsWith("group:") ? parseGroup(word) : parseRoom(word);
}

/** `#tech` or `tech`, `group:crew`, or `@bob`: one person. Throws `DestinationError`. */
export function parsePlace(word: string): ConversationName {
  const place = parseDestination(word, "room");
  if ("people" in place) {
    const [name = "", ...others] = place.people;
    if (others.length === 0) return { type: "person", name };
    throw new CommandError("bad_name", "Name one person only.");
  }
  const { conversation } = place;
  const type = conversation.startsWith("group:") ? "group" : "room";
  return { type, name: conversation.slice(`${type}:`.length) };
}
