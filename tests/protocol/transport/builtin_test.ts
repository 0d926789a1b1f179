import assert from "node:assert/strict";
import { engine, makeEngine } from "../../../protocol/transport/builtin.ts";
import { testCertificate } from "../../helpers/certificate.ts";
import { transportContract } from "./contract.ts";

transportContract("builtin", makeEngine, makeEngine);

Deno.test("Connection ends when the peer sends a DATAGRAM frame, and no other does (builtin)", async () => {
  const { certificate, privateKey, hash } = await testCertificate();
  const local = { hostname: "127.0.0.1", port: 0 };
  await using listener = await engine.listen({ ...local, certificate, privateKey, alpn: ["test"] });
  const target = { ...listener.address, alpn: ["test"], hashes: [hash] };
  await using quiet = await engine.dial(target);
  assert.equal((await listener.accept())?.alpn, "test");

  const { hostname, port } = listener.address;
  const connect: Deno.ConnectQuicOptions<false> & { serverCertificateHashes: unknown } = {
    ...{ hostname, port, alpnProtocols: ["test"] },
    serverCertificateHashes: [{ algorithm: "sha-256", value: hash }],
  };
  const stranger = await Deno.connectQuic(connect);
  const served = await listener.accept();
  await stranger.sendDatagram(new Uint8Array());
  const close = await served?.closed;
  assert.equal(close?.by, "local");
  assert.match(close.reason, /DATAGRAM/);
  await stranger.closed;

  const stream = await quiet.openStream();
  await stream.write(Uint8Array.of(1));
});
