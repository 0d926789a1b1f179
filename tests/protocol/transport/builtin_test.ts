import assert from "node:assert/strict";
import { engine, makeEngine } from "../../../protocol/transport/builtin.ts";
import { testCertificate } from "../../helpers/certificate.ts";
import { transportContract } from "./contract.ts";

/** Milliseconds after which a server has repeated its answer, if it may. */
const TWO_PROBES = 1_500;
/** The largest one on Ethernet. quinn stops only once it has sent more than it may. */
const DATAGRAM = 1_500;
/** Of no certificate. */
const HASH = new Uint8Array(32);

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

Deno.test("Listener answers an unproven address with three times its bytes and a datagram at most (builtin)", async () => {
  const { certificate, privateKey } = await testCertificate();
  const local = { hostname: "127.0.0.1", port: 0 };
  await using listener = await engine.listen({ ...local, certificate, privateKey, alpn: ["test"] });
  const { port } = listener.address;
  // A client's first datagram, which somebody else sends: what it sends later is never seen.
  const nobody = Deno.listenDatagram({ transport: "udp", ...local });
  const gone = new AbortController();
  const target = { hostname: "127.0.0.1", port: (nobody.addr as Deno.NetAddr).port };
  const dialling = engine.dial({ ...target, alpn: ["test"], hashes: [HASH], signal: gone.signal });
  dialling.catch(() => {});
  const [initial] = await nobody.receive();
  gone.abort();
  nobody.close();
  const victim = Deno.listenDatagram({ transport: "udp", ...local });
  await victim.send(initial, { transport: "udp", hostname: "127.0.0.1", port });
  let bytes = 0;
  const counting = (async () => {
    for await (const [datagram] of victim) bytes += datagram.length;
  })();
  await new Promise((resolve) => setTimeout(resolve, TWO_PROBES));
  victim.close();
  await counting;
  assert.ok(bytes > initial.length, `${bytes} bytes came back`);
  assert.ok(
    bytes < 3 * initial.length + DATAGRAM,
    `${bytes} bytes came back for ${initial.length}`,
  );
});
