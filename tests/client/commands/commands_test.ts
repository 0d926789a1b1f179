import assert from "node:assert/strict";
import fc from "fast-check";
import { commandForms, helpText, parseLine } from "../../../client/commands/commands.ts";
import type { Intent } from "../../../client/events.ts";
import type { Destination } from "../../../protocol/destination.ts";
import { formatIntent } from "../../helpers/format_intent.ts";

/** Every way to type a command, as `/help` shows it. */
const USAGES = commandForms().flatMap(({ usages }) => usages.map(([usage]) => usage));

function intentOf(line: string): Intent {
  const parsed = parseLine(line);
  return parsed.type === "intent" ? parsed.intent : assert.fail(`${line}: ${parsed.type}`);
}

function errorOf(line: string): { code: string; message: string } {
  const parsed = parseLine(line);
  return parsed.type === "error" ? parsed : assert.fail(`${line}: ${parsed.type}`);
}

function sending(to: Destination<string | number>, path: string): Intent {
  return { type: "send_file", to, path };
}

const INTENTS: readonly (readonly [line: string, intent: Intent])[] = [
  ["hello all", { type: "say", text: "hello all" }],
  ["  indented", { type: "say", text: "  indented" }],
  ["quit it", { type: "say", text: "quit it" }],
  ["//etc/hosts is a file", { type: "say", text: "/etc/hosts is a file" }],
  ["/say @bob is away", { type: "say", text: "@bob is away" }],
  ["/say /say", { type: "say", text: "/say" }],
  ["@bob hi there", { type: "private", to: ["bob"], text: "hi there" }],
  ["@Bob   hi", { type: "private", to: ["bob"], text: "  hi" }],
  ["/msg bob hi", { type: "private", to: ["bob"], text: "hi" }],
  ["@ann,Bob,ann hi", { type: "private", to: ["ann", "bob"], text: "hi" }],
  ["/msg ann,bob hi", { type: "private", to: ["ann", "bob"], text: "hi" }],
  ["1,3: hi", { type: "private", to: [1, 3], text: "hi" }],
  ["2:hi", { type: "private", to: [2], text: "hi" }],
  ["0: hi", { type: "say", text: "hi", conversation: "room:general" }],
  ["/all hi", { type: "say", text: "hi", conversation: "room:general" }],
  ["12:30 lunch", { type: "say", text: "12:30 lunch" }],
  ["/room_msg hi", { type: "say", text: "hi" }],
  ["/users", { type: "names" }],
  ["@status", { type: "status" }],
  ["@status DND", { type: "status", status: "dnd" }],
  ["/rooms", { type: "list", kind: "rooms" }],
  ["/join Tech", { type: "join", conversation: "room:tech" }],
  ["/room #tech", { type: "join", conversation: "room:tech" }],
  ["/leave", { type: "leave" }],
  ["/leave tech", { type: "leave", conversation: "room:tech" }],
  ["/leave group:crew", { type: "leave", conversation: "group:crew" }],
  ["/create tea", { type: "create", conversation: "room:tea" }],
  ["/create tea All about  it ", {
    type: "create",
    conversation: "room:tea",
    topic: "All about  it",
  }],
  ["/topic Black or green?", { type: "topic", topic: "Black or green?" }],
  ["/topic - ", { type: "topic", topic: "" }],
  ["/topic -1 degree", { type: "topic", topic: "-1 degree" }],
  ["/members", { type: "members" }],
  ["/members group:crew", { type: "members", conversation: "group:crew" }],
  ["@group set crew ann,bob", {
    type: "create",
    conversation: "group:crew",
    members: ["ann", "bob"],
  }],
  ["@GROUP Send crew  hi", { type: "say", text: " hi", conversation: "group:crew" }],
  ["/group leave crew", { type: "leave", conversation: "group:crew" }],
  ["/delete tech", { type: "delete", conversation: "room:tech" }],
  ["/delete #tech", { type: "delete", conversation: "room:tech" }],
  ["@group delete crew", { type: "delete", conversation: "group:crew" }],
  ["@group add crew ann", { type: "add", conversation: "group:crew", users: ["ann"] }],
  ["@group remove crew ann,bob", {
    type: "remove",
    conversation: "group:crew",
    users: ["ann", "bob"],
  }],
  ["@group list", { type: "list", kind: "groups" }],
  ["/groups", { type: "list", kind: "groups" }],
  ["/history", { type: "history" }],
  ["/history 5", { type: "history", limit: 5 }],
  ["/history tech", { type: "history", place: { type: "room", name: "tech" } }],
  ["/history @bob 5", { type: "history", place: { type: "person", name: "bob" }, limit: 5 }],
  ["/history group:crew", { type: "history", place: { type: "group", name: "crew" } }],
  ["/search green  tea ", { type: "search", words: "green  tea" }],
  ["/send bob plan.pdf", sending({ people: ["bob"] }, "plan.pdf")],
  ["/send @Ann,bob  my plan.pdf ", sending({ people: ["ann", "bob"] }, "my plan.pdf")],
  ["/send 1,3 ~/plan.pdf", sending({ people: [1, 3] }, "~/plan.pdf")],
  ["/send 0 plan", sending({ conversation: "room:general" }, "plan")],
  ["/SEND #Tech /a b/c", sending({ conversation: "room:tech" }, "/a b/c")],
  ["/send room:tech c", sending({ conversation: "room:tech" }, "c")],
  ["/send group:crew c", sending({ conversation: "group:crew" }, "c")],
  ["/accept", { type: "accept" }],
  ["/accept 12", { type: "accept", id: "12" }],
  ["/decline 01arz3ndektsv4rrffq69g5fav", { type: "decline", id: "01ARZ3NDEKTSV4RRFFQ69G5FAV" }],
  ["/cancel 3 ", { type: "cancel", id: "3" }],
  ["/files", { type: "files" }],
  ["@secret bob", { type: "secret", to: "bob" }],
  ["@secret  bob  ", { type: "secret", to: "bob" }],
  ["@SECRET bob k3y the text", {
    type: "secret",
    to: "bob",
    passphrase: "k3y",
    text: "the text",
  }],
  [" @secret bob k3y text", { type: "secret", to: "bob", passphrase: "k3y", text: "text" }],
  ["/secret bob k3y text", { type: "secret", to: "bob", passphrase: "k3y", text: "text" }],
  ["/open", { type: "open" }],
  ["/open 12", { type: "open", id: "12" }],
  ["/open 12 k3y", { type: "open", id: "12", passphrase: "k3y" }],
  ["/open 01arz3ndektsv4rrffq69g5fav k3y", {
    type: "open",
    id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    passphrase: "k3y",
  }],
  ["@names", { type: "names" }],
  ["/names ", { type: "names" }],
  ["/help", { type: "help" }],
  ["/register Dan", { type: "sign_in", user: "dan", intent: "register" }],
  ["/login dan", { type: "sign_in", user: "dan", intent: "login" }],
  ["@quit", { type: "quit" }],
  ["/quit", { type: "quit" }],
  ["exit", { type: "quit" }],
  [" logout ", { type: "quit", signOut: true }],
  ["/logout", { type: "quit", signOut: true }],
  ["quit\r", { type: "quit" }],
];

for (const [line, intent] of INTENTS) {
  Deno.test(`parseLine reads ${JSON.stringify(line)}`, () => {
    assert.deepEqual(intentOf(line), intent);
  });
}

const ERRORS: readonly (readonly [line: string, code: string])[] = [
  ["/nonsense", "unknown_command"],
  ["/", "unknown_command"],
  ["@here hi", "unknown_command"],
  ["@status busy", "bad_command"],
  ["@group", "bad_command"],
  ["@group crew", "bad_command"],
  ["@group set crew", "bad_command"],
  ["@group set secret!", "bad_command"],
  ["@group set crew ann,b:b", "bad_name"],
  ["@group set cr:w ann", "bad_name"],
  ["@group set crew all", "bad_name"],
  ["@group send crew", "empty_message"],
  ["@group send", "bad_command"],
  ["@group leave", "bad_command"],
  ["@group leave crew now", "bad_command"],
  ["/join", "bad_command"],
  ["/join te:ch", "bad_name"],
  ["/create", "bad_command"],
  ["/topic ", "bad_command"],
  ["/history 0", "bad_command"],
  ["/history 101", "bad_command"],
  ["/history tech bob", "bad_command"],
  ["/history @b:b", "bad_name"],
  ["/search ", "bad_command"],
  ["/login", "bad_command"],
  ["/login dan Tr0ub4dor", "bad_command"],
  ["/register d:n", "bad_name"],
  ["/send", "bad_command"],
  ["/send bob", "bad_command"],
  ["/send bob  ", "bad_command"],
  ["/send @ plan", "bad_name"],
  ["/send b:b plan", "bad_name"],
  ["/send all plan", "bad_name"],
  ["/send ann,3 plan", "bad_name"],
  ["/send # plan", "bad_name"],
  ["/send group: plan", "bad_name"],
  ["/send 1,0 plan", "bad_command"],
  ["/send 1,,3 plan", "bad_command"],
  ["/accept that", "bad_command"],
  ["/accept 0", "bad_command"],
  ["/cancel 1 2", "bad_command"],
  ["/files now", "bad_command"],
  ["@ann, hi", "bad_name"],
  ["1,0: hi", "bad_command"],
  ["99999999999999999999: hi", "bad_command"],
  ["1,3:", "empty_message"],
  ["0: ", "empty_message"],
  ["@", "bad_name"],
  ["@ bob hi", "bad_name"],
  ["@ secret bob k3y text", "bad_name"],
  ["/msg secret bob k3y text", "bad_name"],
  ["@bob", "empty_message"],
  ["@bob  ", "empty_message"],
  ["@b:b hi", "bad_name"],
  ["/msg", "bad_name"],
  ["/say", "empty_message"],
  ["@secret", "bad_command"],
  ["@secret bob k3y", "bad_command"],
  ["@secret b:b k3y text", "bad_name"],
  ["/open sesame", "bad_command"],
  ["/open 0", "bad_command"],
  ["/open 1 two words", "bad_command"],
  ["@names now", "bad_command"],
  ["@quit now", "bad_command"],
];

for (const [line, code] of ERRORS) {
  Deno.test(`parseLine says ${code} to ${JSON.stringify(line)}`, () => {
    assert.equal(errorOf(line).code, code);
  });
}

Deno.test("parseLine makes nothing of an empty line", () => {
  for (const line of ["", " ", "\t", "\r", "\u00a0"]) {
    assert.deepEqual(parseLine(line), { type: "nothing" });
  }
});

Deno.test("parseLine throws for no line, and makes well-formed intents", () => {
  const words = fc.constantFrom(
    ...[
      "@",
      "/",
      "//",
      "@secret",
      "/open",
      "@bob",
      "@group ",
      "set ",
      "send ",
      "crew",
      "/history ",
      "/create ",
      "/join",
      "1,3:",
      "0: ",
      "@status",
      "/msg",
      "/send ",
      "/accept ",
      "~/",
      " ",
      "\t",
      "quit",
      "key",
      "1",
      ":",
      "\0",
    ],
  );
  const odd = fc.array(fc.oneof(words, fc.string({ unit: "binary", maxLength: 6 })))
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(odd, fc.string({ unit: "binary" })), (line) => {
      const parsed = parseLine(line);
      if (parsed.type !== "intent") return;
      const { intent } = parsed;
      if ("text" in intent && intent.text !== undefined) assert.notEqual(intent.text.trim(), "");
      if (intent.type === "secret" || intent.type === "open") {
        assert.ok(!/\s/.test(intent.passphrase ?? ""));
      }
    }),
    { numRuns: 3000 },
  );
});

Deno.test("parseLine repeats nothing in its errors that could be a passphrase", () => {
  const start = fc.constantFrom("@secret ", "@secret bob ", "/open ", "/open 1 a ", "@", "/");
  fc.assert(
    fc.property(start, (start) => {
      const parsed = parseLine(`${start}Tr0ub4dor&3`);
      if (parsed.type === "error") assert.ok(!parsed.message.includes("Tr0ub4dor"));
    }),
  );
});

Deno.test("parseLine says any text as it stands after /say", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1 }), (text) => {
      fc.pre(text.trim() !== "");
      assert.deepEqual(intentOf(`/say ${text}`), { type: "say", text });
    }),
  );
});

const word = fc.stringMatching(/^[a-z][a-z0-9_-]{0,20}$/).filter((name) =>
  ![
    ...["secret", "status", "names", "group", "quit", "all", "exit", "logout", "server", "sotto"],
    ...["system", "here", "everyone"],
  ].includes(name)
);
const text = fc.string({ unit: "binary", minLength: 1 }).filter((text) => text.trim() !== "");
const trimmed = text.map((text) => text.trim());
const users = fc.uniqueArray(word, { minLength: 1, maxLength: 5 });
const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 2 ** 31 }), {
  minLength: 1,
  maxLength: 5,
});
const key = fc.string({ unit: "binary", minLength: 1 }).filter((key) => !/\s/.test(key));
const room = word.map((name) => `room:${name}`);
const group = word.map((name) => `group:${name}`);
const count = fc.integer({ min: 1, max: 100 });
const place = fc.record({ type: fc.constantFrom("room", "group", "person"), name: word });

const anyIntent: fc.Arbitrary<Intent> = fc.oneof(
  fc.record({ type: fc.constant("say"), text }),
  fc.record({
    type: fc.constant("say"),
    text,
    conversation: fc.oneof(group, fc.constant("room:general")),
  }),
  fc.record({ type: fc.constant("private"), to: users, text }),
  fc.record({ type: fc.constant("private"), to: numbers, text: trimmed }),
  fc.record({ type: fc.constant("reply"), text: trimmed }),
  fc.record(
    { type: fc.constant("keys"), change: fc.constant("remember"), user: word, passphrase: key },
    { requiredKeys: ["type", "change", "user"] },
  ),
  fc.record(
    { type: fc.constant("keys"), change: fc.constant("forget"), user: word },
    { requiredKeys: ["type", "change"] },
  ),
  fc.constant<Intent>({ type: "keys" }),
  fc.record({ type: fc.constant("secret"), to: word }),
  fc.record({ type: fc.constant("secret"), to: word, passphrase: key, text }),
  fc.record({ type: fc.constant("open") }),
  fc.record(
    { type: fc.constant("open"), id: count.map(String), passphrase: key },
    { requiredKeys: ["type", "id"] },
  ),
  fc.constantFrom<Intent>(
    ...[{ type: "names" }, { type: "help" }, { type: "quit" }] as const,
    { type: "quit", signOut: true },
    { type: "list", kind: "rooms" },
    { type: "list", kind: "groups" },
  ),
  fc.record(
    { type: fc.constantFrom("members", "leave"), conversation: fc.oneof(room, group) },
    { requiredKeys: ["type"] },
  ),
  fc.record({ type: fc.constant("join"), conversation: room }),
  fc.record(
    { type: fc.constant("create"), conversation: room, topic: trimmed },
    { requiredKeys: ["type", "conversation"] },
  ),
  fc.record({ type: fc.constant("create"), conversation: group, members: users }),
  // `-` stands for none, and cannot be one.
  fc.record({
    type: fc.constant("topic"),
    topic: fc.oneof(trimmed.filter((topic) => topic !== "-"), fc.constant("")),
  }),
  fc.record({ type: fc.constantFrom("add", "remove"), conversation: group, users }),
  fc.record({ type: fc.constant("delete"), conversation: group }),
  fc.record(
    { type: fc.constant("status"), status: fc.constantFrom("normal", "dnd", "away") },
    { requiredKeys: ["type"] },
  ),
  fc.record({ type: fc.constant("history"), place, limit: count }, { requiredKeys: ["type"] }),
  fc.record({ type: fc.constant("search"), words: trimmed }),
  fc.record({
    type: fc.constant("send_file"),
    to: fc.oneof(
      fc.record({ conversation: fc.oneof(room, group) }),
      fc.record({ people: fc.oneof(users, numbers) }),
    ),
    path: trimmed,
  }),
  fc.record(
    { type: fc.constantFrom("accept", "decline", "cancel"), id: count.map(String) },
    { requiredKeys: ["type"] },
  ),
  fc.constant<Intent>({ type: "files" }),
  fc.record({
    type: fc.constant("sign_in"),
    user: word,
    intent: fc.constantFrom("login", "register"),
  }),
);

Deno.test("parseLine reads what formatIntent writes as the same intent", () => {
  fc.assert(
    fc.property(anyIntent, (intent) => {
      // Records of fast-check have no prototype.
      assert.deepEqual(intentOf(formatIntent(intent)), structuredClone(intent));
    }),
    { numRuns: 3000 },
  );
});

Deno.test("helpText names every command that its table has", () => {
  const help = helpText();
  for (const usage of USAGES) assert.ok(help.includes(usage), usage);
  for (const word of ["@USER", "@secret", "/open", "@names", "//", "/say", "/help", "@quit"]) {
    assert.ok(help.includes(word), word);
  }
});

Deno.test("parseLine knows a command for every usage in the help", () => {
  for (const usage of USAGES) {
    const parsed = parseLine(usage.replaceAll(/[[\]]/g, "").replace(/ N$/, " 5"));
    if (parsed.type === "error") assert.notEqual(parsed.code, "unknown_command", usage);
  }
});
