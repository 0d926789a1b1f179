import assert from "node:assert/strict";
import fc from "fast-check";
import {
  DestinationError,
  formatDestination,
  parseDestination,
  parseGroup,
  parsePeople,
  parseRoom,
} from "../../protocol/destination.ts";

const NAME_RULE = "has 1 to 32 of a-z, 0-9, _ and -, and begins with a letter.";

function refusal(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    assert.ok(error instanceof DestinationError);
    return error.message;
  }
  return assert.fail("parsed");
}

Deno.test("parseDestination reads rooms, groups and people", () => {
  assert.deepEqual(parseDestination("room:builds"), { conversation: "room:builds" });
  assert.deepEqual(parseDestination("#Builds"), { conversation: "room:builds" });
  assert.deepEqual(parseDestination("group:crew"), { conversation: "group:crew" });
  assert.deepEqual(parseDestination("@Ann"), { people: ["ann"] });
  assert.deepEqual(parseDestination("@ann,bob,ann"), { people: ["ann", "bob"] });
});

Deno.test("parseDestination reads a bare name as its option says", () => {
  assert.deepEqual(parseDestination("ann", "person"), { people: ["ann"] });
  assert.deepEqual(parseDestination("ann,bob", "person"), { people: ["ann", "bob"] });
  assert.deepEqual(parseDestination("tech", "room"), { conversation: "room:tech" });
  for (const bareName of ["person", "room"] as const) {
    assert.deepEqual(parseDestination("group:crew", bareName), { conversation: "group:crew" });
  }
});

Deno.test("parseDestination says what to give instead", () => {
  const forms = "Give room:NAME, group:NAME, @NAME or @NAME,NAME.";
  const wrong: [text: string, message: string][] = [
    ["", forms],
    ["ann", forms],
    ["dm:ann:bob", forms],
    ["#", `The name of a room ${NAME_RULE}`],
    ["room:7up", `The name of a room ${NAME_RULE}`],
    ["group:", `The name of a group ${NAME_RULE}`],
    ["@", `The name of a user ${NAME_RULE}`],
    ["@ann,", `The name of a user ${NAME_RULE}`],
    ["@ann, bob c", `The name of a user ${NAME_RULE}`],
    ["@quit", "That name is reserved for commands. No user can have it."],
    [
      `@${Array.from({ length: 65 }, (_, index) => `p${index}`).join()}`,
      "Name at most 64 people.",
    ],
  ];
  for (const [text, message] of wrong) assert.equal(refusal(() => parseDestination(text)), message);
});

Deno.test("parseDestination throws nothing but DestinationError, and formatDestination writes what it reads", () => {
  fc.assert(fc.property(fc.string(), fc.constantFrom("", "@", "#", "room:"), (text, sign) => {
    let to;
    try {
      to = parseDestination(sign + text);
    } catch (error) {
      assert.ok(error instanceof DestinationError);
      return;
    }
    assert.deepEqual(parseDestination(formatDestination(to)), to);
  }));
});

Deno.test("parseRoom and parseGroup take a name with and without its sign", () => {
  for (const text of ["Tech", "#tech", "room:tech"]) assert.equal(parseRoom(text), "room:tech");
  for (const text of ["Crew", "group:crew"]) assert.equal(parseGroup(text), "group:crew");
  assert.throws(() => parseRoom("group:crew"), DestinationError);
  assert.throws(() => parseGroup("#crew"), DestinationError);
});

Deno.test("parsePeople names each person once", () => {
  assert.deepEqual(parsePeople("ann, Bob,ann"), ["ann", "bob"]);
});
