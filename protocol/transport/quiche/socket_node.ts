/** A UDP socket on `node:dgram`, for Node. */
import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { Address } from "../transport.ts";
import type { DatagramSocket, Receive, UdpAddress } from "./socket.ts";

class NodeSocket implements DatagramSocket {
  readonly address: Address;
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  #open = true;

  constructor(socket: Socket) {
    const { address, port } = socket.address();
    this.address = { hostname: address, port };
    this.#socket = socket;
    this.#closed = new Promise((resolve) => socket.once("close", resolve));
  }

  send(datagram: Uint8Array, to: UdpAddress): Promise<unknown> {
    return new Promise<void>((resolve, reject) => {
      this.#socket.send(
        datagram,
        to.port,
        to.hostname,
        (error) => error ? reject(error) : resolve(),
      );
    });
  }

  receive(receive: Receive): Promise<void> {
    // Errors of single datagrams: to QUIC those are lost.
    this.#socket.on("error", () => {});
    this.#socket.on("message", (bytes, from) => receive(bytes, from.address, from.port));
    return this.#closed;
  }

  close(): Promise<void> {
    if (this.#open) {
      this.#open = false;
      this.#socket.close();
    }
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

export function openSocket({ hostname, port }: Address): Promise<DatagramSocket> {
  const socket = createSocket({ type: isIPv6(hostname) ? "udp6" : "udp4" });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ address: hostname, port }, () => {
      socket.off("error", reject);
      resolve(new NodeSocket(socket));
    });
  });
}

/**
 * Sends one byte, which no QUIC server takes for a packet, from a connected UDP socket: the system
 * reports ICMP errors to such a socket.
 */
export function whenRefused({ hostname, port }: Address, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) return promise;
  const socket = createSocket({ type: isIPv6(hostname) ? "udp6" : "udp4" });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "ECONNREFUSED") resolve();
  });
  socket.once("connect", () => socket.send(new Uint8Array(1)));
  socket.connect(port, hostname);
  signal.addEventListener("abort", () => socket.close(), { once: true });
  return promise;
}
