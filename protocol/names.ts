/**
 * Names of users, rooms and groups, and the IDs of conversations made of them. Pure.
 *
 * A name is 1 to 32 of `a-z 0-9 _ -` and begins with a letter, so that it is never a number, needs
 * no quoting anywhere, and looks like no other name. Upper case is folded where people type.
 */
import { LIMITS } from "./limits.ts";

const NAME = /^[a-z][a-z0-9_-]*$/;

/** Names that commands use; nobody may have them. */
export const RESERVED: ReadonlySet<string> = new Set([
  "secret",
  "status",
  "names",
  "group",
  "quit",
  "all",
  "exit",
  "logout",
  "server",
  "sotto",
  "system",
  "here",
  "everyone",
]);

/** Whether the text is a well-formed name (of a user, room or group), in its folded form. */
export function isName(text: string): boolean {
  return text.length <= LIMITS.name && NAME.test(text);
}

/** Whether somebody may register the name. */
export function isFreeName(text: string): boolean {
  return isName(text) && !RESERVED.has(text);
}

/** The form that a name is stored and compared in. */
export function foldName(text: string): string {
  return text.trim().toLowerCase();
}

/** What a conversation ID says. */
export type Conversation =
  | { readonly type: "room"; readonly name: string }
  | { readonly type: "group"; readonly name: string }
  | { readonly type: "dm"; readonly users: readonly [string, string] };

/** Parses `room:general`, `group:crew` or `dm:alice:bob` (sorted, two different users). */
export function parseConversation(id: string): Conversation | undefined {
  const [type, first, second, ...rest] = id.split(":");
  if (first === undefined || rest.length > 0 || !isName(first)) return undefined;
  if (type === "dm") {
    if (second === undefined || !isName(second) || first >= second) return undefined;
    return { type, users: [first, second] };
  }
  if (second !== undefined || (type !== "room" && type !== "group")) return undefined;
  return { type, name: first };
}

/** The ID of the conversation between two people, the same whoever asks. */
export function dmOf(one: string, other: string): string {
  return one < other ? `dm:${one}:${other}` : `dm:${other}:${one}`;
}

/** The other person of a `dm:` conversation, `undefined` for other conversations. */
export function peerOf(conversation: string, self: string): string | undefined {
  const parsed = parseConversation(conversation);
  if (parsed?.type !== "dm" || !parsed.users.includes(self)) return undefined;
  return parsed.users[0] === self ? parsed.users[1] : parsed.users[0];
}

/** The room that exists from the start and that everyone is in. */
export const GENERAL = "room:general";

const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** Whether the text is a ULID in its canonical form (github.com/ulid/spec). */
export function isUlid(text: string): boolean {
  return ULID.test(text);
}
