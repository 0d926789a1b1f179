/** The quiche engine on Node 24: the socket is the only file of it that differs. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { testCertificate } from "../../helpers/certificate.ts";
import { toHex } from "../../helpers/hex.ts";
import { node24 } from "../../helpers/node24.ts";
import { Program } from "../../helpers/program.ts";

const SCRIPT = fileURLToPath(new URL("../../helpers/node_smoke.ts", import.meta.url));

/** Where npm cannot be reached and Node 24 is not here, there is nothing to test. */
const node = await node24().catch((error: Error) => {
  console.warn(`Skipping the smoke test: npx cannot fetch Node 24 (${error.message})`);
});

Deno.test({
  name: "engine (quiche) serves and dials on Node 24",
  ignore: node === undefined,
  fn: () => smoke(node ?? ""),
});

async function smoke(node: string): Promise<void> {
  const { certificate, privateKey, hash } = await testCertificate();
  await using program = new Program(node, [SCRIPT]);
  program.writeLine(JSON.stringify({ certificate, privateKey, hash: toHex(hash) }));
  await program.line(/at once|too late/);
  const talk = ["1048576 bytes and back", "5 bytes from another port"];
  assert.deepEqual(program.lines, [
    "connected to 127.0.0.1",
    ...talk,
    "connected to ::1",
    ...talk,
    "unreachable at once",
  ]);
  // Nothing of the engine keeps a program alive that has nothing more to do.
  assert.equal(await program.exit(), 0, program.stderr);
}
