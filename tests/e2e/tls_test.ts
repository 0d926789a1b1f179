/** TLS over TCP: the same server where UDP is blocked. */
import assert from "node:assert/strict";
import { Sandbox } from "../helpers/sandbox.ts";

/** Occupies a UDP port and answers nothing, as a firewall does. */
function blockUdp(port: number): Disposable {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port });
  return { [Symbol.dispose]: () => socket.close() };
}

Deno.test("sotto client --transport tls reaches a user who is connected over QUIC", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server();
  const ann = await sandbox.signIn("ann", server);
  const bob = await sandbox.signIn("bob", server, "--transport", "tls");
  const { transport } = await bob.event({ event: "connected" });
  assert.equal(transport, "tls");
  assert.equal((await ann.event({ event: "connected" }))["transport"], "quic");

  ann.writeLine("over QUIC");
  await bob.event({ event: "message", text: "over QUIC" });
  bob.writeLine("@ann over TLS");
  await ann.event({ event: "message", conversation: "dm:ann:bob", text: "over TLS" });

  bob.end();
  assert.equal(await bob.exit(), 0);
  await ann.event({ event: "presence", user: "bob", status: "offline" });
  ann.writeLine("@bob for later");
  await ann.event({ event: "ack", conversation: "dm:ann:bob" });
  const again = await sandbox.signIn("bob", server, "--transport", "tls");
  await again.event({ event: "message", text: "for later" });
});

Deno.test("sotto client falls back to TLS where UDP is blocked", async () => {
  await using sandbox = await Sandbox.make();
  // QUIC listens on another port, and UDP is blocked on the port of TLS.
  const server = await sandbox.server({ args: ["--tls-port", "0"] });
  const tlsPort = await sandbox.tlsPort(server);
  using _blocked = blockUdp(tlsPort);
  const ann = await sandbox.signIn("ann", { ...server, port: tlsPort });
  assert.equal((await ann.event({ event: "connected" }))["transport"], "tls");
  assert.match(ann.stderr, /over TLS instead/);
  ann.writeLine("through");
  await ann.event({ event: "ack", conversation: "room:general" });
});

Deno.test("sotto client tries QUIC only once on first contact where UDP is blocked", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server({ args: ["--tls-port", "0"] });
  const tlsPort = await sandbox.tlsPort(server);
  using _blocked = blockUdp(tlsPort);
  const file = await sandbox.passwordFile("ann");
  const args = ["--json", "--accept-new", "--password-file", file, "--log-level", "debug"];
  const ann = sandbox.client("ann", tlsPort, ...args);
  assert.equal((await ann.event({ event: "connected" }))["transport"], "tls");
  // The client sees the key on one connection and checks it on the next. It tries QUIC only before
  // the first, and starts TLS while that attempt still waits.
  const stages = [...ann.stderr.matchAll(/ debug handshake stage="(\w+)"/g)];
  assert.deepEqual(stages.map(([, stage]) => stage), [
    "initial", // QUIC
    ...["initial", "failed", "failed"], // TLS, which ends both
    ...["initial", "established"],
  ]);
});

Deno.test("sotto client --transport quic does not fall back to TLS", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server({ args: ["--tls-port", "0"] });
  const tlsPort = await sandbox.tlsPort(server);
  using _blocked = blockUdp(tlsPort);
  const file = await sandbox.passwordFile("ann");
  const ann = sandbox.client(
    "ann",
    tlsPort,
    ...["--json", "--pin", server.pin, "--password-file", file, "--transport", "quic"],
  );
  assert.equal(await ann.exit(), 3);
});
