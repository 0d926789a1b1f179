/**
 * To whom `sotto send` speaks: `room:builds` or `#builds`, `group:crew`, `@ann` or `@ann,bob`. A
 * bare name is refused: it could be any of the three. It asks nobody whether they exist.
 */
import { LIMITS } from "../protocol/limits.ts";
import { foldName, isName } from "../protocol/names.ts";

export type Addressee =
  | { readonly conversation: string }
  /** By name, each by themselves. */
  | { readonly people: readonly string[] };

/** The text says nobody. The message says what would. */
export class AddresseeError extends Error {
  override readonly name = "AddresseeError";
}

/** Throws `AddresseeError`. */
export function parseAddressee(text: string): Addressee {
  const folded = foldName(text);
  if (folded.startsWith("@")) return { people: parsePeople(folded.slice(1)) };
  const [, kind, name = ""] = /^(#|room:|group:)(.*)$/s.exec(folded) ?? [];
  if (kind === undefined) {
    throw new AddresseeError("Give room:NAME, group:NAME, @NAME or @NAME,NAME.");
  }
  if (!isName(name)) throw badName();
  return { conversation: kind === "group:" ? `group:${name}` : `room:${name}` };
}

/** Writes the form that `parseAddressee` reads. */
export function formatAddressee(to: Addressee): string {
  return "people" in to ? `@${to.people.join(",")}` : to.conversation;
}

function parsePeople(list: string): string[] {
  const names = [...new Set(list.split(",").map(foldName))];
  if (!names.every(isName)) throw badName();
  if (names.length <= LIMITS.named) return names;
  throw new AddresseeError(`Name ${LIMITS.named} people at most.`);
}

function badName(): AddresseeError {
  return new AddresseeError("A name is 1 to 32 of a-z, 0-9, _ and -, and begins with a letter.");
}
