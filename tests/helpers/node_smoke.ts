/**
 * Run by Node (`tests/protocol/transport/node_smoke_test.ts`): server and client of the quiche
 * engine talk to each other over the loopback interface. It takes the certificate, the key and the
 * certificate's hash as one line of JSON from stdin, and prints what happened, one line each. It
 * uses nothing of Deno's.
 */
import { Buffer } from "node:buffer";
import process from "node:process";
import { createInterface } from "node:readline";
import { engine } from "../../protocol/transport/quiche/engine.ts";
import type { Connection, Listener } from "../../protocol/transport/transport.ts";

interface Task {
  readonly certificate: string;
  readonly privateKey: string;
  /** Hex. */
  readonly hash: string;
}

const ALPN = ["sotto/1"];
const MEBIBYTE = 1024 * 1024;

async function echoAll(listener: Listener): Promise<void> {
  for (let next; (next = await listener.accept()) !== null;) void echo(next);
}

async function echo(connection: Connection): Promise<void> {
  for (let stream; (stream = await connection.accept()) !== null;) {
    for (let chunk; (chunk = await stream.read()) !== null;) await stream.write(chunk);
    await stream.end();
  }
}

/** How many bytes come back of those that are written on a stream of their own. */
async function thereAndBack(connection: Connection, bytes: Uint8Array): Promise<number> {
  const stream = await connection.openStream();
  const writing = stream.write(bytes).then(() => stream.end());
  let length = 0;
  for (let chunk; (chunk = await stream.read()) !== null;) {
    if (!Buffer.from(chunk).equals(bytes.subarray(length, length + chunk.length))) return NaN;
    length += chunk.length;
  }
  await writing;
  return length;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function run({ certificate, privateKey, hash }: Task): Promise<void> {
  const local = { hostname: "::", port: 0 };
  const listener = await engine.listen({ ...local, certificate, privateKey, alpn: ALPN });
  void echoAll(listener);
  const { port } = listener.address;
  for (const hostname of ["127.0.0.1", "::1"]) {
    const hashes = [Buffer.from(hash, "hex")];
    await using connection = await engine.dial({ hostname, port, alpn: ALPN, hashes });
    say(`connected to ${connection.remote.hostname}`);
    say(`${await thereAndBack(connection, Buffer.alloc(MEBIBYTE, "abcdefg"))} bytes and back`);
    await connection.rebind();
    say(`${await thereAndBack(connection, Buffer.from("moved"))} bytes from another port`);
  }
  await listener.close();
  const began = performance.now();
  const dialling = engine.dial({
    ...local,
    hostname: "127.0.0.1",
    port,
    alpn: ALPN,
    verify: () => true,
  });
  const code = await dialling.then(() => "connected", (error) => error.code);
  // The handshake's time limit is ten seconds; a closed port is told at once.
  say(`${code} ${performance.now() - began < 5_000 ? "at once" : "too late"}`);
}

createInterface({ input: process.stdin }).once("line", async (line) => {
  await run(JSON.parse(line) as Task);
  process.stdin.destroy();
});
