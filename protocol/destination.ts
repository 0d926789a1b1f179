/**
 * Where a message or a file goes, as people type it: `#builds` or `room:builds`, `group:crew`,
 * `@ann` or `@ann,bob`. The commands of a client and `sotto send` share this grammar. Pure: it does
 * not know which rooms, groups and people exist.
 */
import { LIMITS } from "./limits.ts";
import { foldName, isName, RESERVED } from "./names.ts";

export type Destination<Person = string> =
  /** The ID of a room or a group. */
  | { readonly conversation: string }
  /** Each person privately. */
  | { readonly people: readonly Person[] };

/** The text is no destination. The message says why and never repeats the text. */
export class DestinationError extends Error {
  override readonly name = "DestinationError";
}

const NAME_RULE = "has 1 to 32 of a-z, 0-9, _ and -, and begins with a letter";

/** Reads each form. `bareName` says what a name without a sign is. Throws `DestinationError`. */
export function parseDestination(text: string, bareName?: "person" | "room"): Destination {
  const folded = foldName(text);
  if (folded.startsWith("@")) return { people: parsePeople(folded.slice(1)) };
  if (/^(#|room:)/.test(folded)) return { conversation: parseRoom(folded) };
  if (folded.startsWith("group:")) return { conversation: parseGroup(folded) };
  if (bareName === "person") return { people: parsePeople(folded) };
  if (bareName === "room") return { conversation: parseRoom(folded) };
  throw new DestinationError("Give room:NAME, group:NAME, @NAME or @NAME,NAME.");
}

/** Writes what `parseDestination` reads. */
export function formatDestination(to: Destination): string {
  return "people" in to ? `@${to.people.join(",")}` : to.conversation;
}

/** `tech`, `#tech` or `room:tech` as the room's ID. Throws `DestinationError`. */
export function parseRoom(text: string): string {
  const name = foldName(text).replace(/^(#|room:)/, "");
  if (isName(name)) return `room:${name}`;
  throw new DestinationError(`The name of a room ${NAME_RULE}.`);
}

/** `crew` or `group:crew` as the group's ID. Throws `DestinationError`. */
export function parseGroup(text: string): string {
  const name = foldName(text).replace(/^group:/, "");
  if (isName(name)) return `group:${name}`;
  throw new DestinationError(`The name of a group ${NAME_RULE}.`);
}

/** A user's name. Throws `DestinationError`. */
export function parsePerson(text: string): string {
  const name = foldName(text);
  if (isName(name)) return name;
  throw new DestinationError(`The name of a user ${NAME_RULE}.`);
}

/** `ann,bob` as names, each once. A reserved name is refused. Throws `DestinationError`. */
export function parsePeople(list: string): string[] {
  const names = [...new Set(list.split(",").map(parsePerson))];
  if (names.some((name) => RESERVED.has(name))) {
    throw new DestinationError("That name is reserved for commands. No user can have it.");
  }
  if (names.length <= LIMITS.named) return names;
  throw new DestinationError(`Name at most ${LIMITS.named} people.`);
}
