/** Which certificate and keys a server has, from one start to the next. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { dialServer } from "../../client/session/dial.ts";
import { KeyChangedError, pinned } from "../../client/session/trust.ts";
import { fingerprint } from "../../certs/fingerprint.ts";
import { engine as quiche } from "../../protocol/transport/quiche/engine.ts";
import { makeTestCertificate } from "../helpers/certificate.ts";
import { TestPeer } from "../helpers/peer.ts";
import { startTestServer, type TestServer } from "../helpers/server.ts";
import { codeOf } from "../helpers/socketless.ts";
import { tempFolder } from "../helpers/temp_folder.ts";

/** Connects as a client does that knows this pin. */
async function dial({ address }: TestServer, pin: string): Promise<void> {
  const { connection } = await dialServer({
    ...{ engine: quiche, host: address.hostname, port: address.port, trust: pinned(pin) },
    signal: new AbortController().signal,
  });
  await connection[Symbol.asyncDispose]();
}

Deno.test("startServer() shows the certificate that it is given, and clients pin it like any other", async () => {
  await using folder = await tempFolder();
  const [cert, key] = ["cert.pem", "key.pem"].map((name) => join(folder.path, name));
  assert.ok(cert !== undefined && key !== undefined);
  const pins: string[] = [];
  // The certificate, and the one that renews it.
  for (const _ of [1, 2]) {
    const { certificate, privateKey, der } = await makeTestCertificate();
    await Deno.writeTextFile(cert, certificate);
    await Deno.writeTextFile(key, privateKey, { mode: 0o600 });
    await using server = await startTestServer({ cert, key });
    assert.equal(server.pin, fingerprint(der));
    pins.push(server.pin);
    await dial(server, server.pin);
    const [old = ""] = pins;
    if (pins.length > 1) await assert.rejects(dial(server, old), KeyChangedError);
  }
  assert.notEqual(pins[0], pins[1]);
});

Deno.test("startServer() makes keys anew that were removed: tokens are void, the pin is new, passwords stay", async () => {
  await using folder = await tempFolder();
  const options = { data: folder.path };
  let token = "";
  let pin = "";
  {
    await using server = await startTestServer(options);
    await using ann = await TestPeer.connect(server);
    await ann.hello();
    ({ token } = await ann.login("ann"));
    ({ pin } = server);
  }
  for (const name of ["token-key.json", "cert.pem", "key.pem"]) await rm(join(folder.path, name));
  await using server = await startTestServer(options);
  assert.notEqual(server.pin, pin);
  await using ann = await TestPeer.connect(server);
  await ann.hello();
  await ann.write({ type: "resume", id: ann.nextId(), token });
  assert.equal(codeOf(await ann.next("error")), "bad_token");
  assert.equal((await ann.login("ann")).created, false);
});
