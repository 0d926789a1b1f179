import assert from "node:assert/strict";
import { makeLogger } from "../../server/log.ts";
import { growReceiveBuffer } from "../../server/receive_buffer.ts";
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

Deno.test("growReceiveBuffer does nothing for a port without a socket", { ignore }, async () => {
  const lines: string[] = [];
  const log = makeLogger({ level: "debug", format: "text", write: (line) => lines.push(line) });
  await growReceiveBuffer(1, log);
  assert.deepEqual(lines, []);
});
