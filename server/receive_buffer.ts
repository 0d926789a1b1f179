/**
 * The kernel's buffer for datagrams that have arrived and wait to be read. Linux gives a UDP socket
 * 208 KiB, which ninety handshakes at once overflow. Neither Deno's QUIC nor its UDP sockets can ask
 * for more, so this finds the socket of a port and asks the C library (setsockopt(2), socket(7)).
 * It fails quietly elsewhere: a server works without it, and drops more under load.
 */
import { readdir, readFile, readlink } from "node:fs/promises";
import type { Logger } from "./log.ts";

/** Bytes: some 3,500 datagrams of 1,200 bytes. */
const WANTED = 4 * 1024 * 1024;
/** The C library of most Linux systems, and its constants for all processors that Deno runs on. */
const LIBRARY = "libc.so.6";
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;

const ADVICE = `sysctl -w net.core.rmem_max=${WANTED} lets it take more datagrams at once.`;

/** Makes the buffer of a UDP port as large as the kernel allows, and logs how to allow more. */
export async function growReceiveBuffer(port: number, log: Logger): Promise<void> {
  try {
    const bytes = await grow(port);
    if (bytes !== undefined && bytes < WANTED) {
      log.info("receive_buffer", { bytes, advice: ADVICE });
    }
  } catch (error) {
    log.debug("receive_buffer", { error: String(error) });
  }
}

/** Returns the bytes of the buffer; `undefined` where it cannot be done. */
async function grow(port: number): Promise<number | undefined> {
  if (typeof Deno === "undefined" || Deno.build.os !== "linux") return undefined;
  const descriptors = await descriptorsOf(port);
  using library = openLibrary();
  const { getsockopt, setsockopt } = library.symbols;
  const value = new Int32Array(1);
  const size = new Uint32Array([value.byteLength]);
  let bytes: number | undefined;
  for (const descriptor of descriptors) {
    value[0] = WANTED;
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, value, value.byteLength);
    if (getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, value, size) !== 0) continue;
    // The kernel counts its own overhead, too, and reports twice what was asked for.
    bytes = Math.min(bytes ?? Infinity, (value[0] ?? 0) / 2);
  }
  return bytes;
}

function openLibrary() {
  const library = Deno.dlopen(LIBRARY, {
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  });
  return { symbols: library.symbols, [Symbol.dispose]: () => library.close() };
}

/** This process's descriptors of UDP sockets that are bound to the port (proc(5)). */
async function descriptorsOf(port: number): Promise<number[]> {
  const inodes = new Set<string>();
  for (const table of ["/proc/net/udp", "/proc/net/udp6"]) {
    const rows = await readFile(table, "utf8").catch(() => "");
    for (const row of rows.split("\n").slice(1)) {
      const [, local, , , , , , , , inode] = row.trim().split(/\s+/);
      if (parseInt(local?.split(":").at(-1) ?? "", 16) === port) inodes.add(`socket:[${inode}]`);
    }
  }
  const descriptors: number[] = [];
  for (const name of await readdir("/proc/self/fd")) {
    const target = await readlink(`/proc/self/fd/${name}`).catch(() => "");
    if (inodes.has(target)) descriptors.push(Number(name));
  }
  return descriptors;
}
