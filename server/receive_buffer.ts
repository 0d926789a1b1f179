/**
 * The kernel's buffer for datagrams that have arrived and wait to be read. Linux gives a UDP socket
 * 208 KiB, which ninety handshakes at once overflow. Neither Deno's QUIC nor its UDP sockets can ask
 * for more, or say how much is in it, so this finds the socket of a port and asks the C library
 * (setsockopt(2), socket(7)). It fails quietly elsewhere: a server works without it, drops more under
 * load, and does not know when it is behind.
 */
import { readdir, readFile, readlink } from "node:fs/promises";
import type { Logger } from "./log.ts";

/** Bytes: some 3,500 datagrams of 1,200 bytes. */
const WANTED = 4 * 1024 * 1024;
/** The C library of most Linux systems, and its constants for all processors that Deno runs on. */
const LIBRARY = "libc.so.6";
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
/** A table of 32-bit numbers, of which the first are the bytes in the buffer (linux/sock_diag.h). */
const SO_MEMINFO = 55;
const MEMINFO_LENGTH = 9;

const ADVICE = `sysctl -w net.core.rmem_max=${WANTED} lets it take more datagrams at once.`;

/** Bytes that wait in the buffer, with what the kernel needs to keep them. */
interface ReceiveBuffer extends Disposable {
  unread(): number;
}

/**
 * Opens the buffer of a UDP port, makes it as large as the kernel allows, and logs how to allow more.
 * `undefined` where it cannot be done. Dispose of it when the socket is closed.
 */
export async function openReceiveBuffer(
  port: number,
  log: Logger,
): Promise<ReceiveBuffer | undefined> {
  try {
    if (typeof Deno === "undefined" || Deno.build.os !== "linux") return undefined;
    const descriptors = await descriptorsOf(port);
    if (descriptors.length === 0) return undefined;
    const buffer = new LinuxReceiveBuffer(descriptors);
    const bytes = buffer.grow();
    if (bytes < WANTED) log.info("receive_buffer", { bytes, advice: ADVICE });
    return buffer;
  } catch (error) {
    log.debug("receive_buffer", { error: String(error) });
    return undefined;
  }
}

class LinuxReceiveBuffer implements ReceiveBuffer {
  readonly #descriptors: readonly number[];
  readonly #library = openLibrary();
  readonly #memory = new Uint32Array(MEMINFO_LENGTH);
  readonly #size = new Uint32Array(1);
  #closed = false;

  constructor(descriptors: readonly number[]) {
    this.#descriptors = descriptors;
  }

  /** Returns the bytes that the kernel has given to each socket. */
  grow(): number {
    const { getsockopt, setsockopt } = this.#library.symbols;
    const value = new Int32Array(1);
    const size = new Uint32Array([value.byteLength]);
    let bytes = Infinity;
    for (const descriptor of this.#descriptors) {
      value[0] = WANTED;
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, value, value.byteLength);
      if (getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, value, size) !== 0) continue;
      // The kernel counts its own overhead, too, and reports twice what was asked for.
      bytes = Math.min(bytes, (value[0] ?? 0) / 2);
    }
    return bytes;
  }

  unread(): number {
    if (this.#closed) return 0;
    const { getsockopt } = this.#library.symbols;
    let bytes = 0;
    for (const descriptor of this.#descriptors) {
      this.#size[0] = this.#memory.byteLength;
      const failed = getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, this.#memory, this.#size);
      if (failed === 0) bytes += this.#memory[0] ?? 0;
    }
    return bytes;
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#library.close();
  }
}

function openLibrary() {
  return Deno.dlopen(LIBRARY, {
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  });
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
