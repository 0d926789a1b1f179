import assert from "node:assert/strict";
import fc from "fast-check";
import { LIMITS } from "../../protocol/limits.ts";
import {
  dmOf,
  foldName,
  GENERAL,
  isAllowedName,
  isAllowedUser,
  isName,
  isUlid,
  parseConversation,
  peerOf,
  RESERVED,
  RESERVED_USERS,
} from "../../protocol/names.ts";

const anyName = fc.stringMatching(/^[a-z][a-z0-9_-]{0,31}$/);

Deno.test("isName takes 1 to 32 characters that begin with a letter, and nothing else", () => {
  for (const name of ["a", "ann", "a-b_c9", "x".repeat(LIMITS.name)]) assert.ok(isName(name), name);
  const odd = ["", "9a", "-a", "_a", "Ann", "a b", "a:b", "a\n", "ä", "а", "x".repeat(33)];
  for (const name of odd) assert.ok(!isName(name), JSON.stringify(name));
});

Deno.test("isAllowedName refuses the reserved names, which are well-formed", () => {
  for (const name of RESERVED) {
    assert.ok(isName(name), name);
    assert.ok(!isAllowedName(name), name);
  }
  assert.ok(isAllowedName("ann"));
});

Deno.test("isAllowedUser refuses names of offices too, which rooms may have", () => {
  for (const name of RESERVED_USERS) {
    assert.ok(isAllowedName(name), name);
    assert.ok(!isAllowedUser(name), name);
  }
  for (const name of RESERVED) assert.ok(!isAllowedUser(name), name);
  for (const name of ["ann", "admin2", "rooty"]) assert.ok(isAllowedUser(name), name);
});

Deno.test("foldName gives the form that names are compared in", () => {
  assert.equal(foldName("  Ann \n"), "ann");
  assert.equal(foldName("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "abcdefghijklmnopqrstuvwxyz");
});

Deno.test("foldName makes no name of one with other letters", () => {
  // The Kelvin sign, whose lower case is k; a dotted capital I; letters of full width.
  for (const text of ["\u212aate", "\u0130da", "\uff21nn", "\u00c4nn"]) {
    assert.ok(!isName(foldName(text)), text);
  }
});

Deno.test("parseConversation reads rooms, groups and two people in order", () => {
  assert.deepEqual(parseConversation(GENERAL), { type: "room", name: "general" });
  assert.deepEqual(parseConversation("group:crew"), { type: "group", name: "crew" });
  assert.deepEqual(parseConversation("dm:ann:bob"), { type: "dm", users: ["ann", "bob"] });
});

Deno.test("parseConversation refuses everything else", () => {
  const odd = ["", "general", "room:", "room:a:b", "room:A", "dm:ann", "dm:bob:ann", "dm:ann:ann"];
  for (const id of [...odd, "dm:a:b:c", "dm::b", "club:x", "constructor:x", "room:a "]) {
    assert.equal(parseConversation(id), undefined, id);
  }
  fc.assert(fc.property(fc.string(), (id) => {
    const parsed = parseConversation(id);
    if (parsed?.type === "dm") assert.equal(dmOf(...parsed.users), id);
    else if (parsed !== undefined) assert.equal(`${parsed.type}:${parsed.name}`, id);
  }));
});

Deno.test("dmOf is the same for both people, and peerOf gives each the other", () => {
  fc.assert(fc.property(anyName, anyName, (one, other) => {
    fc.pre(one !== other);
    const id = dmOf(one, other);
    assert.equal(id, dmOf(other, one));
    assert.equal(peerOf(id, one), other);
    assert.equal(peerOf(id, other), one);
    assert.equal(peerOf(id, `${one}x${other}`), undefined);
  }));
  assert.equal(peerOf(GENERAL, "ann"), undefined);
});

Deno.test("isUlid takes the canonical form alone", () => {
  assert.ok(isUlid("01JD3Z8Q6W0VX5T7N2K9M4RBCE"));
  assert.ok(isUlid("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"));
  const odd = ["", "01jd3z8q6w0vx5t7n2k9m4rbce", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ"];
  for (const text of [...odd, "01JD3Z8Q6W0VX5T7N2K9M4RBCI", "01JD3Z8Q6W0VX5T7N2K9M4RBCEA"]) {
    assert.ok(!isUlid(text), text);
  }
});
