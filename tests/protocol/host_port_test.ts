import assert from "node:assert/strict";
import { formatHostPort } from "../../protocol/host_port.ts";

Deno.test("formatHostPort puts IPv6 addresses in brackets, and nothing else", () => {
  assert.equal(formatHostPort("::1", 4433), "[::1]:4433");
  assert.equal(formatHostPort("::1"), "[::1]");
  assert.equal(formatHostPort("192.0.2.1", 1), "192.0.2.1:1");
  assert.equal(formatHostPort("Chat.example"), "Chat.example");
});
