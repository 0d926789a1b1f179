import assert from "node:assert/strict";
import fc from "fast-check";
import { formatTarget, parseTarget, TargetError } from "../../cli/target.ts";

const PIN = "SHA256:" + "A".repeat(43);

Deno.test("parseTarget reads a host, with and without user and port", () => {
  const target = { host: "chat.example", port: undefined, user: undefined, pin: undefined };
  assert.deepEqual(parseTarget("chat.example"), target);
  assert.deepEqual(parseTarget("chat.example:4434"), { ...target, port: 4434 });
  assert.deepEqual(parseTarget("ann@chat.example"), { ...target, user: "ann" });
  assert.deepEqual(parseTarget("192.0.2.1:9"), { ...target, host: "192.0.2.1", port: 9 });
});

Deno.test("parseTarget reads IPv6 addresses in brackets and hands them on without", () => {
  assert.equal(parseTarget("[::1]").host, "::1");
  assert.deepEqual(parseTarget("ann@[2001:db8::7]:5000"), {
    host: "2001:db8::7",
    port: 5000,
    user: "ann",
    pin: undefined,
  });
  assert.equal(parseTarget("[fe80::1%eth0]").host, "fe80::1%eth0");
});

Deno.test("parseTarget folds the user's name", () => {
  assert.equal(parseTarget("Ann@localhost").user, "ann");
});

Deno.test("parseTarget reads invite lines, and leaves what it does not know in them alone", () => {
  const target = { host: "chat.example", port: 4433, user: undefined, pin: PIN };
  const line = `sotto://chat.example:4433/?pin=${PIN}&code=9qhBzDr2oA1LmXwE&colour=red`;
  assert.deepEqual(parseTarget(line), { ...target, code: "9qhBzDr2oA1LmXwE" });
  assert.deepEqual(parseTarget(`sotto://chat.example?pin=${PIN}`), { ...target, port: undefined });
  assert.equal(parseTarget("sotto://chat.example/").pin, undefined);
  assert.equal(parseTarget(`sotto://ann@[::1]:1/?pin=${PIN}`).user, "ann");
});

Deno.test("parseTarget says what to do about text that names no server", () => {
  const wrong: [text: string, reason: RegExp][] = [
    ["", /Give the server as/],
    ["::1", /in brackets/],
    ["[::1", /in brackets/],
    ["host:", /port is a number/],
    ["host:0", /port is a number/],
    ["host:65536", /port is a number/],
    ["host:4433x", /port is a number/],
    ["@host", /user's name/],
    ["7up@host", /user's name/],
    ["a b@host", /user's name/],
    ["user@", /Give the server as/],
    ["ho st", /Give the server as/],
    ["-host", /Give the server as/],
    ["https://host", /Give the server as|port is a number|in brackets/],
    ["sotto://host/?pin=SHA256:short", /copy the whole invite line/],
    ["sotto://host/?code=a%20b", /copy the whole invite line/],
    ["sotto://host/?code=", /copy the whole invite line/],
  ];
  for (const [text, reason] of wrong) {
    assert.throws(() => parseTarget(text), (error) => {
      assert.ok(error instanceof TargetError, text);
      assert.match(error.message, reason, text);
      return true;
    });
  }
});

Deno.test("parseTarget throws nothing but TargetError, and formatTarget writes what it reads", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.ipV6()), (text) => {
    let target;
    try {
      target = parseTarget(text);
    } catch (error) {
      assert.ok(error instanceof TargetError);
      return;
    }
    assert.deepEqual(parseTarget(formatTarget(target)), { ...target, pin: undefined });
  }));
});
