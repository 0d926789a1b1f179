import assert from "node:assert/strict";
import { hostname } from "node:os";
import { certificateNames } from "../../certs/names.ts";

Deno.test("certificateNames names this machine, loopback and the address listened on, each once", () => {
  const always = [hostname(), "localhost", "127.0.0.1", "::1"];
  assert.deepEqual(certificateNames(), always);
  assert.deepEqual(certificateNames("192.0.2.7"), [...always, "192.0.2.7"]);
  assert.deepEqual(certificateNames("127.0.0.1"), always);
  assert.deepEqual(certificateNames("::"), always);
  assert.deepEqual(certificateNames("0.0.0.0"), always);
});
