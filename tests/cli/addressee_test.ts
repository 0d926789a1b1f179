import assert from "node:assert/strict";
import fc from "fast-check";
import { AddresseeError, formatAddressee, parseAddressee } from "../../cli/addressee.ts";

Deno.test("parseAddressee reads rooms, groups and people", () => {
  assert.deepEqual(parseAddressee("room:builds"), { conversation: "room:builds" });
  assert.deepEqual(parseAddressee("#Builds"), { conversation: "room:builds" });
  assert.deepEqual(parseAddressee("group:crew"), { conversation: "group:crew" });
  assert.deepEqual(parseAddressee("@Ann"), { people: ["ann"] });
  assert.deepEqual(parseAddressee("@ann,bob,ann"), { people: ["ann", "bob"] });
});

Deno.test("parseAddressee says what to give instead of what names nobody", () => {
  const wrong: [text: string, reason: RegExp][] = [
    ["", /Give room:NAME/],
    ["ann", /Give room:NAME/],
    ["dm:ann:bob", /Give room:NAME/],
    ["#", /A name is/],
    ["room:7up", /A name is/],
    ["@", /A name is/],
    ["@ann,", /A name is/],
    ["@ann, bob c", /A name is/],
    [`@${Array.from({ length: 65 }, (_, index) => `p${index}`).join()}`, /64 people/],
  ];
  for (const [text, reason] of wrong) {
    assert.throws(() => parseAddressee(text), (error) => {
      assert.ok(error instanceof AddresseeError, text);
      assert.match(error.message, reason, text);
      return true;
    });
  }
});

Deno.test("parseAddressee throws nothing but AddresseeError, and formatAddressee writes what it reads", () => {
  fc.assert(fc.property(fc.string(), fc.constantFrom("", "@", "#", "room:"), (text, kind) => {
    let to;
    try {
      to = parseAddressee(kind + text);
    } catch (error) {
      assert.ok(error instanceof AddresseeError);
      return;
    }
    assert.deepEqual(parseAddressee(formatAddressee(to)), to);
  }));
});
