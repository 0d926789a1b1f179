/** The second way through: the same server over TLS, where UDP does not get through. */
import assert from "node:assert/strict";
import { Sandbox } from "../helpers/sandbox.ts";

/** A UDP port of this number that swallows what comes, as a firewall does. */
function blockUdp(port: number): Disposable {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port });
  return { [Symbol.dispose]: () => socket.close() };
}

Deno.test("sotto client --transport tls talks with somebody who came over QUIC", async () => {
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

Deno.test("sotto client finds its way over TLS by itself where UDP is blocked", async () => {
  await using sandbox = await Sandbox.make();
  // QUIC listens on another number, and on TLS' own there is a firewall.
  const server = await sandbox.server({ args: ["--tls-port", "0"] });
  const tlsPort = await sandbox.tlsPort(server);
  using _blocked = blockUdp(tlsPort);
  const ann = await sandbox.signIn("ann", { ...server, port: tlsPort });
  assert.equal((await ann.event({ event: "connected" }))["transport"], "tls");
  assert.match(ann.stderr, /over TLS instead/);
  ann.writeLine("through");
  await ann.event({ event: "ack", conversation: "room:general" });
});

Deno.test("sotto client meets a server over TLS where UDP is blocked, and loses no time twice", async () => {
  await using sandbox = await Sandbox.make();
  const server = await sandbox.server({ args: ["--tls-port", "0"] });
  const tlsPort = await sandbox.tlsPort(server);
  using _blocked = blockUdp(tlsPort);
  const file = await sandbox.passwordFile("ann");
  const args = ["--json", "--accept-new", "--password-file", file, "--log-level", "debug"];
  const ann = sandbox.client("ann", tlsPort, ...args);
  assert.equal((await ann.event({ event: "connected" }))["transport"], "tls");
  // The key is seen on one connection and checked on the next; QUIC is tried before the first alone.
  const stages = [...ann.stderr.matchAll(/^(\S+) debug handshake stage="(\w+)"/gm)];
  assert.deepEqual(stages.map(([, , stage]) => stage), [
    "initial", // QUIC
    ...["initial", "failed", "failed"], // TLS, which ends both
    ...["initial", "established"],
  ]);
  const [quic = 0, tls = 0] = stages.map(([, at = ""]) => Date.parse(at));
  assert.ok(tls - quic < 2_000, `TLS was tried after ${tls - quic} ms`);
});

Deno.test("sotto client --transport quic does not go over TLS", async () => {
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
