/** A UDP socket, as the engine uses it. It does not know QUIC. */
import type { Address } from "../transport.ts";

/** An address as Deno's socket takes it, so that sending allocates nothing. */
export interface UdpAddress extends Address {
  readonly transport: "udp";
}

/**
 * Called for each datagram. It may overwrite the bytes, as quiche does when it decrypts. They are
 * valid until it returns.
 */
export type Receive = (datagram: Uint8Array, hostname: string, port: number) => void;

export interface DatagramSocket extends AsyncDisposable {
  /** Where it is bound; `port` is the real one. */
  readonly address: Address;
  /**
   * Hands one datagram to the kernel. The caller MUST NOT change the bytes until the promise has
   * settled: the bytes are read when the system call runs, and calls may change their order.
   */
  send(datagram: Uint8Array, to: UdpAddress): Promise<unknown>;
  /** Receives until closed. Settles when the socket no longer receives, and never rejects. */
  receive(receive: Receive): Promise<void>;
  close(): Promise<void>;
}

/** Binds a socket. Throws `TransportError`. */
export type OpenSocket = (address: Address) => Promise<DatagramSocket>;

/**
 * Resolves when the system reports that nothing listens at an address (ICMP). It may never resolve.
 * When the signal fires, it MUST release everything.
 */
export type WhenRefused = (address: Address, signal: AbortSignal) => Promise<void>;

/** Longer datagrams are truncated. Peers send at most 1500 bytes (`config.ts`). */
export const RECEIVE_BUFFER = 2048;

export function udpAddress(hostname: string, port: number): UdpAddress {
  return { transport: "udp", hostname, port };
}
