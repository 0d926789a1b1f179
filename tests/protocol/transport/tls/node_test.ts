/** The TLS engine on Node 24, with the same engine on Deno at the other end. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { engine } from "../../../../protocol/transport/tls/engine.ts";
import { testCertificate } from "../../../helpers/certificate.ts";
import { toHex } from "../../../helpers/hex.ts";
import { node24 } from "../../../helpers/node24.ts";
import { Program } from "../../../helpers/program.ts";
import { accepted, dial, echoAll, listen, roundTrip } from "../contract/pair.ts";
import { within } from "../../../helpers/within.ts";

const PEER = fileURLToPath(new URL("../../../helpers/node_tls_peer.ts", import.meta.url));

Deno.test("engine (tls) serves on Node 24", async () => {
  await using peer = await startPeer("server");
  await using connection = await dial(engine, Number(peer.said));
  for (const id of [0, 4]) {
    const stream = await within(connection.openStream(), "a stream");
    assert.equal(stream.id, id);
    await roundTrip(stream, "to Node and back");
    await stream.end();
    assert.equal(await stream.read(), null);
  }
});

Deno.test("engine (tls) dials on Node 24", async () => {
  await using listener = await listen(engine);
  const starting = startPeer("client", listener.address.port);
  void echoAll(await accepted(listener));
  await using peer = await starting;
  assert.equal(peer.said, "0 first, 4 second");
});

Deno.test("Engine.dial refuses a server that shows the pinned certificate without its key (tls)", async () => {
  await using peer = await startPeer("forger");
  let asked = false;
  const dialling = dial(engine, Number(peer.said), { verify: () => asked = true });
  await assert.rejects(dialling, { name: "TransportError", code: "refused" });
  assert.equal(asked, false);
});

/** A peer on Node that has said its first line. */
async function startPeer(role: string, port = 0): Promise<{ said: string } & AsyncDisposable> {
  const { certificate, privateKey, hash } = await testCertificate();
  const peer = new Program(await node24(), [PEER]);
  try {
    peer.writeLine(JSON.stringify({ role, certificate, privateKey, hash: toHex(hash), port }));
    return { said: await peer.line(/./), [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose]() };
  } catch (error) {
    await peer[Symbol.asyncDispose]();
    throw error;
  }
}
