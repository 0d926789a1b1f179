/**
 * Mistakes, typed into the program as people run it: each gets an error that says what is wrong and
 * what to do, and nothing that the server stores changes. Files have tests of their own.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ERRORS } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import type { Program } from "../helpers/program.ts";

/** Some of the names that are reserved for commands. */
const RESERVED = ["secret", "status", "names", "group", "quit", "all"];

const EMPTY = "The message is empty.";
const TOO_LARGE = (bytes: number) =>
  `Not sent: the text has ${bytes} bytes, and ${LIMITS.text} are the most.`;
const NO_ZOE = "There is no user called zoe. Check the name.";
const NO_CONVERSATION = ERRORS.unknown_conversation.meaning;
const NOT_NUMBERS =
  "These are not numbers of people. /names shows the numbers. 0 means everyone, and stands alone.";

const MISTAKES: readonly (readonly [line: string, code: string, message: string])[] = [
  // Empty.
  ["@bob", "empty_message", `${EMPTY} Type @USER TEXT.`],
  ["@bob   ", "empty_message", `${EMPTY} Type @USER TEXT.`],
  ["/msg bob", "empty_message", `${EMPTY} Type @USER TEXT.`],
  ["0:", "empty_message", `${EMPTY} Type 0: TEXT.`],
  ["1,2:", "empty_message", `${EMPTY} Type 1,3: TEXT.`],
  ["/r ", "empty_message", `${EMPTY} Type /r TEXT.`],
  ["/all", "empty_message", `${EMPTY} Type /all TEXT.`],
  ["/say ", "empty_message", `${EMPTY} Type /say TEXT.`],
  ["@group send crew", "empty_message", `${EMPTY} Type @group send NAME TEXT.`],
  // Too long.
  ["x".repeat(LIMITS.text + 1), "message_too_large", TOO_LARGE(LIMITS.text + 1)],
  [
    `@bob ${"ü".repeat(LIMITS.text / 2 + 1)}`,
    "message_too_large",
    TOO_LARGE(LIMITS.text + 2),
  ],
  [
    `/topic ${"x".repeat(257)}`,
    "bad_topic",
    "A topic has at most 256 bytes, and this one has 257. Shorten it.",
  ],
  [
    `/create ${"x".repeat(33)}`,
    "bad_name",
    "The name of a room has 1 to 32 of a-z, 0-9, _ and -, and begins with a letter.",
  ],
  // Users who do not exist.
  ["@zoe hello", "unknown_user", NO_ZOE],
  [
    "@zoe,max hello",
    "unknown_user",
    "Nothing was sent to zoe, max: no account has that name or number.",
  ],
  ["@secret zoe k3y hello", "unknown_user", NO_ZOE],
  ["/history @zoe", "unknown_user", NO_ZOE],
  ["@group set club bob,zoe", "unknown_user", "No such user: zoe."],
  ["@group add crew zoe", "unknown_user", "No such user: zoe."],
  ["@group remove crew zoe", "not_a_member", "Not in that group: zoe."],
  ["@alice hello", "to_self", "That is you. Name another account."],
  // Numbers that no user has.
  [
    "9: hello",
    "unknown_user",
    "Nothing was sent to number 9: no account has that name or number.",
  ],
  [
    "7,8: hello",
    "unknown_user",
    "Nothing was sent to number 7, number 8: no account has that name or number.",
  ],
  ["99999999999999999999: hello", "bad_command", NOT_NUMBERS],
  ["0,1: hello", "bad_command", NOT_NUMBERS],
  // Rooms and groups that do not exist.
  ["/join nowhere", "unknown_conversation", "There is no room of that name."],
  ["/leave nowhere", "unknown_conversation", NO_CONVERSATION],
  ["/members nowhere", "unknown_conversation", NO_CONVERSATION],
  ["/history nowhere", "unknown_conversation", NO_CONVERSATION],
  ["@group send nowhere hello", "unknown_conversation", NO_CONVERSATION],
  ["@group leave nowhere", "unknown_conversation", NO_CONVERSATION],
  ["@group delete nowhere", "unknown_conversation", NO_CONVERSATION],
  ["@group add nowhere bob", "unknown_conversation", NO_CONVERSATION],
  // Names that are taken, or reserved for commands.
  ["/create tech", "name_taken", "There is a room of that name already."],
  ["@group set crew bob", "name_taken", "There is a group of that name already."],
  ...RESERVED.flatMap((name) =>
    [`/create ${name}`, `@group set ${name} bob`].map((line) =>
      [line, "bad_name", "That name is reserved for commands; choose another."] as const
    )
  ),
  ...RESERVED.map((name) =>
    [
      `/msg ${name} hello`,
      "bad_name",
      "That name is reserved for commands. No user can have it.",
    ] as const
  ),
  // Unknown commands, and commands without their arguments.
  [
    "/frobnicate",
    "unknown_command",
    "Unknown command: /frobnicate. " +
    "Type /help for the list of commands, or /say TEXT to send it as text.",
  ],
  ["@status busy", "bad_command", "Type @status normal, @status dnd or @status away."],
  [
    "@group",
    "bad_command",
    "Type one of these: @group set NAME ann,bob; @group send NAME TEXT; @group leave NAME; " +
    "@group delete NAME; @group add NAME ann,bob; @group remove NAME ann,bob; @group list.",
  ],
];

/** All that the server stores but read marks and the index, which it updates later. */
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
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const alice = await sandbox.signIn("alice", server);
  const bob = await sandbox.signIn("bob", server);
  alice.writeLine("@group set crew bob");
  await bob.event({ event: "changed", change: "created" });
  alice.writeLine("before");
  await alice.event({ event: "ack" });
  await bob.event({ event: "message", text: "before" });

  const path = join(sandbox.folder, "data", "sotto.db");
  const before = contents(path);
  const heard = bob.lines.length;
  for (const [index, [line, code, message]] of MISTAKES.entries()) {
    alice.writeLine(line);
    await alice.until("an error", () => errorsOf(alice).length > index);
    const error = errorsOf(alice)[index] ?? {};
    const what = `${line.slice(0, 40)}: ${JSON.stringify(error)}`;
    assert.equal(error["code"], code, what);
    assert.equal(error["message"], message, what);
  }
  assert.deepEqual(contents(path), before);
  assert.deepEqual(bob.lines.slice(heard), []);
  alice.writeLine("after");
  await bob.event({ event: "message", text: "after" });
});
