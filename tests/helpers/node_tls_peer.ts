/**
 * The other side of `tests/protocol/transport/tls/node_test.ts`, run by Node: a server that echoes, a
 * client of one, or a server that shows a certificate whose key it does not have. It reads what it
 * needs as one line of JSON from stdin, prints one line when it is ready or done, and ends with its
 * stdin. It uses nothing of Deno's.
 */
import { Buffer } from "node:buffer";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";
import { createServer } from "node:tls";
import { engine } from "../../protocol/transport/tls/engine.ts";
import type { Connection } from "../../protocol/transport/transport.ts";

interface Task {
  readonly role: "server" | "client" | "forger";
  readonly certificate: string;
  readonly privateKey: string;
  /** Of the certificate, hex. */
  readonly hash: string;
  readonly port: number;
}

const ALPN = ["sotto/1"];

async function serve({ certificate, privateKey }: Task): Promise<string> {
  const local = { hostname: "127.0.0.1", port: 0 };
  const listener = await engine.listen({ ...local, certificate, privateKey, alpn: ALPN });
  const all = async () => {
    for (let next; (next = await listener.accept()) !== null;) void echo(next);
  };
  void all();
  return String(listener.address.port);
}

async function echo(connection: Connection): Promise<void> {
  for (let stream; (stream = await connection.accept()) !== null;) {
    for (let chunk; (chunk = await stream.read()) !== null;) await stream.write(chunk);
    await stream.end();
  }
}

async function talk({ hash, port }: Task): Promise<string> {
  const hashes = [Buffer.from(hash, "hex")];
  const target = { hostname: "127.0.0.1", port, alpn: ALPN, hashes };
  await using connection = await engine.dial(target);
  const said: string[] = [];
  for (const word of ["first", "second"]) {
    const stream = await connection.openStream();
    await stream.write(Buffer.from(word));
    await stream.end();
    for (let chunk; (chunk = await stream.read()) !== null;) {
      said.push(`${stream.id} ${Buffer.from(chunk)}`);
    }
  }
  return said.join(", ");
}

/** OpenSSL takes a private key's word for which public key belongs to it. */
async function forge({ certificate, privateKey }: Task): Promise<string> {
  const key = createPrivateKey(privateKey);
  const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const forged = key.export({ type: "pkcs8", format: "der" });
  forged.set(scalarOf(other), forged.indexOf(scalarOf(key)));
  const pem = `-----BEGIN PRIVATE KEY-----\n${
    forged.toString("base64")
  }\n-----END PRIVATE KEY-----\n`;
  const server = createServer({ cert: certificate, key: pem, ALPNProtocols: ALPN });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return String((server.address() as AddressInfo).port);
}

function scalarOf(key: ReturnType<typeof createPrivateKey>): Buffer {
  return Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url");
}

const lines = createInterface({ input: process.stdin });
lines.once("line", async (line) => {
  const task = JSON.parse(line) as Task;
  const run = { server: serve, client: talk, forger: forge }[task.role];
  process.stdout.write(`${await run(task)}\n`);
});
lines.once("close", () => process.exit());
