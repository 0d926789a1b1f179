import assert from "node:assert/strict";
import { clientPaths } from "../../../client/platform/paths.ts";

Deno.test("clientPaths follows the XDG folders", () => {
  const folders = { XDG_CONFIG_HOME: "/c", XDG_STATE_HOME: "/s", XDG_DOWNLOAD_DIR: "/d" };
  assert.deepEqual(clientPaths(folders, "/home/ann"), {
    knownHosts: "/c/sotto/known_hosts",
    tokens: "/s/sotto/tokens",
    uploads: "/s/sotto/uploads",
    downloads: "/d",
    home: "/home/ann",
  });
});

Deno.test("clientPaths falls back to the home folder, also from a relative path", () => {
  const folders = { XDG_CONFIG_HOME: "c", XDG_STATE_HOME: "", XDG_DOWNLOAD_DIR: "d" };
  assert.deepEqual(clientPaths(folders, "/home/ann"), {
    knownHosts: "/home/ann/.config/sotto/known_hosts",
    tokens: "/home/ann/.local/state/sotto/tokens",
    uploads: "/home/ann/.local/state/sotto/uploads",
    downloads: "/home/ann/Downloads",
    home: "/home/ann",
  });
});
