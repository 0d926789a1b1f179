/**
 * The UDP socket as the engine sees it, and the choice between the two runtimes' sockets. Nothing
 * here knows QUIC.
 */
import process from "node:process";
import { wordsOf } from "../../system_error.ts";
import { type Address, TransportError } from "../transport.ts";

/** An address in the shape that Deno's socket takes, so that sending allocates none. */
export interface UdpAddress extends Address {
  readonly transport: "udp";
}

/**
 * Called for each datagram. The bytes are the callee's to overwrite (quiche decrypts in place) and
 * are valid only until it returns.
 */
export type Receive = (datagram: Uint8Array, hostname: string, port: number) => void;

export interface DatagramSocket extends AsyncDisposable {
  /** Where it is bound; `port` is the real one. */
  readonly address: Address;
  /**
   * Hands one datagram to the kernel. The caller MUST NOT change the bytes until the promise has
   * settled: sends overtake each other, and each reads its bytes only when it runs.
   */
  send(datagram: Uint8Array, to: UdpAddress): Promise<unknown>;
  /** Receives until closed. Settles when the socket no longer receives, and never rejects. */
  receive(receive: Receive): Promise<void>;
  close(): Promise<void>;
}

/** Binds a socket; throws `TransportError` where it cannot. */
export type OpenSocket = (address: Address) => Promise<DatagramSocket>;

/**
 * Resolves when the system says that nobody listens at an address (ICMP); never where it cannot
 * tell. The signal ends the watch, which MUST then leave nothing behind.
 */
export type WhenRefused = (address: Address, signal: AbortSignal) => Promise<void>;

/** More than any peer sends: we announce a maximum of 1500 (`config.ts`). Longer ones are cut. */
export const RECEIVE_BUFFER = 2048;

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

/** Deno has no connected UDP sockets, and the system tells no others. */
export async function whenRefused(address: Address, signal: AbortSignal): Promise<void> {
  if (onDeno) return await new Promise(() => {});
  const socket = await import("./socket_node.ts");
  await socket.whenRefused(address, signal);
}

export function udpAddress(hostname: string, port: number): UdpAddress {
  return { transport: "udp", hostname, port };
}
