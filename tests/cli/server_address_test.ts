import assert from "node:assert/strict";
import fc from "fast-check";
import {
  formatServerAddress,
  parseServerAddress,
  ServerAddressError,
} from "../../cli/server_address.ts";

const PIN = "SHA256:" + "A".repeat(43);

Deno.test("parseServerAddress reads a host, with and without user and port", () => {
  const address = { host: "chat.example", port: undefined, user: undefined, pin: undefined };
  assert.deepEqual(parseServerAddress("chat.example"), address);
  assert.deepEqual(parseServerAddress("chat.example:4434"), { ...address, port: 4434 });
  assert.deepEqual(parseServerAddress("ann@chat.example"), { ...address, user: "ann" });
  assert.deepEqual(parseServerAddress("192.0.2.1:9"), { ...address, host: "192.0.2.1", port: 9 });
});

Deno.test("parseServerAddress reads IPv6 addresses in brackets and hands them on without", () => {
  assert.equal(parseServerAddress("[::1]").host, "::1");
  assert.deepEqual(parseServerAddress("ann@[2001:db8::7]:5000"), {
    host: "2001:db8::7",
    port: 5000,
    user: "ann",
    pin: undefined,
  });
  assert.equal(parseServerAddress("[fe80::1%eth0]").host, "fe80::1%eth0");
});

Deno.test("parseServerAddress folds the user's name", () => {
  assert.equal(parseServerAddress("Ann@localhost").user, "ann");
});

Deno.test("parseServerAddress reads invite lines, and leaves what it does not know in them alone", () => {
  const address = { host: "chat.example", port: 4433, user: undefined, pin: PIN };
  const line = `sotto://chat.example:4433/?pin=${PIN}&code=9qhBzDr2oA1LmXwE&colour=red`;
  assert.deepEqual(parseServerAddress(line), { ...address, code: "9qhBzDr2oA1LmXwE" });
  assert.deepEqual(parseServerAddress(`sotto://chat.example?pin=${PIN}`), {
    ...address,
    port: undefined,
  });
  assert.equal(parseServerAddress("sotto://chat.example/").pin, undefined);
  assert.equal(parseServerAddress(`sotto://ann@[::1]:1/?pin=${PIN}`).user, "ann");
});

Deno.test("parseServerAddress says what to do about text that names no server", () => {
  const wrong: [text: string, reason: RegExp][] = [
    ["", /Give the server as/],
    ["::1", /in brackets/],
    ["[::1", /in brackets/],
    ["host:", /port is a number/],
    ["host:0", /port is a number/],
    ["host:65536", /port is a number/],
    ["host:4433x", /port is a number/],
    ["@host", /name of a user/],
    ["7up@host", /name of a user/],
    ["a b@host", /name of a user/],
    ["user@", /Give the server as/],
    ["ho st", /Give the server as/],
    ["-host", /Give the server as/],
    ["https://host", /Give the server as|port is a number|in brackets/],
    ["sotto://host/?pin=SHA256:short", /Copy the whole line/],
    ["sotto://host/?code=a%20b", /Copy the whole line/],
    ["sotto://host/?code=", /Copy the whole line/],
  ];
  for (const [text, reason] of wrong) {
    assert.throws(() => parseServerAddress(text), (error) => {
      assert.ok(error instanceof ServerAddressError, text);
      assert.match(error.message, reason, text);
      return true;
    });
  }
});

Deno.test("parseServerAddress throws nothing but ServerAddressError, and formatServerAddress writes what it reads", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.ipV6()), (text) => {
    let address;
    try {
      address = parseServerAddress(text);
    } catch (error) {
      assert.ok(error instanceof ServerAddressError);
      return;
    }
    assert.deepEqual(parseServerAddress(formatServerAddress(address)), {
      ...address,
      pin: undefined,
    });
  }));
});
