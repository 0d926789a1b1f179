/** The keys that quiche shows of its connections, as Wireshark reads them. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { inFolder } from "../../../helpers/temp_folder.ts";
import { connect } from "../contract/pair.ts";
import { QUICHE } from "./subject.ts";

/** draft-ietf-tls-keylogfile, with the labels of TLS 1.3. */
const LINE =
  /^(CLIENT|SERVER)_(HANDSHAKE_TRAFFIC_SECRET|TRAFFIC_SECRET_0) [0-9a-f]{64} [0-9a-f]{64,96}$|^EXPORTER_SECRET /;

Deno.test("onKeys gets the keys of each connection, the same at both ends, and leaves no file", async () => {
  const ofServer: string[] = [];
  const ofClient: string[] = [];
  await withTemporaryFiles(async (files) => {
    for (const count of [1, 2]) {
      await using _pair = await connect(QUICHE, {
        listen: { onKeys: (lines) => ofServer.push(lines) },
        dial: { onKeys: (lines) => ofClient.push(lines) },
      });
      assert.deepEqual([ofServer.length, ofClient.length], [count, count]);
      assert.deepEqual(await files(), []);
    }
  });
  const linesOf = (keys: string[]) => keys.join("").trimEnd().split("\n").toSorted();
  assert.deepEqual(linesOf(ofServer), linesOf(ofClient));
  for (const line of linesOf(ofServer)) assert.match(line, LINE);
  const randoms = new Set(linesOf(ofServer).map((line) => line.split(" ")[1]));
  assert.equal(randoms.size, 2);
});

/** Runs a test with a folder of its own for temporary files. */
async function withTemporaryFiles(test: (files: () => Promise<string[]>) => Promise<void>) {
  const usual = Deno.env.get("TMPDIR");
  await inFolder(async (folder) => {
    Deno.env.set("TMPDIR", folder);
    try {
      await test(() => readdir(folder));
    } finally {
      if (usual === undefined) Deno.env.delete("TMPDIR");
      else Deno.env.set("TMPDIR", usual);
    }
  });
}
