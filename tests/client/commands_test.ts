import assert from "node:assert/strict";
import fc from "fast-check";
import { helpText, parseLine } from "../../client/commands.ts";
import type { Intent } from "../../client/events.ts";

function intentOf(line: string): Intent {
  const parsed = parseLine(line);
  return parsed.type === "intent" ? parsed.intent : assert.fail(`${line}: ${parsed.type}`);
}

function errorOf(line: string): { code: string; message: string } {
  const parsed = parseLine(line);
  return parsed.type === "error" ? parsed : assert.fail(`${line}: ${parsed.type}`);
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
  ["@status", "unknown_command"],
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
      "/msg",
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

Deno.test("helpText names every command that its table has", () => {
  const help = helpText();
  for (const word of ["@USER", "@secret", "/open", "@names", "//", "/say", "/help", "@quit"]) {
    assert.ok(help.includes(word), word);
  }
});
