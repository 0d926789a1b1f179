/**
 * What people type by mistake, typed into the program as they run it: each gets an error that says
 * what is wrong, and nothing of what the server keeps is changed. (Files have tests of their own.)
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { LIMITS } from "../../protocol/limits.ts";
import { House } from "../helpers/house.ts";
import type { Program } from "../helpers/program.ts";

/** Names that commands have. */
const RESERVED = ["secret", "status", "names", "group", "quit", "all"];

const MISTAKES: readonly (readonly [line: string, code: string, message: RegExp])[] = [
  // Empty.
  ["@bob", "empty_message", /nothing|empty|text/i],
  ["@bob   ", "empty_message", /nothing|empty|text/i],
  ["/msg bob", "empty_message", /nothing|empty|text/i],
  ["0:", "empty_message", /nothing|empty|text/i],
  ["1,2:", "empty_message", /nothing|empty|text/i],
  ["/say ", "empty_message", /nothing|empty|text/i],
  ["@group send crew", "empty_message", /nothing|empty|text/i],
  // Over-long.
  ["x".repeat(LIMITS.text + 1), "message_too_large", /16384/],
  [`@bob ${"ü".repeat(LIMITS.text / 2 + 1)}`, "message_too_large", /16384/],
  [`/topic ${"x".repeat(257)}`, "bad_topic", /256/],
  [`/create ${"x".repeat(33)}`, "bad_name", /32/],
  // Users that are nobody.
  ["@zoe hello", "unknown_user", /\bzoe\b/],
  ["@zoe,max hello", "unknown_user", /\bzoe, max\b/],
  ["@secret zoe k3y hello", "unknown_user", /\bzoe\b/],
  ["/history @zoe", "unknown_user", /\bzoe\b/],
  ["@group set club bob,zoe", "unknown_user", /\bzoe\b/],
  ["@group add crew zoe", "unknown_user", /\bzoe\b/],
  ["@group remove crew zoe", "not_a_member", /\bzoe\b/],
  ["@alice hello", "to_self", /you/],
  // Numbers that are nobody's.
  ["9: hello", "unknown_user", /number 9\b/],
  ["7,8: hello", "unknown_user", /number 7, number 8\b/],
  ["99999999999999999999: hello", "bad_command", /not numbers of people/],
  ["0,1: hello", "bad_command", /stands alone/],
  // Rooms and groups that are not there.
  ["/join nowhere", "unknown_conversation", /no room/i],
  ["/leave nowhere", "unknown_conversation", /./],
  ["/members nowhere", "unknown_conversation", /./],
  ["/history nowhere", "unknown_conversation", /./],
  ["@group send nowhere hello", "unknown_conversation", /./],
  ["@group leave nowhere", "unknown_conversation", /./],
  ["@group delete nowhere", "unknown_conversation", /./],
  ["@group add nowhere bob", "unknown_conversation", /./],
  // Names that are taken, or that commands have.
  ["/create tech", "name_taken", /tech|that name/],
  ["@group set crew bob", "name_taken", /that name/],
  ...RESERVED.flatMap((name) =>
    [`/create ${name}`, `@group set ${name} bob`]
      .map((line) => [line, "bad_name", /reserved for commands/] as const)
  ),
  ...RESERVED.map((name) => [`/msg ${name} hello`, "bad_name", /user's name/] as const),
  // No commands at all.
  ["/frobnicate", "unknown_command", /\/help/],
  ["@status busy", "bad_command", /normal/],
  ["@group", "bad_command", /@group set/],
];

/** What the server keeps: all of it but marks and the index, which follow later by themselves. */
const KEPT = [
  "SELECT number, name, password_hash, status FROM accounts ORDER BY number",
  "SELECT id, account FROM sessions ORDER BY id",
  "SELECT * FROM conversations ORDER BY number",
  "SELECT account, conversation, held FROM members ORDER BY account, conversation",
  "SELECT * FROM messages ORDER BY number",
  "SELECT * FROM files ORDER BY ulid",
];

function contents(path: string): unknown[] {
  using database = new DatabaseSync(path, { readOnly: true });
  return KEPT.map((query) => database.prepare(query).all());
}

function errorsOf({ lines }: Program): Record<string, unknown>[] {
  return lines.map((line) => JSON.parse(line)).filter(({ event }) => event === "error");
}

Deno.test("sotto client: a mistake gets an error that says what is wrong, and changes nothing", async () => {
  await using house = await House.make();
  const server = await house.server();
  const alice = await house.person("alice", server);
  const bob = await house.person("bob", server);
  alice.type("@group set crew bob");
  await bob.event({ event: "changed", change: "created" });
  alice.type("before");
  await alice.event({ event: "ack" });
  await bob.event({ event: "message", text: "before" });

  const path = join(house.folder, "data", "sotto.db");
  const before = contents(path);
  const heard = bob.lines.length;
  for (const [index, [line, code, message]] of MISTAKES.entries()) {
    alice.type(line);
    while (errorsOf(alice).length <= index) await alice.more();
    const error = errorsOf(alice)[index] ?? {};
    const what = `${line.slice(0, 40)}: ${JSON.stringify(error)}`;
    assert.equal(error["code"], code, what);
    assert.match(String(error["message"]), message, what);
  }
  assert.deepEqual(contents(path), before);
  assert.deepEqual(bob.lines.slice(heard), []);
  alice.type("after");
  await bob.event({ event: "message", text: "after" });
});
