/** Opens UDP sockets of the runtime: Deno's or Node's. */
import process from "node:process";
import { wordsOf } from "../../system_error.ts";
import { type Address, TransportError } from "../transport.ts";
import type { DatagramSocket } from "./socket.ts";

const onDeno = process.versions["deno"] !== undefined;

export async function openSocket(address: Address): Promise<DatagramSocket> {
  const socket = onDeno ? await import("./socket_deno.ts") : await import("./socket_node.ts");
  try {
    return await socket.openSocket(address);
  } catch (cause) {
    const { hostname, port } = address;
    const taken = cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE";
    throw new TransportError(
      taken ? "address_in_use" : "unreachable",
      `Cannot use UDP port ${port} of ${hostname}: ${wordsOf(cause) ?? "check the address"}`,
      { cause },
    );
  }
}

/** Deno has no connected UDP sockets, and the system reports ICMP errors to no others. */
export async function whenRefused(address: Address, signal: AbortSignal): Promise<void> {
  if (onDeno) return await new Promise(() => {});
  const socket = await import("./socket_node.ts");
  await socket.whenRefused(address, signal);
}
