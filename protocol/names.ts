/**
 * Names of users, rooms and groups, and IDs of conversations. Pure.
 *
 * A name is 1 to 32 of `a-z 0-9 _ -` and begins with a letter. So it is never a number, needs no
 * quoting, and looks like no other name. Upper case is folded where people type.
 */
import { LIMITS } from "./limits.ts";

const NAME = /^[a-z][a-z0-9_-]*$/;

/** Names that commands use, or that stand for the server. No account, room or group can have them. */
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

/** Names that could be taken for the server's operator. No new account can have them. */
export const RESERVED_USERS: ReadonlySet<string> = new Set([
  "abuse",
  "admin",
  "administrator",
  "admins",
  "help",
  "helpdesk",
  "hostmaster",
  "mod",
  "moderator",
  "moderators",
  "mods",
  "official",
  "operator",
  "owner",
  "postmaster",
  "root",
  "security",
  "staff",
  "superuser",
  "support",
  "sysadmin",
  "sysop",
  "webmaster",
]);

/** Whether the text is a well-formed, folded name of a user, room or group. */
export function isName(text: string): boolean {
  return text.length <= LIMITS.name && NAME.test(text);
}

/** Whether a room or group may be made with this name. */
export function isAllowedName(text: string): boolean {
  return isName(text) && !RESERVED.has(text);
}

/** Whether an account may be made with this name. */
export function isAllowedUser(text: string): boolean {
  return isAllowedName(text) && !RESERVED_USERS.has(text);
}

/** The form in which names are stored and compared. Only ASCII is folded: U+212A is no `k`. */
export function foldName(text: string): string {
  return text.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** A conversation ID, parsed. */
type Conversation =
  | { readonly type: "room"; readonly name: string }
  | { readonly type: "group"; readonly name: string }
  | { readonly type: "dm"; readonly users: readonly [string, string] };

/** Parses `room:general`, `group:crew` or `dm:alice:bob` (two different users, sorted). */
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

/** The ID of the conversation between two people, in either order. */
export function dmOf(one: string, other: string): string {
  return one < other ? `dm:${one}:${other}` : `dm:${other}:${one}`;
}

/** The other person of one's own `dm:` conversation; `undefined` for other conversations. */
export function peerOf(conversation: string, self: string): string | undefined {
  const parsed = parseConversation(conversation);
  if (parsed?.type !== "dm" || !parsed.users.includes(self)) return undefined;
  return parsed.users[0] === self ? parsed.users[1] : parsed.users[0];
}

/** The room that every new account is a member of. */
export const GENERAL = "room:general";

const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** Whether the text is a ULID in its canonical form (github.com/ulid/spec). */
export function isUlid(text: string): boolean {
  return ULID.test(text);
}
