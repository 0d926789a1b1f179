import assert from "node:assert/strict";
import { clientPaths } from "../../client/paths.ts";

Deno.test("clientPaths follows the XDG folders", () => {
  const paths = clientPaths({ XDG_CONFIG_HOME: "/c", XDG_STATE_HOME: "/s" }, "/home/ann");
  assert.deepEqual(paths, { knownHosts: "/c/sotto/known_hosts", tokens: "/s/sotto/tokens" });
});

Deno.test("clientPaths falls back to the home folder, also from a relative path", () => {
  assert.deepEqual(clientPaths({ XDG_CONFIG_HOME: "c", XDG_STATE_HOME: "" }, "/home/ann"), {
    knownHosts: "/home/ann/.config/sotto/known_hosts",
    tokens: "/home/ann/.local/state/sotto/tokens",
  });
});
