/** Datagrams that the kernel has dropped because a socket's receive buffer was full (proc(5)). */
import { readFile } from "node:fs/promises";

/** Of all UDP sockets that are bound to a port, since they were opened. NaN where Linux is not. */
export async function droppedAt(port: number): Promise<number> {
  let dropped = NaN;
  for (const table of ["/proc/net/udp", "/proc/net/udp6"]) {
    const rows = await readFile(table, "utf8").catch(() => "");
    for (const row of rows.split("\n").slice(1)) {
      const columns = row.trim().split(/\s+/);
      const isOfPort = parseInt(columns[1]?.split(":").at(-1) ?? "", 16) === port;
      if (isOfPort) dropped = (dropped || 0) + Number(columns.at(-1));
    }
  }
  return dropped;
}
