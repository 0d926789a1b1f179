/** The UDP socket as the engine sees it. Nothing here knows QUIC. */
import type { Address } from "../transport.ts";

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

export function udpAddress(hostname: string, port: number): UdpAddress {
  return { transport: "udp", hostname, port };
}
