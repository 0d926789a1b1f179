import assert from "node:assert/strict";
import { makeLogger } from "../../server/log.ts";
import { openReceiveBuffer } from "../../server/receive_buffer.ts";
import { startTestServer } from "../helpers/server.ts";

const WANTED = 4 * 1024 * 1024;
const ignore = Deno.build.os !== "linux" || !await hasSs();
if (ignore) console.warn("Skipped: the tests of receive buffers need Linux and ss (iproute2).");

async function hasSs(): Promise<boolean> {
  try {
    return (await new Deno.Command("ss", { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}

/** Bytes of the receive buffer of a UDP port, as `ss` (iproute2) shows them. */
async function bufferOf(port: number): Promise<number> {
  const args = ["--udp", "--all", "--numeric", "--memory", `sport = :${port}`];
  const { stdout } = await new Deno.Command("ss", { args }).output();
  return Number(/\brb(\d+)/.exec(new TextDecoder().decode(stdout))?.[1]);
}

/** What the kernel allows a program to ask for. */
function limit(): number {
  return Number(Deno.readTextFileSync("/proc/sys/net/core/rmem_max"));
}

for (const engine of ["builtin", "quiche"] as const) {
  Deno.test(`A server on ${engine} gets the largest receive buffer that the kernel allows`, {
    ignore,
  }, async () => {
    await using server = await startTestServer({ engine });
    assert.equal(await bufferOf(server.address.port), 2 * Math.min(WANTED, limit()));
    const lines = server.log.filter((line) => line.includes("receive_buffer"));
    assert.equal(lines.length, limit() < WANTED ? 1 : 0);
  });
}

Deno.test("openReceiveBuffer finds none for a port without a socket", { ignore }, async () => {
  const lines: string[] = [];
  const log = makeLogger({ level: "debug", format: "text", write: (line) => lines.push(line) });
  assert.equal(await openReceiveBuffer(1, log), undefined);
  assert.deepEqual(lines, []);
});

Deno.test("A receive buffer says how much waits to be read", { ignore }, async () => {
  const log = makeLogger({ level: "error", format: "text", write: () => {} });
  const open = () => Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const [reader, writer] = [open(), open()];
  using sockets = new DisposableStack();
  for (const socket of [reader, writer]) sockets.defer(() => socket.close());
  using buffer = await openReceiveBuffer((reader.addr as Deno.NetAddr).port, log);
  assert.ok(buffer !== undefined);
  assert.equal(buffer.unread(), 0);
  for (let sent = 0; sent < 10; sent++) await writer.send(new Uint8Array(1_200), reader.addr);
  assert.ok(buffer.unread() >= 10 * 1_200);
  for (let read = 0; read < 10; read++) await reader.receive();
  assert.equal(buffer.unread(), 0);
});
